// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// The comparison that ends every handshake (RFC 9846 §4.5.3, RFC 5246 §7.4.9).
enum FinishedCheck {
    /// Compares a Finished message with what it must be, in constant time.
    static func verify(_ message: [UInt8], expected: Digest) throws(TLSError) {
        try verify(message, expected: expected.bytes)
    }

    static func verify(_ message: [UInt8], expected: Span<UInt8>) throws(TLSError) {
        do throws(DecodeError) {
            let finished = try Finished(
                message.span.extracting(droppingFirst: HandshakeMessage.headerLength),
                length: expected.count
            )
            if constantTimeEquals(finished.verifyData, expected) { return }
        } catch {
            throw TLSError(error, in: .finished)
        }
        throw .peerMisbehaved(.badFinished)
    }
}
