// SPDX-License-Identifier: Apache-2.0
import CHTTPD
import HTTPDCore
import SafeTLS
import Synchronization

/// The TLS side of one connection from a client.
///
/// Only `facts`, `policy`, `answered`, `server`, `speaker` and `isPlainHTTP`, which no longer change once the handshake is over or 0-RTT
/// data have come, and `isEarly` are read by the threads that serve HTTP/2 requests.
@safe final class Connection: FilteredConnection {
    /// The virtual host of the handshake: at first the address's, then the one that the client named.
    var server: UnsafeMutablePointer<server_rec>
    /// That host, or the address's first one if it has no TLS of its own: whose policy it is.
    var speaker: UnsafeMutablePointer<server_rec>
    var policy: ServerPolicy
    var facts: ConnectionFacts?
    /// The policy of the virtual host that asked for the client's certificate last, and the most that a client satisfies who
    /// has shown none that is good; nil if none did.
    var answered: (host: ServerPolicy, most: ClientVerification)?
    /// What `session` holds.
    let tls: Endpoint.Server
    /// The name in the ClientHello, as it was sent.
    var serverName: [UInt8]?
    /// The signature schemes in the ClientHello, until the handshake is over.
    var signatureSchemes: [SignatureScheme] = []
    /// The host of a directory that asks for a certificate, and what it wants of that, while it does.
    var asking: (host: ServerPolicy, wanted: ClientVerification)?
    /// The handshake was made for an authority's challenge: there is nothing to get from this server by it.
    var awaitsCertificate = false
    /// What is kept of the ClientHello.
    var clientHello: ClientHelloVariables?
    /// Requests are taken from 0-RTT data, and the handshake is not over.
    let isEarly = Atomic(false)
    /// What `SSL_SESSION_ID` says.
    var sessionID: String?
    /// The first bytes told TLS from everything else.
    private var sawFirstBytes = false
    /// The client spoke HTTP without TLS. Not asked of `phase`, which the connection's thread changes at the end.
    private(set) var isPlainHTTP = false

    /// - Parameter defersVerdicts: Whether certificates of unknown authorities may be taken.
    init?(
        _ record: UnsafeMutablePointer<conn_rec>,
        server: UnsafeMutablePointer<server_rec>,
        policy: ServerPolicy,
        defersVerdicts: Bool
    ) {
        unsafe self.server = server
        unsafe speaker = server
        self.policy = policy
        tls = Endpoint.Server(
            ServerSession(
                configuration: policy.configuration,
                // A verdict that is not the built-in one can only be given by us. Which host it will be is not known yet.
                deferring: defersVerdicts ? [.clientHello, .verification] : .clientHello
            )
        )
        unsafe super.init(record, .server(tls), peer: "client", failureLevel: APLOG_INFO)
    }

    /// The TLS side of a connection; for the requests of HTTP/2, which have connections of their own, that of the
    /// connection they came by. Nil without TLS.
    static func of(_ record: UnsafeMutablePointer<conn_rec>?) -> Connection? {
        guard let record = unsafe record else { return nil }
        return unsafe at(record.pointee.master ?? record) as? Connection
    }

    override func acceptsFirstBytes() -> Bool {
        guard facts == nil, !sawFirstBytes, buffer.ciphertextCount > 0 else { return true }
        let first = FirstBytes(buffer.ciphertextPrefix(FirstBytes.longest))
        sawFirstBytes = first != .undecided
        switch first {
        case .tls: return true
        case .undecided: needsInput = true
        case .other(let name):
            let spoken = name.map { "speaks \($0)" } ?? "does not speak TLS"
            fail(.handshakeFailed, "a client of the TLS port \(spoken)")
        case .http: servePlainHTTP()
        }
        return false
    }

    private func servePlainHTTP() {
        report(.plainHTTP, level: APLOG_INFO, "a client speaks plain HTTP to the TLS port")
        phase = .plainHTTP
        isPlainHTTP = true
        buffer.substitute(PlainHTTP.substitute)
        inputEnd = tlsd_end_of_file
    }

    override func answerRequest() throws(TLSError) {
        switch tls.session.request {
        case .clientHello(let hello): try answer(hello)
        case .verifyPeer(let verification): try answer(verification)
        case .signature, nil: break
        }
    }

    override var loggingServer: UnsafeMutablePointer<server_rec>? { unsafe server }

    /// Set for each request by the thread that also writes.
    var turnsIntoTunnel = false

    override var mayBeTunnel: Bool { turnsIntoTunnel }

    override var handshakeContext: String {
        serverName.map { " (the client asked for '\(ShownName($0))')" } ?? ""
    }

    override func failed() {
        if facts == nil || isEarly.load(ordering: .relaxed) { tlsd_count_handshake(tlsd_handshake_failed) }
    }

    /// The connection goes on without waiting for the end of the handshake, and each request is looked at.
    override func beginEarlyData() {
        guard phase == .handshake, let negotiated = tls.session.earlyNegotiated else { return }
        isEarly.store(true, ordering: .releasing)
        noteHandshake(negotiated)
        phase = .early
        // The client goes on with its handshake meanwhile.
        _ = sendPendingOutput()
    }

    private func noteHandshake(_ negotiated: NegotiatedParameters) {
        updateFacts(negotiated)
        if policy.verification != .none { answered = (policy, .optional) }
    }

    override func finishHandshake(_ negotiated: NegotiatedParameters) {
        if facts == nil { noteHandshake(negotiated) }
        isEarly.store(false, ordering: .releasing)
        signatureSchemes = []
        tlsd_count_handshake(negotiated.isResumed ? tlsd_handshake_resumed : tlsd_handshake_full)
    }
}
