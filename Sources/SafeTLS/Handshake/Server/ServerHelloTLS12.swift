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
    static func respond(
        _ context: ServerContext,
        _ hello: borrowing ClientHello,
        _ message: [UInt8],
        _ channel: inout Channel
    ) throws(TLSError) -> ServerPhase {
        try channel.joiner.expectEmpty()
        try check(hello)
        if let session = try ResumptionTLS12.session(context, hello) {
            return try ResumptionTLS12.resume(context, hello, message, session, &channel)
        }
        let name = hello.dnsName
        let choice = try choose(context, hello, name: name)
        let applicationProtocol = try context.applicationProtocol(hello)
        guard let algorithm = choice.cipherSuite.hash else {
            throw .internalFailure("\(choice.cipherSuite) has no hash")
        }
        var transcript = try Transcript(algorithm, recording: context.configuration.clientAuthenticator != nil)
        transcript.update(message)

        // ServerHello (RFC 5246 §7.4.1.3). It answers extensions that the client sent, and no others.
        let randoms = Randoms(client: ServerHelloTLS13.random(hello), server: try random(context))
        let usesExtendedMasterSecret = hello.hasExtendedMasterSecret
        let supportsSecureRenegotiation = hello.supportsSecureRenegotiation
        let namesPointFormats = hello.extensions.contains(.ecPointFormats)
        let mayHaveCompressedPoints =
            hello.acceptsCompressedPoints
            && (choice.credential.hasCompressedPoint || context.configuration.clientAuthenticator != nil)
        let ticket = TicketIssueTLS12(context, hello)
        let session = try SessionIDIssue(context, hello, ticket: ticket)
        let sessionID = session?.identifier ?? []
        let limits = RecordLimits(answering: hello, context.options.records, version: .tls12)
        limits.apply(to: &channel)
        let staple = choice.credential.staple.answer(to: hello, at: context.options.clock())
        try channel.send(&transcript) { writer throws(EncodeError) in
            try ServerHello.write(
                random: randoms.server.span,
                legacySessionID: sessionID.span,
                cipherSuite: choice.cipherSuite,
                into: &writer
            ) { extensions in
                if supportsSecureRenegotiation { extensions.renegotiationInfo() }
                if usesExtendedMasterSecret { extensions.addEmpty(.extendedMasterSecret) }
                if ticket != nil { extensions.addEmpty(.sessionTicket) }
                if name != nil { extensions.addEmpty(.serverName) }
                if namesPointFormats { extensions.ecPointFormats(compressed: mayHaveCompressedPoints) }
                extensions.recordLimits(limits)
                if let applicationProtocol { extensions.applicationProtocols([applicationProtocol]) }
                // RFC 6066 §8, RFC 6962 §3.3.
                if staple.ocspResponse != nil { extensions.addEmpty(.statusRequest) }
                if let timestamps = staple.signedCertificateTimestamps {
                    extensions.add(.signedCertificateTimestamp, body: timestamps.span)
                }
            }
        }
        // Certificate (§7.4.2).
        try channel.send(&transcript) { writer throws(EncodeError) in
            writer.append(choice.credential.certificateMessageTLS12)
        }
        if let response = staple.ocspResponse {
            try channel.send(&transcript) { writer throws(EncodeError) in
                try CertificateStatus.write(ocspResponse: response, into: &writer)
            }
        }

        // ServerKeyExchange (RFC 8422 §5.4): a fresh key, to be signed.
        let key = try key(context, choice.group)
        let parameters: [UInt8]
        do throws(EncodeError) {
            parameters = try ServerKeyExchange.parameters(group: choice.group, publicKey: key.publicKey)
        } catch {
            throw .internalFailure("a public key outgrew its length field")
        }
        let request = SignatureRequest(
            scheme: choice.signatureScheme,
            credential: choice.credential,
            message: randoms.signedContent(parameters: parameters.span)
        )
        let state = AwaitSignatureTLS12(
            request: request,
            parameters: parameters,
            handshake: ServerHandshakeTLS12(
                context: context,
                negotiated: NegotiatedParameters(
                    version: .tls12,
                    cipherSuite: choice.cipherSuite,
                    group: choice.group,
                    signatureScheme: choice.signatureScheme,
                    applicationProtocol: applicationProtocol,
                    serverName: name,
                    usedHelloRetryRequest: false,
                    isResumed: false,
                    unusualName: hello.unusualName,
                    usesExtendedMasterSecret: usesExtendedMasterSecret
                ),
                algorithm: algorithm,
                randoms: randoms,
                usesExtendedMasterSecret: usesExtendedMasterSecret,
                ticket: ticket,
                session: session,
                transcript: transcript
            ),
            key: key
        )
        if context.deferring.contains(.signature) { return .handshaking(.awaitSignatureTLS12(state)) }
        return try state.complete(signature: request.sign(), &channel.flight)
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

    /// The server's random. Its end tells a client that speaks TLS 1.3 that somebody is between (RFC 8446 §4.1.3).
    static func random(_ context: ServerContext) throws(TLSError) -> [32 of UInt8] {
        var random = try context.random32()
        if context.options.versions.contains(.tls13) {
            for (index, byte) in ServerHello.tls12DowngradeSentinel.enumerated() { random[24 + index] = byte }
        }
        return random
    }

    private static func key(
        _ context: ServerContext,
        _ group: NamedGroup
    ) throws(TLSError) -> KeyExchangePrivateKey {
        guard let exchange = group.keyExchangeGroup else { throw .internalFailure("\(group) has no key exchange") }
        do throws(CryptoError) {
            return try KeyExchangePrivateKey(exchange, random: context.options.random)
        } catch {
            throw TLSError(error)
        }
    }
}

