// SPDX-License-Identifier: Apache-2.0

import TLSCertificates

/// What the extensions of one ClientHello say, and the steps that write them.
struct ClientHelloExtensions {
    let options: ClientOptions
    let serverName: ServerName?
    let groups: [NamedGroup]
    /// The algorithms in which certificates may be compressed.
    let compression: [CertificateCompressionAlgorithm]
    /// Whether sessions are kept for later.
    let resumes: Bool
    /// The ticket of a TLS 1.2 session; empty, it asks for one (RFC 5077 §3.2).
    let ticket: [UInt8]
    /// What a HelloRetryRequest wants back.
    let cookie: [UInt8]?
    let keyShares: [KeyShare]
    /// The pre-shared keys that are offered. Their binders are still zeros.
    let preSharedKeys: [OfferedKey]
    /// Nil unless QUIC carries the handshake.
    let transportParameters: [UInt8]?
    let offersEarlyData: Bool

    private var offersTLS12: Bool { options.versions.contains(.tls12) }
    private var offersTLS13: Bool { options.versions.contains(.tls13) }

    /// Writes them in an order that never changes, but for pre_shared_key, which must be the last (RFC 9846 §4.3.11).
    func write(into extensions: inout ExtensionWriter) {
        if case .dns(let name) = serverName { extensions.serverName(name) }  // RFC 6066 §3
        if offersTLS12 { writeTLS12(into: &extensions) }
        extensions.recordLimits(options.records)  // RFC 8449 §4, RFC 6066 §4
        writeCertificateStatus(into: &extensions)  // RFC 6066 §8, RFC 6962 §3.3.1
        writeAlgorithms(into: &extensions)  // RFC 9846 §4.3.3, §4.3.7
        if !options.applicationProtocols.isEmpty {
            extensions.applicationProtocols(options.applicationProtocols)  // RFC 7301 §3.1
        }
        guard offersTLS13 else { return }
        extensions.supportedVersions(offersTLS12 ? [.tls13, .tls12] : [.tls13])  // RFC 9846 §4.3.1
        if let cookie { extensions.cookie(cookie) }  // RFC 9846 §4.3.2
        if !compression.isEmpty { extensions.certificateCompression(compression) }  // RFC 8879 §3
        if options.offersPostHandshakeAuthentication { extensions.addEmpty(.postHandshakeAuth) }  // RFC 9846 §4.3.6
        if offersEarlyData { extensions.addEmpty(.earlyData) }  // RFC 9846 §4.3.10
        if let transportParameters { extensions.quicTransportParameters(transportParameters) }  // RFC 9001 §8.2
        extensions.keyShares(keyShares)  // RFC 9846 §4.3.8
        writePreSharedKeys(into: &extensions)  // RFC 9846 §4.3.9, §4.3.11
    }

    /// What only TLS 1.2 needs: RFC 7627 §5.1, RFC 5746 §3.4, RFC 8422 §5.1.2, RFC 5077 §3.2.
    private func writeTLS12(into extensions: inout ExtensionWriter) {
        extensions.addEmpty(.extendedMasterSecret)
        extensions.renegotiationInfo()
        extensions.ecPointFormats(compressed: options.readsCertificatesLeniently)
        if resumes && options.requestsTicketsTLS12 { extensions.add(.sessionTicket, body: ticket.span) }
    }

    private func writeCertificateStatus(into extensions: inout ExtensionWriter) {
        if options.requestsOCSPResponse { extensions.statusRequest() }
        if options.requestsSignedCertificateTimestamps { extensions.addEmpty(.signedCertificateTimestamp) }
    }

    private func writeAlgorithms(into extensions: inout ExtensionWriter) {
        extensions.supportedGroups(groups)
        extensions.signatureAlgorithms(
            offersTLS13 ? options.signatureSchemes : options.signatureSchemes.filter { $0.isAllowed(in: .tls12) }
        )
        if !options.certificateSignatureSchemes.isEmpty {
            extensions.signatureAlgorithmsCert(options.certificateSignatureSchemes)
        }
    }

    private func writePreSharedKeys(into extensions: inout ExtensionWriter) {
        // Without the modes a server gives no tickets (RFC 9846 §4.3.9).
        if resumes || !preSharedKeys.isEmpty { extensions.pskKeyExchangeModes([.pskWithDHE]) }
        if resumes, let request = options.ticketRequest { extensions.ticketRequest(request) }
        if !preSharedKeys.isEmpty { extensions.preSharedKeys(preSharedKeys, at: options.milliseconds()) }
    }
}
