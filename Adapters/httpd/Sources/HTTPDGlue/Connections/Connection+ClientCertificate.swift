// SPDX-License-Identifier: Apache-2.0
import CHTTPD
import HTTPDCore
import SafeTLS
import TLSCertificates

/// The certificates of clients: what was shown in the handshake, and what is asked for later.
extension Connection {
    /// Judges a chain. As `SSLVerifyClient optional_no_ca` wants it, one that leads to no trusted authority is taken, and is
    /// no proof of anything; `SSLOCSPEnable` asks a responder, for which this thread waits.
    func answer(_ verification: VerificationRequest) throws(TLSError) {
        let path: [Certificate]
        do throws(CertificateRejection) {
            path = try self.path(of: verification)
            try checkStatus(path, at: verification.time)
        } catch {
            return try tls.session.answer(verification: .rejected(error))
        }
        // Responders are not asked again within the life of a session, which resumptions do not prolong then.
        try tls.session.answer(verification: .accepted(path: path), isResumable: !path.isEmpty)
    }

    private func path(of verification: VerificationRequest) throws(CertificateRejection) -> [Certificate] {
        do throws(CertificateRejection) {
            return try verification.verify()
        } catch {
            // The virtual host is known by now: it may be another one than that whose sessions defer the verdict.
            let (host, wanted) = asking ?? (policy, policy.verification)
            guard host.takes(verification.certificateChain, rejectedFor: error, under: wanted) else { throw error }
            return []
        }
    }

    private func checkStatus(_ path: [Certificate], at time: Int64) throws(CertificateRejection) {
        guard let status = (asking?.host ?? policy).clientStatus, let memory = unsafe record.pointee.pool else {
            return
        }
        var made: OpaquePointer?
        guard unsafe tlsd_make_pool(&made, memory), let made = unsafe made else {
            let reason = CertificateRejection.Reason.statusUnknown("memory is out")
            throw CertificateRejection(certificate: path.first?.description ?? "", depth: 0, reason: reason)
        }
        defer { unsafe apr_pool_destroy(made) }
        let pool = unsafe Pool(made)
        try status.check(path, at: time) { address, request, seconds throws(DirectiveError) in
            try Responder.ask(address, request, seconds: seconds, pool)
        }
    }

    /// Writes down what the connection has come to.
    func updateFacts(_ negotiated: NegotiatedParameters) {
        var client = ClientFacts()
        client.chain = tls.session.peerCertificates
        let path = tls.session.verifiedPath
        client.isVerified = !path.isEmpty
        client.authorities = max(0, path.count - 1)
        client.now = Int64(apr_time_now() / 1_000_000)
        sessionID = sessionID ?? nameOfKeys
        facts = ConnectionFacts(
            negotiated,
            serverName: serverName,
            signatureSchemes: signatureSchemes,
            policy: policy,
            face: tlsd_is_ssl_face() ? "mod_ssl" : "mod_tls",
            client: client,
            sessionID: sessionID,
            clientHello: clientHello
        )
    }

    /// A name for the connection's keys, for scripts that want one: 64 hexadecimal digits.
    private var nameOfKeys: String? {
        let label = "EXPORTER-safetls-session-id"
        guard tlsd_is_ssl_face(),
            let bytes = (try? tls.session.exportKeyingMaterial(label: label, context: nil, count: 32))
                ?? (try? tls.session.exportEarlyKeyingMaterial(label: label, context: nil, count: 32))
        else { return nil }
        let digits = Array("0123456789abcdef")
        return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }

    // MARK: - Post-handshake authentication (RFC 9846 §4.7.2)

    /// How much may arrive before the client's answer: the rest of a pipeline of requests.
    private static let mostAside = 65_536

    /// What became of a request for the client's certificate.
    enum Authentication {
        /// The client has answered, perhaps without a certificate.
        case answered
        /// The client cannot be asked.
        case impossible
        case failed
    }

    /// Asks for the client's certificate, by the authorities of a virtual host, and waits for the answer.
    ///
    /// - Parameter wanted: What the directory says: `optional_no_ca` takes what others refuse.
    func authenticate(
        _ authenticator: ClientAuthenticator,
        for host: ServerPolicy,
        _ wanted: ClientVerification
    ) -> Authentication {
        asking = (host, wanted)
        defer { asking = nil }
        guard phase == .established, tls.session.offersPostHandshakeAuthentication else { return .impossible }
        do {
            try tls.session.requestClientCertificate(authenticator)
        } catch {
            return .impossible
        }
        while tls.session.isClientCertificatePending {
            guard phase == .established, receiveAside() else { return .failed }
        }
        guard phase == .established, let negotiated = session.negotiated else { return .failed }
        updateFacts(negotiated)
        answered = (host, min(wanted, .optional))
        return .answered
    }

    /// Has the session go on by one step, and keeps the plaintext that comes meanwhile. False when it cannot.
    func receiveAside() -> Bool {
        guard setPlaintextAside() else { return false }
        if !needsInput, buffer.ciphertextCount > 0 {
            advance()
            return true
        }
        return inputEnd == nil && sendBeforeReading(blocking: true) == APR_SUCCESS
            && receive(blocking: true) == APR_SUCCESS
    }

    /// Makes room for the session to go on reading.
    private func setPlaintextAside() -> Bool {
        guard !buffer.plaintext.isEmpty else { return true }
        let bytes = unsafe buffer.plaintextPrefix(Int.max)
        guard aside.count + bytes.count <= Self.mostAside, aside.reserve(Self.mostAside) else {
            fail(.recordRefused, "the client sends data instead of the certificate it was asked for")
            return false
        }
        let taken = unsafe aside.append(bytes)
        buffer.consumePlaintext(taken)
        return true
    }
}
