// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// What a connection has in place of records where QUIC carries it: messages by level, secrets that are handed out, and both
/// sides' transport parameters (RFC 9001 §4.1.3, §4.1.4, §8.2).
struct CryptoStreams: ~Copyable {
    /// What this side says in its ClientHello or EncryptedExtensions.
    var localParameters: [UInt8]
    /// What the peer says there; nil until it has.
    var peerParameters: [UInt8]?
    /// The level that messages are written in.
    private(set) var sendingLevel = QUICLevel.initial
    /// The level that messages are read from.
    private(set) var receivingLevel = QUICLevel.initial
    private var initial = OutputQueue()
    private var handshake = OutputQueue()
    private var application = OutputQueue()
    /// Secrets that the driver has not taken, the oldest first. There are four in a connection.
    private var secrets: [QUICSecret] = []

    init(localParameters: [UInt8]) { self.localParameters = localParameters }

    // MARK: Messages

    /// Adds whole messages to what waits in the current level.
    mutating func write(_ messages: Span<UInt8>) {
        switch sendingLevel {
        case .initial: Self.append(messages, to: &initial)
        case .handshake: Self.append(messages, to: &handshake)
        case .application: Self.append(messages, to: &application)
        }
    }

    private static func append(_ messages: Span<UInt8>, to queue: inout OutputQueue) {
        queue.append(room: messages.count) { span, offset in
            copy(messages, into: &span, at: offset)
            return messages.count
        }
    }

    func count(at level: QUICLevel) -> Int {
        switch level {
        case .initial: initial.count
        case .handshake: handshake.count
        case .application: application.count
        }
    }

    @_lifetime(borrow self)
    func pending(at level: QUICLevel) -> Span<UInt8> {
        switch level {
        case .initial: initial.pending
        case .handshake: handshake.pending
        case .application: application.pending
        }
    }

    mutating func discard(_ count: Int, at level: QUICLevel) {
        switch level {
        case .initial: initial.discard(count)
        case .handshake: handshake.discard(count)
        case .application: application.discard(count)
        }
    }

    // MARK: Secrets

    /// Goes to the next level in one direction, whose secret it is.
    mutating func hand(out secret: borrowing TrafficSecret, for direction: QUICSecret.Direction) {
        let level: QUICLevel
        switch direction {
        case .sending:
            level = Self.level(after: sendingLevel)
            sendingLevel = level
        case .receiving:
            level = Self.level(after: receivingLevel)
            receivingLevel = level
        }
        secrets.append(secret.handOut(at: level, for: direction))
    }

    private static func level(after level: QUICLevel) -> QUICLevel { level == .initial ? .handshake : .application }

    mutating func takeSecret() -> QUICSecret? { secrets.isEmpty ? nil : secrets.removeFirst() }

    /// Lets go of what nobody has taken: the connection has failed, and CONNECTION_CLOSE is all that follows.
    mutating func close() {
        secrets = []
        initial = OutputQueue()
        handshake = OutputQueue()
        application = OutputQueue()
    }
}

extension Channel {
    /// What this side says of itself to a QUIC peer; nil where there are records.
    var localTransportParameters: [UInt8]? {
        switch streams {
        case .some(let streams): streams.localParameters
        case .none: nil
        }
    }

    /// Takes what the hellos of a QUIC connection have to settle: an application protocol (RFC 9001 §8.1) and the peer's
    /// transport parameters (§8.2).
    mutating func settleQUIC(_ parameters: Span<UInt8>?, applicationProtocol: String?) throws(TLSError) {
        guard applicationProtocol != nil else { throw .nothingInCommon(.applicationProtocol) }
        guard let parameters else { throw .peerMisbehaved(.missingExtension(.quicTransportParameters)) }
        let bytes: [UInt8] = copyBytes(parameters)
        streams?.peerParameters = bytes
    }
}

extension ReceivedClientHello {
    /// What QUIC wants of a ClientHello: transport parameters (RFC 9001 §8.2), which have no place elsewhere, and none of what
    /// pleases middleboxes (§8.4).
    func checkTransport(_ channel: inout Channel) throws(TLSError) {
        guard channel.isQUIC else {
            guard hello.quicTransportParameters == nil else {
                throw .peerMisbehaved(.transportParametersWithoutQUIC)
            }
            return
        }
        guard hello.legacySessionID.isEmpty else { throw .peerMisbehaved(.quic(.sessionID)) }
        guard let parameters = hello.quicTransportParameters else {
            throw .peerMisbehaved(.missingExtension(.quicTransportParameters))
        }
        let bytes: [UInt8] = copyBytes(parameters)
        channel.streams?.peerParameters = bytes
    }
}
