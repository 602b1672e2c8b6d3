// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto

/// A server's answer to a ClientHello in TLS 1.2: ServerHello, Certificate, ServerKeyExchange and ServerHelloDone in
/// one flight (RFC 5246 §7.3, RFC 8422 §2).
///
/// Sessions are resumed by tickets, or by IDs where there is a session store (``ResumptionTLS12``). In a full handshake
/// without such an ID ours is empty: the session is not to be resumed by one (RFC 5246 §7.4.1.3).
///
/// A client without extended_master_secret is served, as RFC 7627 §5.2 allows: the attacks that the extension
/// prevents need renegotiation, which this server does not do, or resumption or exporters, which such a connection
/// does not have. A client without renegotiation_info is served because what RFC 5746 protects never happens here.
enum ServerHelloTLS12 {
    /// Answers a ClientHello, step by step (RFC 5246 §7.3, figure 1; a resumption is figure 2).
    static func respond(
        to received: consuming ReceivedClientHello,
        _ channel: inout Channel
    ) throws(TLSError) -> ServerPhase {
        try channel.joiner.expectEmpty()
        try check(received.hello)
        if let session = try ResumptionTLS12.session(received) {
            return try ResumptionTLS12.resume(received, session, &channel)
        }
        let choice = try Choice(received)
        // The other messages, with up to 512 bytes of signature.
        let length = choice.credential.certificateMessageTLS12.count + 1024
        channel.reserve(flight: length, records: length + RecordSize.overhead)
        var flight = try ServerFlightTLS12(received, choice)
        try flight.sendServerHello(&channel)  // §7.4.1.3
        try flight.sendCertificate(&channel.flight)  // §7.4.2
        try flight.sendCertificateStatus(&channel.flight)  // RFC 6066 §8
        return try flight.signKeyExchange(&channel.flight)  // §7.4.3, then §7.4.4 and §7.4.5
    }

    /// What must hold whatever is chosen.
    private static func check(_ hello: borrowing ClientHello) throws(TLSError) {
        // RFC 5246 §7.4.1.2.
        guard hello.offersNullCompression else { throw .nothingInCommon(.compression) }
        // RFC 8422 §5.1.2: the list must have the one format that is left.
        guard hello.acceptsUncompressedPoints else {
            throw .peerMisbehaved(.illegalParameter("the extension ec_point_formats without uncompressed"))
        }
        // RFC 5746 §3.6: only a renegotiation has something to say here.
        if let verifyData = hello.renegotiationInfo, !verifyData.isEmpty {
            throw .malformed(
                MalformedInput(
                    what: HandshakeType.clientHello.description,
                    why: "its renegotiation_info is not that of an initial handshake",
                    alert: .handshakeFailure
                )
            )
        }
    }

    /// The server's random. Its end tells a client that speaks TLS 1.3 that somebody is between (RFC 9846 §4.2.3).
    ///
    /// - Parameter source: Nil for the configuration's.
    static func random(_ context: ServerContext, from source: DrawnRandom? = nil) throws(TLSError) -> [32 of UInt8] {
        var random = try context.random32(from: source)
        if context.configuration.options.versions.contains(.tls13) {
            for (index, byte) in ServerHello.tls12DowngradeSentinel.enumerated() { random[24 + index] = byte }
        }
        return random
    }

    /// What is chosen from a ClientHello. The parts depend on each other: a suite names the kind of certificate.
    struct Choice {
        /// The name that the client wants.
        let name: String?
        let cipherSuite: CipherSuite
        let group: NamedGroup
        let credential: Credential
        let signatureScheme: SignatureScheme
    }
}

// MARK: Choices

extension ServerHelloTLS12.Choice {
    /// A certificate that this client could verify.
    private struct Candidate {
        let credential: Credential
        let signatureScheme: SignatureScheme

        func fits(_ suite: CipherSuite) -> Bool {
            suite.authentication == CipherSuite.Authentication(credential.keyKind)
        }
    }

    init(_ received: borrowing ReceivedClientHello) throws(TLSError) {
        let context = received.context
        let name = received.hello.dnsName
        let group = try Self.group(received)
        let candidates = try Self.candidates(received, name: name)
        // A suite that fits a certificate for the name is better than a suite that is wanted more.
        let named = candidates.count == 1 ? candidates : candidates.filter { Self.isValid($0.credential, for: name) }
        let suite: CipherSuite
        if let fitting = try? context.cipherSuite(received.hello, where: { suite in named.contains { $0.fits(suite) } })
        {
            suite = fitting
        } else {
            suite = try context.cipherSuite(received.hello) { suite in candidates.contains { $0.fits(suite) } }
        }
        guard let candidate = candidates.first(where: { $0.fits(suite) }) else {
            throw .internalFailure("\(suite) has no certificate")
        }
        self.init(
            name: name,
            cipherSuite: suite,
            group: group,
            credential: candidate.credential,
            signatureScheme: candidate.signatureScheme
        )
    }

    private static func isValid(_ credential: Credential, for name: String?) -> Bool {
        guard let name, let serverName = ServerName(name) else { return true }
        return credential.certificateChain[0].matches(serverName)
    }

    /// The certificates whose signatures the client can verify, those for the name it wants first.
    private static func candidates(
        _ received: borrowing ReceivedClientHello,
        name: String?
    ) throws(TLSError) -> [Candidate] {
        // RFC 5246 §7.4.1.4.1: without the extension the client verifies SHA-1 only, which nobody signs with.
        guard let accepted = received.hello.signatureAlgorithms else { throw .nothingInCommon(.signatureScheme) }
        var candidates: [Candidate] = []
        let preferred = received.options.signatureSchemes
        for credential in received.context.credentials(for: name, received.hello)
        where acceptsCurve(of: credential, received.hello) {
            if let scheme = credential.signatureScheme(in: .tls12, preferred: preferred, peer: accepted) {
                candidates.append(Candidate(credential: credential, signatureScheme: scheme))
            }
        }
        if candidates.isEmpty { throw .nothingInCommon(.signatureScheme) }
        return candidates
    }

    /// RFC 8422 §5.1.1: the list of groups also says which curves an ECDSA certificate may have.
    private static func acceptsCurve(of credential: Credential, _ hello: borrowing ClientHello) -> Bool {
        guard let groups = hello.supportedGroups, let curve = credential.keyKind.curve else { return true }
        return groups.contains(curve)
    }

    /// RFC 8422 §4: a client that names no groups takes any; P-256 is the one that every such client has.
    private static func group(_ received: borrowing ReceivedClientHello) throws(TLSError) -> NamedGroup {
        let enabled = received.context.configuration.groups(.tls12)
        let chosen: NamedGroup?
        if let supported = received.hello.supportedGroups {
            chosen = received.context.groups(of: supported, in: .tls12).first
        } else {
            chosen = enabled.contains(.secp256r1) ? .secp256r1 : enabled.first
        }
        guard let chosen else { throw .nothingInCommon(.group) }
        return chosen
    }
}
