// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto

/// What a connection keeps when its handshake is complete.
struct Connected: ~Copyable {
    let negotiated: NegotiatedParameters
    let peer: PeerCertificates
    var secrets: ConnectionSecrets
    /// Nil for servers and for clients that keep no sessions.
    private let tickets: TicketReceiver?
    /// What a TLS 1.2 server keeps of the session under its ID.
    private let stored: StoredSession?

    init(
        negotiated: NegotiatedParameters,
        peer: PeerCertificates = .none,
        tickets: consuming TicketReceiver? = nil,
        stored: StoredSession? = nil,
        secrets: consuming ConnectionSecrets
    ) {
        self.negotiated = negotiated
        self.peer = peer
        self.secrets = secrets
        self.tickets = tickets
        self.stored = stored
    }

    /// RFC 5246 §7.2.2: when a connection fails, its session ends with it.
    func forgetSession() { stored?.forget() }

    /// Whether the connection is one of a client.
    private var isClient: Bool { secrets.isClient }

    /// Takes a handshake message after the handshake (RFC 8446 §4.6; in TLS 1.2 only renegotiation, which is refused).
    mutating func receive(
        _ type: HandshakeType,
        _ message: [UInt8],
        _ channel: inout Channel
    ) throws(TLSError) {
        guard negotiated.version == .tls13 else {
            if type == .clientHello || type == .helloRequest { throw .peerMisbehaved(.renegotiation) }
            throw .unexpected(type, expected: "application data")
        }
        switch type {
        case .keyUpdate:
            try receiveKeyUpdate(message, &channel)
        case .newSessionTicket where isClient:
            try receiveSessionTicket(message, &channel)
        default:
            throw .unexpected(type, expected: "application data")
        }
    }

    /// RFC 8446 §4.6.3: the peer's next record is under its next key; a request is answered in kind.
    private mutating func receiveKeyUpdate(_ message: [UInt8], _ channel: inout Channel) throws(TLSError) {
        let update: KeyUpdate
        do throws(DecodeError) {
            update = try KeyUpdate(message.span.extracting(droppingFirst: HandshakeMessage.headerLength))
        } catch {
            throw TLSError(error, in: .keyUpdate)
        }
        try channel.countKeyUpdate()
        let opener = try secrets.nextOpener()
        try channel.install(opener: opener)
        // The answer goes out before the next data: requests that arrive while this side is silent get one answer
        // together, and cannot fill the output of a session that only reads.
        if update.isUpdateRequested { channel.owesKeyUpdate = true }
    }

    /// Sends a KeyUpdate and changes to the next sending key.
    mutating func sendKeyUpdate(_ update: KeyUpdate, _ channel: inout Channel) throws(TLSError) {
        guard negotiated.version == .tls13 else { throw .misuse(.needsTLS13) }
        do throws(EncodeError) {
            try update.write(into: &channel.flight)
        } catch {
            throw .internalFailure("a KeyUpdate could not be written")
        }
        if update.isUpdateRequested { channel.expectKeyUpdate() }
        let sealer = try secrets.nextSealer()
        try channel.install(sealer: sealer)
        if !update.isUpdateRequested { channel.owesKeyUpdate = false }
    }

    /// Keeps a ticket for later, or checks and forgets it: a client is free to (RFC 8446 §4.6.1).
    private func receiveSessionTicket(_ message: [UInt8], _ channel: inout Channel) throws(TLSError) {
        let ticket: NewSessionTicket
        do throws(DecodeError) {
            ticket = try NewSessionTicket(message.span.extracting(droppingFirst: HandshakeMessage.headerLength))
        } catch {
            throw TLSError(error, in: .newSessionTicket)
        }
        try ticket.extensions.checkPlacement(in: .newSessionTicket)
        try channel.countSessionTicket()
        switch tickets {
        case .some(let tickets): try tickets.keep(ticket)
        case .none: return
        }
    }
}

/// The certificates of an authenticated peer.
struct PeerCertificates {
    /// The chain as it was sent, the peer's own certificate first. Empty for a client without certificate.
    let sent: [Certificate]
    /// The path that was verified, from the peer's certificate to the trust anchor.
    let verifiedPath: [Certificate]
    /// What was sent together with the peer's certificate.
    var staple = CertificateStaple()

    static let none = PeerCertificates(sent: [], verifiedPath: [])
}
