// SPDX-License-Identifier: Apache-2.0

import SafeTLS
import TLSCertificates
import TLSCrypto

extension Options {
    /// The name that the client expects; an address when no name is to be sent.
    var serverName: ServerName {
        hostName.flatMap { ServerName($0) } ?? .ipv4(0x7F00_0001)
    }

    private var versions: ClosedRange<ProtocolVersion> {
        get throws(ShimFailure) {
            let enabled = [ProtocolVersion.tls12, .tls13].filter {
                $0 >= minimumVersion && $0 <= maximumVersion && !disabledVersions.contains($0)
            }
            guard let lowest = enabled.first, let highest = enabled.last else {
                throw .unimplemented("no version but TLS 1.2 and 1.3")
            }
            return lowest...highest
        }
    }

    /// The suites of the few rules in OpenSSL's language that the runner uses.
    private var cipherSuites: [CipherSuite] {
        get throws(ShimFailure) {
            switch cipherRule {
            case nil: return CipherSuite.supported
            case "DEFAULT:!AES":
                return CipherSuite.supported.filter {
                    $0.ianaName.hasPrefix("TLS_AES_") || $0.ianaName.contains("CHACHA20")
                }
            case .some(let rule): throw .unimplemented("the cipher rule \(rule)")
            }
        }
    }

    /// - Parameters:
    ///   - ticketKeys: The same for all connections of a test.
    ///   - store: The same for all connections of a test.
    func serverConfiguration(
        ticketKeys: TicketKeys?,
        store: MemorySessionStore
    ) throws(ShimFailure) -> (configuration: ServerConfiguration, credential: Credential) {
        var options = ServerOptions()
        options.versions = try versions
        options.cipherSuites = try cipherSuites
        if !groups.isEmpty { options.groups = groups }
        if !signingSchemes.isEmpty { options.signatureSchemes = signingSchemes }
        options.prefersClientCipherOrder = !prefersServerOrder
        options.keyLog = TrafficSecrets.shared
        options.ticketKeys = ticketKeys
        options.certificateCompressors = compressors
        options.sessionStore = store
        if enablesEarlyData {
            options.earlyData = EarlyDataOptions(replayProtection: StrikeRegister(start: 0))
            // What BoringSSL takes for skewed.
            options.earlyData?.window = 60
        }
        if !givesTickets { options.ticketCount = 0 }
        options.clock = { Clock.now() }
        if verifiesPeer || requiresClientCertificate {
            var authentication = ClientAuthentication(
                requiresClientCertificate ? .required : .optional,
                trustAnchors: try anchors()
            )
            authentication.authorityNames = .names(try names(authorities ?? []))
            authentication.signatureSchemes = schemesToVerify
            options.clientAuthentication = authentication
        }
        guard let certificateFile else { throw .unimplemented("a server without a certificate") }
        let credential: Credential
        do throws(ConfigurationError) {
            credential = try Credential(certificateFile: certificateFile, keyFile: keyFile)
        } catch {
            // Keys that are refused when they are loaded: RSA with 1024 bits, P-224.
            throw .unimplemented("\(error)")
        }
        do throws(ConfigurationError) {
            // A callback that declines leaves nothing to send; one that sets the response does it later.
            let isLeftOut = declinesStatus || setsStatusInCallback
            try credential.setStaple(staple(ocspResponse: isLeftOut ? nil : ocspResponse))
        } catch {
            throw .configuration(error)
        }
        do throws(ConfigurationError) {
            let configuration = try ServerConfiguration(
                credentials: [credential],
                options: options,
                clientJudge: { .accepted(path: $0) }
            )
            return (configuration, credential)
        } catch {
            throw .unimplemented("\(error)")
        }
    }

    func staple(ocspResponse: [UInt8]?) -> CertificateStaple {
        CertificateStaple(ocspResponse: ocspResponse, signedCertificateTimestamps: timestamps)
    }

    /// - Parameter earlier: The configuration of the connection before, whose sessions are to be resumed.
    func clientConfiguration(after earlier: ClientConfiguration?) throws(ShimFailure) -> ClientConfiguration {
        var options = ClientOptions()
        options.versions = try versions
        options.cipherSuites = try cipherSuites
        if !groups.isEmpty {
            options.groups = groups
            // As BoringSSL does: a share of the first group of each kind.
            let first = [groups.first(where: \.isPostQuantum), groups.first { !$0.isPostQuantum }]
            options.keyShares = first.compactMap(\.self)
        }
        if let keyShares { options.keyShares = keyShares }
        options.signatureSchemes = schemesToVerify
        options.applicationProtocols = advertisedProtocols
        options.certificateCompressors = compressors
        options.isFallback = isFallback
        options.requestsOCSPResponse = requestsOCSP
        options.requestsSignedCertificateTimestamps = requestsTimestamps
        options.requestsTicketsTLS12 = givesTickets
        options.offersEarlyData = enablesEarlyData
        options.clock = { Clock.now() }
        options.keyLog = TrafficSecrets.shared
        if !signingSchemes.isEmpty { options.signingSchemes = signingSchemes }
        if let credential = try clientCredential { options.credentials = [credential] }
        if let hostName, ServerName(hostName) == nil { throw .unimplemented("the name \(hostName)") }
        let anchors = try anchors()
        do throws(ConfigurationError) {
            return try ClientConfiguration(
                trustAnchors: anchors,
                options: options,
                sharingSessionsWith: earlier,
                judge: { .accepted(path: $0) }
            )
        } catch {
            throw .configuration(error)
        }
    }

    /// The runner's defaults are BoringSSL's, which leave out what few peers use.
    private var schemesToVerify: [SignatureScheme] {
        let rare = [SignatureScheme.ed25519, .ecdsaSECP521R1SHA512] + SignatureScheme.postQuantum
        return verifyingSchemes.isEmpty ? SignatureScheme.supported.filter { !rare.contains($0) } : verifyingSchemes
    }

    /// What a client shows to servers that ask for a certificate.
    var clientCredential: Credential? {
        get throws(ShimFailure) {
            guard let certificateFile else { return nil }
            do throws(ConfigurationError) {
                return try Credential(certificateFile: certificateFile, keyFile: keyFile)
            } catch {
                throw .unimplemented("\(error)")
            }
        }
    }

    private func names(_ list: [[UInt8]]) throws(ShimFailure) -> [DistinguishedName] {
        var names: [DistinguishedName] = []
        for der in list {
            do throws(CertificateError) {
                names.append(try DistinguishedName(der: der))
            } catch {
                throw .unimplemented("an authority's name: \(error)")
            }
        }
        return names
    }

    /// A configuration needs an anchor, and the verdict on every chain is the shim's own.
    private func anchors() throws(ShimFailure) -> TrustAnchors {
        if let trustFile { return TrustAnchors(try Expectations.chain(trustFile)) }
        do throws(CertificateError) {
            return TrustAnchors([try Certificate(der: Self.builtInAnchor)])
        } catch {
            throw .unimplemented("the built-in certificate: \(error)")
        }
    }
}
