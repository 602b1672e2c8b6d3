// SPDX-License-Identifier: Apache-2.0

/// A message of the handshake, an alert or a change of ciphers that has passed: what it was, and nothing of what was in it but
/// that. It has no secrets.
public struct ObservedMessage: Hashable, Sendable {
    /// Which way a message went.
    public enum Direction: Hashable, Sendable {
        /// It was written into a session's output.
        case sent
        /// It has arrived, whole.
        case received
    }

    /// What a message was.
    public enum Kind: Hashable, Sendable {
        /// A message of the handshake, or one that follows it: tickets, key updates (RFC 9846 §4).
        case handshake(HandshakeType)
        /// A ServerHello that asks for another ClientHello (RFC 9846 §4.2.4).
        case helloRetryRequest
        /// RFC 9846 §6. A closure alert is `closeNotify`.
        case alert(AlertDescription)
        /// RFC 5246 §7.1; in TLS 1.3 without a meaning (RFC 9846 §5).
        case changeCipherSpec
    }

    /// Which way it went.
    public let direction: Direction
    /// What it was.
    public let kind: Kind
    /// Its length in bytes, that of a handshake message with its header of four. Records may hold several messages, and messages
    /// take several records.
    public let length: Int
    /// Whether it was encrypted.
    public let isProtected: Bool
}

extension ObservedMessage.Kind: CustomStringConvertible {
    /// The IANA name, for example "client_hello"; an alert has "alert" before it.
    public var description: String {
        switch self {
        case .handshake(let type): type.name
        case .helloRetryRequest: "hello_retry_request"
        case .alert(let alert): "alert \(alert)"
        case .changeCipherSpec: "change_cipher_spec"
        }
    }
}

extension Channel {
    /// Tells the observer of messages that are about to be written, whole ones.
    func observeSent(_ bytes: Span<UInt8>, _ type: ContentType) {
        observe(bytes, type, .sent, isProtected: isSendingProtected && type != .changeCipherSpec)
    }

    /// Tells the observer of a message that has arrived.
    func observeReceived(_ bytes: Span<UInt8>, _ type: ContentType) {
        observe(bytes, type, .received, isProtected: isReceivingProtected && type != .changeCipherSpec)
    }

    private var isSendingProtected: Bool {
        switch streams {
        case .some(let streams): streams.sendingLevel != .initial
        case .none: sending.isProtected
        }
    }

    private var isReceivingProtected: Bool {
        switch streams {
        case .some(let streams): streams.receivingLevel != .initial
        case .none: receiving.form != .none
        }
    }

    private func observe(
        _ bytes: Span<UInt8>,
        _ type: ContentType,
        _ direction: ObservedMessage.Direction,
        isProtected: Bool
    ) {
        var rest = bytes
        while rest.count > 0, let (kind, length) = Self.first(of: rest, type) {
            observer?(ObservedMessage(direction: direction, kind: kind, length: length, isProtected: isProtected))
            rest = rest.extracting(droppingFirst: length)
        }
    }

    /// What stands first, and how long it is.
    private static func first(of bytes: Span<UInt8>, _ type: ContentType) -> (ObservedMessage.Kind, Int)? {
        switch type {
        case .handshake where bytes.count >= HandshakeMessage.headerLength:
            let length = HandshakeMessage.headerLength + Int(bytes[1]) << 16 + Int(bytes[2]) << 8 + Int(bytes[3])
            guard length <= bytes.count else { return nil }
            let kind = HandshakeType(rawValue: bytes[0])
            if kind == .serverHello, ServerHello.isHelloRetryRequest(bytes) { return (.helloRetryRequest, length) }
            return (.handshake(kind), length)
        case .alert where bytes.count == 2: return (.alert(AlertDescription(rawValue: bytes[1])), 2)
        case .changeCipherSpec: return (.changeCipherSpec, bytes.count)
        default: return nil
        }
    }
}
