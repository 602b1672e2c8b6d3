// SPDX-License-Identifier: Apache-2.0
public import TLSCertificates

/// How responders are asked about the certificates of clients (RFC 6960), while these wait in their handshake.
public struct ClientStatusPolicy: Sendable {
    private let checksChain: Bool
    private let acceptsWithoutResponder: Bool
    private let responder: ResponderAddress?
    private let overridesResponders: Bool
    private let proxy: ResponderAddress?
    private let timeout: Int64
    private let clockSkew: Int64
    private let maximumAge: Int64?
    private let usesNonce: Bool
    /// `SSLOCSPResponderCertificateFile`.
    private let trustedResponders: [Certificate]

    /// Sends an HTTP request to an address, and gives the body of the reply, within so many seconds.
    public typealias Ask = (ResponderAddress, [UInt8], Int64) throws(DirectiveError) -> [UInt8]

    /// The policy of these values; nil when `SSLOCSPEnable` is not on.
    init?(_ values: ClientStatusValues) throws(DirectiveError) {
        guard let checking = values.checking, checking.depth != .none else { return nil }
        checksChain = checking.depth == .chain
        acceptsWithoutResponder = checking.acceptsUnknown
        responder = values.responder
        overridesResponders = values.overridesResponders ?? false
        proxy = values.proxy
        timeout = max(values.timeout ?? 10, 1)
        clockSkew = values.clockSkew ?? 300
        maximumAge = values.maximumAge
        usesNonce = values.usesNonce ?? true
        guard !overridesResponders || responder != nil else {
            throw DirectiveError("SSLOCSPOverrideResponder is on, and there is no SSLOCSPDefaultResponder")
        }
        do throws(CertificateError) {
            trustedResponders =
                try values.responderFile.map { file throws(CertificateError) in
                    try TrustAnchors(pemFile: file).certificates
                } ?? []
        } catch {
            throw DirectiveError("SSLOCSPResponderCertificateFile: \(error)")
        }
    }

    /// Asks about the certificates of a client.
    ///
    /// - Parameters:
    ///   - path: Its certificate, and those up to the trust anchor.
    ///   - now: The time in UNIX seconds.
    /// - Throws: What is wrong with the first certificate that is not known to be good.
    public func check(_ path: [Certificate], at now: Int64, _ ask: Ask) throws(CertificateRejection) {
        guard path.count > 1 else {
            // An anchor itself has no issuer who could say something about it; without a path there is nobody to believe.
            guard path.isEmpty else { return }
            throw CertificateRejection(
                certificate: "",
                depth: 0,
                reason: .statusUnknown("it leads to no authority, whose responder could be asked")
            )
        }
        for depth in 0..<(checksChain ? path.count - 1 : 1) {
            let (certificate, issuer) = (path[depth], path[depth + 1])
            func reject(_ reason: CertificateRejection.Reason) -> CertificateRejection {
                CertificateRejection(certificate: certificate.description, depth: depth, reason: reason)
            }
            let status: OCSPResponse.Status?
            do throws(DirectiveError) {
                status = try self.status(of: certificate, issuedBy: issuer, at: now, ask)
            } catch {
                throw reject(.statusUnknown("\(error)"))
            }
            switch status {
            case .good, nil: continue
            case .revoked(let reason, let date): throw reject(.revoked(reason: reason, date: date))
            case .unknown:
                throw reject(.statusUnknown("its responder does not know it, or gives an answer that is out of date"))
            }
        }
    }

    /// Nil when nobody can be asked, and that is good enough.
    private func status(
        of certificate: Certificate,
        issuedBy issuer: Certificate,
        at now: Int64,
        _ ask: Ask
    ) throws(DirectiveError) -> OCSPResponse.Status? {
        guard let address = try address(for: certificate) else {
            if acceptsWithoutResponder { return nil }
            throw DirectiveError("it names no OCSP responder, and there is no SSLOCSPDefaultResponder")
        }
        var nonce: [UInt8]?
        if usesNonce {
            // RFC 9654 §2.1 recommends 32 bytes.
            var generator = SystemRandomNumberGenerator()
            nonce = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        }
        let body: [UInt8]
        do throws(CertificateError) {
            body = try OCSPRequest(for: certificate, issuedBy: issuer, nonce: nonce).der
        } catch {
            throw DirectiveError("\(error)")
        }
        let request = address.request(body, isThroughProxy: proxy != nil)
        let reply: [UInt8]
        do throws(DirectiveError) {
            reply = try ask(proxy ?? address, request, timeout)
        } catch {
            throw DirectiveError("\(proxy.map { "the proxy \($0) for " } ?? "")\(address): \(error)")
        }
        do throws(CertificateError) {
            let response = try OCSPResponse(der: reply)
            let status = try response.status(
                of: certificate,
                issuedBy: issuer,
                at: now,
                clockSkew: clockSkew,
                maximumAge: maximumAge,
                responders: trustedResponders
            )
            if nonce == nil || response.nonce == nonce { return status }
        } catch {
            throw DirectiveError("\(address): \(error)")
        }
        throw DirectiveError(
            "\(address): the response lacks the request's nonce, it may be an old one that is repeated"
        )
    }

    private func address(for certificate: Certificate) throws(DirectiveError) -> ResponderAddress? {
        if overridesResponders { return responder }
        return try ResponderAddress.first(of: certificate) ?? responder
    }
}
