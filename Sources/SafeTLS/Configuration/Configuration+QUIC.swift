// SPDX-License-Identifier: Apache-2.0

import Synchronization

// What a configuration is where QUIC carries the handshake: the same without what has no meaning there. It is made for the first
// session and kept, since its checks take long.

extension ServerConfiguration {
    /// This configuration as QUIC has it: TLS 1.3 alone (RFC 9001 §4.2), no sizes of records, no 0-RTT data, no cookies, since
    /// QUIC has a Retry of its own; and tickets that are good for QUIC alone.
    func forQUIC() throws(TLSError) -> ServerConfiguration {
        if isQUIC { return self }
        if let known = quicVariant.withLock({ $0 }) { return known }
        do throws(ConfigurationError) {
            try ConfigurationCheck.quic(options.versions)
            var options = options
            options.versions = .tls13 ... .tls13
            options.records = RecordOptions()
            options.earlyData = nil
            options.sendsRetryCookie = false
            // Keys of its own would do, and be lost to a process that shares them with others.
            options.ticketKeys = options.ticketKeys ?? resumption?.keys
            let made = try ServerConfiguration(
                credentials: credentials.filter { $0.canSign(withAnyOf: options.signatureSchemes) },
                options: options,
                clientJudge: clientAuthenticator?.judge,
                isQUIC: true
            )
            // Whoever was first: its keys are those of all sessions.
            return quicVariant.withLock { known in
                if let known { return known }
                known = made
                return made
            }
        } catch {
            throw .misuse(.invalidArgument("the configuration is none for QUIC: \(error)"))
        }
    }
}

extension ClientConfiguration {
    /// This configuration as QUIC has it: see ``ServerConfiguration/forQUIC()``. It keeps its sessions apart.
    package func forQUIC() throws(TLSError) -> ClientConfiguration {
        if let known = quicVariant.withLock({ $0 }) { return known }
        do throws(ConfigurationError) {
            try ConfigurationCheck.quic(options.versions)
            guard !options.applicationProtocols.isEmpty else {
                throw ConfigurationError(reason: "QUIC needs an application protocol, and none is offered")
            }
            var options = options
            options.versions = .tls13 ... .tls13
            options.records = RecordOptions()
            options.offersEarlyData = false
            options.offersPostHandshakeAuthentication = false
            options.isFallback = false
            let schemes = options.signingSchemes
            options.credentials.removeAll { !$0.canSign(withAnyOf: schemes) }
            let made = try ClientConfiguration(
                trustAnchors: trustAnchors,
                options: options,
                sharingSessionsWith: nil,
                verdict: judge,
                sessionCache: quicSessionCache
            )
            return quicVariant.withLock { known in
                if let known { return known }
                known = made
                return made
            }
        } catch {
            throw .misuse(.invalidArgument("the configuration is none for QUIC: \(error)"))
        }
    }
}

extension Credential {
    /// Whether it is one for TLS 1.3. That others beside it are not is no reason to have none.
    fileprivate func canSign(withAnyOf schemes: [SignatureScheme]) -> Bool {
        schemes.contains { canSign(with: $0, in: .tls13) }
    }
}

extension ConfigurationCheck {
    fileprivate static func quic(_ versions: ClosedRange<ProtocolVersion>) throws(ConfigurationError) {
        guard versions.contains(.tls13) else {
            throw ConfigurationError(reason: "QUIC needs TLSv1.3, which is not enabled")
        }
    }
}
