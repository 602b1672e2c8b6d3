// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto

/// What a connection keeps when its handshake is complete.
struct Connected: ~Copyable {
    private(set) var negotiated: NegotiatedParameters
    private(set) var peer: PeerCertificates
    var secrets: ConnectionSecrets
    /// Nil for servers and for clients that keep no sessions.
    private let tickets: TicketReceiver?
    /// What a TLS 1.2 server keeps of the session under its ID.
    private let stored: StoredSession?
    private var authentication: PostHandshakeAuthentication
    /// Whether the peer's request for a KeyUpdate is to be answered before the next data (RFC 9846 §4.7.3).
    private(set) var owesKeyUpdate = false
    /// Whether the peer was asked for a KeyUpdate that has not come: it is not asked again before (RFC 9846 §4.7.3).
    private var awaitsKeyUpdate = false

    init(
        negotiated: NegotiatedParameters,
        peer: PeerCertificates = .none,
        tickets: consuming TicketReceiver? = nil,
        stored: StoredSession? = nil,
        authentication: consuming PostHandshakeAuthentication = .none,
        secrets: consuming ConnectionSecrets
    ) {
        self.negotiated = negotiated
        self.peer = peer
        self.secrets = secrets
        self.tickets = tickets
        self.stored = stored
        self.authentication = authentication
    }

    /// RFC 5246 §7.2.2: when a connection fails, its session ends with it.
    func forgetSession() { stored?.forget() }

    /// Whether the connection is one of a client.
    private var isClient: Bool { secrets.isClient }

    /// Takes a handshake message after the handshake (RFC 9846 §4.7; in TLS 1.2 only renegotiation, which is refused).
    mutating func receive(
        _ type: HandshakeType,
        _ message: [UInt8],
        _ channel: inout Channel
    ) throws(TLSError) {
        guard negotiated.version == .tls13 else {
            guard type == (isClient ? .helloRequest : .clientHello) else {
                throw .unexpected(type, expected: "application data")
            }
            // RFC 5246 §7.2.2: no_renegotiation is always a warning, and the connection goes on as it was.
            if isClient { try HelloRequest.check(message) }
            try channel.limits.countRenegotiationRequest()
            return try channel.writeWarning(.noRenegotiation)
        }
        switch type {
        case .keyUpdate where channel.isQUIC:
            // RFC 9001 §6: QUIC changes its keys itself.
            throw .unexpected(type, expected: isClient ? "NewSessionTicket" : "no message")
        case .certificateRequest where channel.isQUIC && isClient:
            throw .peerMisbehaved(.quic(.postHandshakeAuthentication))
        case .keyUpdate where !isWithinAuthentication:
            try receiveKeyUpdate(message, &channel)
        case .newSessionTicket where isClient:
            try receiveSessionTicket(message, &channel)
        default:
            try receiveAuthentication(type, message, &channel.flight)
        }
    }

    /// RFC 9846 §4.7.3: the peer's next record is under its next key; a request is answered in kind.
    private mutating func receiveKeyUpdate(_ message: [UInt8], _ channel: inout Channel) throws(TLSError) {
        let update: KeyUpdate
        do throws(DecodeError) {
            update = try KeyUpdate(message.span.extracting(droppingFirst: HandshakeMessage.headerLength))
        } catch {
            throw TLSError(error, in: .keyUpdate)
        }
        try channel.limits.countKeyUpdate()
        awaitsKeyUpdate = false
        let opener = try secrets.nextOpener()
        try channel.install(opener: opener)
        // The answer goes out before the next data: requests that arrive while this side is silent get one answer
        // together, and cannot fill the output of a session that only reads.
        // RFC 9846 §4.7.3: a request that would take us beyond the last key is ignored.
        if update.isUpdateRequested && channel.sending.mayUpdateKey { owesKeyUpdate = true }
    }

    /// Sends a KeyUpdate and changes to the next sending key.
    ///
    /// A second request before the peer has answered the first is none: RFC 9846 §4.7.3 forbids it.
    mutating func sendKeyUpdate(_ wanted: KeyUpdate, _ channel: inout Channel) throws(TLSError) {
        guard negotiated.version == .tls13 else { throw .misuse(.needsTLS13) }
        let update = KeyUpdate(isUpdateRequested: wanted.isUpdateRequested && !awaitsKeyUpdate)
        do throws(EncodeError) {
            try update.write(into: &channel.flight)
        } catch {
            throw .internalFailure("a KeyUpdate could not be written")
        }
        if update.isUpdateRequested {
            channel.limits.expectKeyUpdate()
            awaitsKeyUpdate = true
        }
        let sealer = try secrets.nextSealer()
        try channel.install(sealer: sealer)
        channel.sending.countKeyUpdate()
        // The last one has answered, whatever it asked for.
        if !channel.sending.mayUpdateKey { owesKeyUpdate = false }
        if !update.isUpdateRequested { owesKeyUpdate = false }
    }

