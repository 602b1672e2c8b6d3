// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// Puts handshake messages together from the records they are cut into (RFC 9846 §5.1).
///
/// Holds at most one incomplete message plus one record, so that a peer cannot make it grow without bound.
struct HandshakeJoiner: ~Copyable {
    private var bytes: [UInt8] = []
    private var start = 0

    /// Whether all bytes received so far have been taken out as complete messages.
    var isEmpty: Bool { start == bytes.count }

    /// How many bytes wait: those of messages that are not whole, or not taken out yet.
    var count: Int { bytes.count - start }

    /// Checks, where keys change, our turn comes or the handshake ends, that the peer has not gone on: it could not know
    /// how (RFC 9846 §5.1).
    func expectEmpty() throws(TLSError) {
        guard isEmpty else { throw .peerMisbehaved(.dataAcrossKeyChange) }
    }

    /// Adds the content of a handshake record.
    mutating func append(_ fragment: Span<UInt8>) {
        if start > 0 {
            bytes.removeFirst(start)
            start = 0
        }
        makeRoom(for: fragment.count)
        TLSCrypto.append(fragment, to: &bytes)
    }

    /// Grows by what has arrived, not by what is announced, and never beyond the message: a peer that announces much and
    /// sends little holds little, and one that sends much holds less than twice that while it is moved.
    private mutating func makeRoom(for count: Int) {
        let needed = bytes.count + count
        guard needed > bytes.capacity else { return }
        guard bytes.count >= 4 else { return bytes.reserveCapacity(needed) }
        let announced = 4 + Int(bytes[1]) << 16 + Int(bytes[2]) << 8 + Int(bytes[3])
        let grown = 4 * needed
        bytes.reserveCapacity(max(needed, grown >= announced / 2 ? announced : grown))
    }

    /// Takes out the next complete message with its 4-byte header, or nil when it has not all arrived.
    ///
    /// - Throws: `TLSError` when the header announces a message longer than ``TLSLimits`` allows.
    mutating func next() throws(TLSError) -> [UInt8]? {
        let available = bytes.count - start
        guard available >= 4 else { return nil }
        let type = HandshakeType(rawValue: bytes[start])
        let length = 4 + Int(bytes[start + 1]) << 16 + Int(bytes[start + 2]) << 8 + Int(bytes[start + 3])
        let limit =
            switch type {
            case .clientHello: TLSLimits.clientHelloLength
            case .certificate, .compressedCertificate: TLSLimits.certificateMessageLength
            default: TLSLimits.handshakeMessageLength
            }
        guard length <= limit else {
            throw .malformed(
                MalformedInput(what: type.description, why: "it is longer than \(limit) bytes", alert: .decodeError)
            )
        }
        guard available >= length else { return nil }
        if start == 0 && available == length {
            let message = bytes
            bytes = []
            return message
        }
        if start == 0 && available - length < length {
            // The shorter part is copied, and the longer one not held twice.
            var message = Array(bytes[length...])
            swap(&message, &bytes)
            message.removeLast(available - length)
            return message
        }
        let message = Array(bytes[start..<start + length])
        start += length
        if isEmpty {
            // Nothing waits between messages: an idle connection keeps no input buffer.
            bytes = []
            start = 0
        }
        return message
    }
}
