// SPDX-License-Identifier: Apache-2.0

extension ExtensionType {
    /// The TLS 1.3 messages that carry extensions.
    enum Placement: Sendable {
        case clientHello, serverHello, helloRetryRequest, encryptedExtensions
        case certificate, certificateRequest, newSessionTicket
    }

    /// Whether RFC 9846 §4.3's table names a TLS 1.3 message for this extension; nil for an extension not in the table.
    /// It leaves out what is no longer recommended: max_fragment_length and signed_certificate_timestamp are in the
    /// table of RFC 8446 §4.2.
    ///
    /// One that is recognized and out of place is an illegal_parameter, whoever asked for it.
    func isPermitted(in message: Placement) -> Bool? {
        switch self {
        // In the CertificateRequest of an exported authenticator it names a server.
        case .serverName:
            message == .clientHello || message == .encryptedExtensions || message == .certificateRequest
        case .maxFragmentLength, .supportedGroups, .applicationLayerProtocolNegotiation,
            .recordSizeLimit, .quicTransportParameters, .ticketRequest, .clientCertificateType, .serverCertificateType,
            .heartbeat:
            message == .clientHello || message == .encryptedExtensions
        case .statusRequest, .signedCertificateTimestamp:
            message == .clientHello || message == .certificateRequest || message == .certificate
        case .signatureAlgorithms, .signatureAlgorithmsCert, .certificateAuthorities, .compressCertificate:
            message == .clientHello || message == .certificateRequest
        case .padding, .pskKeyExchangeModes, .postHandshakeAuth: message == .clientHello
        case .keyShare, .supportedVersions:
            message == .clientHello || message == .serverHello || message == .helloRetryRequest
        case .preSharedKey: message == .clientHello || message == .serverHello
        case .earlyData: message == .clientHello || message == .encryptedExtensions || message == .newSessionTicket
        case .cookie: message == .clientHello || message == .helloRetryRequest
        case .oidFilters: message == .certificateRequest
        case .encryptedClientHello:
            message == .clientHello || message == .helloRetryRequest || message == .encryptedExtensions
        // Extensions of TLS 1.2: a hello offers them, no TLS 1.3 message answers them.
        case .ecPointFormats, .encryptThenMAC, .extendedMasterSecret, .sessionTicket, .renegotiationInfo:
            message == .clientHello
        default: nil
        }
    }
}

extension ExtensionList {
    /// The first extension that is known and has no place in a TLS 1.3 message.
    func firstMisplaced(in message: ExtensionType.Placement) -> ExtensionType? {
        var iterator = makeIterator()
        while let next = iterator.next() {
            if next.type.isPermitted(in: message) == false {
                return next.type
            }
        }
        return nil
    }

    /// RFC 9846 §4.3: an extension that is known, was offered, and belongs into another message.
    func checkPlacement(in message: ExtensionType.Placement) throws(TLSError) {
        if let type = firstMisplaced(in: message) {
            throw .peerMisbehaved(.illegalParameter("the extension \(type) in a message where it has no place"))
        }
    }
}