    /// Keeps a ticket for later, or checks and forgets it: a client is free to (RFC 9846 §4.7.1).
    private func receiveSessionTicket(_ message: [UInt8], _ channel: inout Channel) throws(TLSError) {
        let ticket: NewSessionTicket
        do throws(DecodeError) {
            ticket = try NewSessionTicket(message.span.extracting(droppingFirst: HandshakeMessage.headerLength))
        } catch {
            throw TLSError(error, in: .newSessionTicket)
        }
        try ticket.extensions.checkPlacement(in: .newSessionTicket)
        if channel.isQUIC {
            // RFC 9001 §4.6.1: no other number means that 0-RTT data may be sent.
            if let size = ticket.maximumEarlyDataSize, size != .max {
                throw .peerMisbehaved(.quic(.earlyDataSize(size)))
            }
            guard channel.limits.takesSessionTicket() else { return }
        } else {
            try channel.limits.countSessionTicket()
        }
        switch tickets {
        case .some(let tickets): try tickets.keep(ticket)
        case .none: return
        }
    }
}

// MARK: Post-handshake authentication (RFC 9846 §4.7.2)

/// One side's part in post-handshake authentication.
enum PostHandshakeAuthentication: ~Copyable {
    /// The client did not offer it.
    case none
    case client(ClientPostHandshake)
    case server(ServerPostHandshake)
}

extension Connected {
    private mutating func takeAuthentication() -> PostHandshakeAuthentication {
        var taken = PostHandshakeAuthentication.none
        swap(&taken, &authentication)
        return taken
    }

    private mutating func receiveAuthentication(
        _ type: HandshakeType,
        _ message: [UInt8],
        _ flight: inout ByteWriter
    ) throws(TLSError) {
        switch takeAuthentication() {
        case .client(var client):
            guard type == .certificateRequest else { throw .unexpected(type, expected: "application data") }
            try client.receive(message, secrets, &flight)
            authentication = .client(client)
        case .server(var server):
            if let authenticated = try server.receive(type, message, secrets) {
                peer = authenticated.certificates
                negotiated.clientSignatureScheme = authenticated.scheme
            }
            authentication = .server(server)
        case .none:
            throw .unexpected(type, expected: "application data")
        }
    }

    /// In which state a client is.
    var clientName: ClientHandshake.Name {
        switch authentication {
        case .client(let client): client.name
        case .server: .connected
        case .none: .connected
        }
    }

    /// In which state a server is.
    var serverName: ServerHandshake.Name {
        switch authentication {
        case .server(let server): server.name
        case .client: .connected
        case .none: .connected
        }
    }

    /// What a client's driver is asked for.
    var clientRequest: ClientRequest? {
        switch authentication {
        case .client(let client): client.request
        default: nil
        }
    }

    /// What a server's driver is asked for.
    var serverRequest: ServerRequest? {
        switch authentication {
        case .server(let server): server.request
        default: nil
        }
    }

    /// Whether a server has asked for a certificate and has no answer yet.
    var isAuthenticating: Bool {
        switch authentication {
        case .server(let server): server.isPending
        default: false
        }
    }

    /// Whether a client is in the middle of its answer.
    var isWithinAuthentication: Bool {
        switch authentication {
        case .server(let server): server.isWithinAnswer
        default: false
        }
    }

    /// Whether a server may ask.
    var mayAuthenticate: Bool {
        switch authentication {
        case .server: true
        default: false
        }
    }

    /// Asks for the client's certificate.
    mutating func ask(_ authenticator: ClientAuthenticator, _ flight: inout ByteWriter) throws(TLSError) {
        guard case .server(var server) = takeAuthentication() else {
            throw .misuse(.noPostHandshakeAuthentication)
        }
        try server.ask(authenticator, &flight)
        authentication = .server(server)
    }

    /// The driver's verdict on the client's chain.
    mutating func answer(verification verdict: Verdict) throws(TLSError) {
        guard case .server(var server) = takeAuthentication() else { throw .misuse(.noSuchRequest) }
        try server.answer(verdict)
        authentication = .server(server)
    }

    /// The driver's choice of a certificate; nil shows none.
    mutating func answer(credential: Credential?, _ flight: inout ByteWriter) throws(TLSError) {
        guard case .client(var client) = takeAuthentication() else { throw .misuse(.noSuchRequest) }
        try client.answer(credential, secrets, &flight)
        authentication = .client(client)
    }

    /// The driver's signature.
    mutating func answer(signature: [UInt8], _ flight: inout ByteWriter) throws(TLSError) {
        guard case .client(var client) = takeAuthentication() else { throw .misuse(.noSuchRequest) }
        try client.answer(signature: signature, secrets, &flight)
        authentication = .client(client)
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