// MARK: Choices

extension ServerHelloTLS12 {
    /// What is chosen from a ClientHello. The parts depend on each other: a suite names the kind of certificate.
    private struct Choice {
        let cipherSuite: CipherSuite
        let group: NamedGroup
        let credential: Credential
        let signatureScheme: SignatureScheme
    }

    /// A certificate that this client could verify.
    private struct Candidate {
        let credential: Credential
        let signatureScheme: SignatureScheme

        func fits(_ suite: CipherSuite) -> Bool {
            suite.authentication == CipherSuite.Authentication(credential.keyKind)
        }
    }

    private static func choose(
        _ context: ServerContext,
        _ hello: borrowing ClientHello,
        name: String?
    ) throws(TLSError) -> Choice {
        let group = try group(context, hello)
        let candidates = try candidates(context, hello, name: name)
        // A suite that fits a certificate for the name is better than a suite that is wanted more.
        let named = candidates.filter { isValid($0.credential, for: name) }
        let suite: CipherSuite
        if let fitting = try? context.cipherSuite(hello, where: { suite in named.contains { $0.fits(suite) } }) {
            suite = fitting
        } else {
            suite = try context.cipherSuite(hello) { suite in candidates.contains { $0.fits(suite) } }
        }
        guard let candidate = candidates.first(where: { $0.fits(suite) }) else {
            throw .internalFailure("\(suite) has no certificate")
        }
        return Choice(
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
        _ context: ServerContext,
        _ hello: borrowing ClientHello,
        name: String?
    ) throws(TLSError) -> [Candidate] {
        // RFC 5246 §7.4.1.4.1: without the extension the client verifies SHA-1 only, which nobody signs with.
        guard let accepted = hello.signatureAlgorithms else { throw .nothingInCommon(.signatureScheme) }
        var candidates: [Candidate] = []
        for credential in context.credentials(for: name, hello) where acceptsCurve(of: credential, hello) {
            if let scheme = credential.signatureScheme(
                in: .tls12,
                preferred: context.options.signatureSchemes,
                peer: accepted
            ) {
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
    private static func group(
        _ context: ServerContext,
        _ hello: borrowing ClientHello
    ) throws(TLSError) -> NamedGroup {
        let enabled = context.options.groups
        let chosen: NamedGroup?
        if let supported = hello.supportedGroups {
            chosen = context.groups(of: supported).first
        } else {
            chosen = enabled.contains(.secp256r1) ? .secp256r1 : enabled.first
        }
        guard let chosen else { throw .nothingInCommon(.group) }
        return chosen
    }
}
