// SPDX-License-Identifier: Apache-2.0
public import TLSCertificates

/// How a server fetches OCSP responses about its certificates, and which of them it staples (RFC 6066 §8).
public struct StaplingPolicy: Sendable {
    /// `SSLStaplingForceURL`: asked instead of the responders that certificates name.
    let responder: ResponderAddress?
    /// How long a responder may take in all, in seconds.
    public let responderTimeout: Int64
    /// How long a good response is used before a newer one is fetched, in seconds.
    let lifetime: Int64
    /// How long nothing is fetched after a failure, in seconds.
    let errorLifetime: Int64
    let clockSkew: Int64
    let maximumAge: Int64?
    /// The least time between two questions about a certificate, in seconds, unless `lifetime` is shorter.
    private static let shortestInterval: Int64 = 10
    /// Whether clients get to see that a responder refuses, or says that the certificate is not good.
    let passesErrorsOn: Bool
    /// Whether clients get to see that no responder answers.
    let inventsErrors: Bool

    /// The policy of these values, nil when `SSLUseStapling` is not on. mod_ssl passes errors on unless it is told not to;
    /// to clients that takes a good certificate for a bad one.
    init?(_ values: StaplingValues) {
        guard values.isOn == true else { return nil }
        responder = values.responder
        // 0 would be no time at all, and no rest between two questions.
        responderTimeout = max(values.responderTimeout ?? 10, 1)
        lifetime = max(values.lifetime ?? 3_600, 1)
        errorLifetime = max(values.errorLifetime ?? 600, 1)
        clockSkew = values.clockSkew ?? 300
        maximumAge = values.maximumAge
        passesErrorsOn = values.passesErrorsOn ?? false
        inventsErrors = passesErrorsOn && values.inventsErrors ?? true
    }
}

// MARK: - Responses

extension StaplingPolicy {
    /// What has come of a question about a certificate.
    public struct Answer: Sendable {
        /// What is to be kept; nil for nothing.
        public let staple: Staple?
        /// Why the response is not a good one; nil if it is.
        public let failure: String?
    }

    /// Judges a response about a certificate.
    ///
    /// - Throws: Why it is neither to be stapled nor to be believed.
    public func answer(
        _ response: [UInt8],
        about subject: StapledCertificate,
        at now: Int64
    ) throws(DirectiveError) -> Answer {
        guard response.count <= Staple.maximumResponse else {
            throw DirectiveError("the response has \(response.count) bytes, the limit is \(Staple.maximumResponse)")
        }
        func answer(_ failure: String) -> Answer {
            let staple = Staple(fetched: now, expiry: now + errorLifetime, kind: .error, response: response)
            return Answer(staple: passesErrorsOn ? staple : nil, failure: failure)
        }
        if let refusal = OCSPRefusal(der: response) { return answer("the responder refuses to answer: \(refusal)") }
        let (certificate, issuer) = (subject.certificate, subject.issuer)
        do throws(CertificateError) {
            let parsed = try OCSPResponse(der: response)
            let status = try parsed.status(
                of: certificate,
                issuedBy: issuer,
                at: now,
                clockSkew: clockSkew,
                maximumAge: maximumAge
            )
            let end = parsed.expiry(for: certificate, issuedBy: issuer, maximumAge: maximumAge) ?? now
            switch status {
            case .good:
                // Clients whose clocks are right would refuse it.
                guard now < end else { return answer("the response is out of date") }
                let staple = Staple(fetched: now, expiry: end, kind: .good, response: response)
                return Answer(staple: staple, failure: nil)
            case .revoked(let reason, _):
                // Also if it is not passed on it ends what was stapled before.
                return Answer(
                    staple: Staple(
                        fetched: now,
                        expiry: max(end, now + errorLifetime),
                        kind: .revoked,
                        response: response
                    ),
                    failure: "the certificate is revoked\(reason.map { " (\($0))" } ?? "")"
                )
            case .unknown:
                return answer("the response is out of date, or the responder does not know the certificate")
            }
        } catch {
            // What is not signed, or is about something else, could be anybody's.
            throw DirectiveError("\(error)")
        }
    }

    /// What is to be kept when no responder answers; nil for nothing.
    public func stapleWithoutAnswer(at now: Int64) -> Staple? {
        guard inventsErrors else { return nil }
        let response = OCSPRefusal.tryLater.der
        return Staple(fetched: now, expiry: now + errorLifetime, kind: .error, response: response)
    }

    /// Whether what is kept about a certificate is what it seems to be: it may have come from where others can write.
    public func allows(_ staple: Staple, about subject: StapledCertificate, at now: Int64) -> Bool {
        // What seems to come from the future would keep newer ones from being fetched.
        guard now < staple.expiry, staple.fetched <= now + clockSkew,
            let judged = try? answer(staple.response, about: subject, at: now).staple
        else {
            return false
        }
        return judged.kind == staple.kind && staple.expiry <= judged.expiry
    }

    /// Whether what is kept may be sent to clients.
    func sends(_ staple: Staple) -> Bool { staple.kind == .good || passesErrorsOn }

    /// When the next response is to be fetched, in UNIX seconds.
    ///
    /// - Parameters:
    ///   - staple: What is kept now.
    ///   - failure: When fetching has failed the last time since then.
    public func nextFetch(after staple: Staple?, failure: Int64?) -> Int64 {
        var due: Int64 = 0
        if let staple {
            let rest = max(staple.expiry - staple.fetched, 0)
            due = staple.fetched
            switch staple.kind {
            // Half of its time is left to try again; a responder that repeats itself to the end is not asked ever faster.
            case .good: due += min(lifetime, max(rest / 2, Self.shortestInterval))
            case .error, .revoked: due += min(rest, errorLifetime)
            }
        }
        return max(due, failure.map { $0 + errorLifetime } ?? 0)
    }
}

/// A certificate about which responses can be had.
public struct StapledCertificate: Sendable {
    /// The server's certificate.
    public let certificate: Certificate
    /// That of its issuer.
    public let issuer: Certificate
    /// Where to ask.
    public let responder: ResponderAddress

    /// The first certificate of a chain.
    ///
    /// - Throws: Why nobody can be asked about it.
    public init(_ chain: [Certificate], _ policy: StaplingPolicy) throws(DirectiveError) {
        guard let certificate = chain.first, chain.count > 1, chain[1].subject == certificate.issuer else {
            throw DirectiveError("the certificate of its issuer is not in the file, behind it")
        }
        self.certificate = certificate
        issuer = chain[1]
        if let responder = policy.responder {
            self.responder = responder
        } else if let responder = try ResponderAddress.first(of: certificate) {
            self.responder = responder
        } else {
            throw DirectiveError("it names no OCSP responder, and there is no SSLStaplingForceURL")
        }
    }

    /// What no two certificates share: the end of the signature.
    public var identifier: [UInt8] { Array(certificate.der.suffix(32)) }

    /// The HTTP request that asks the responder.
    public func request() throws(DirectiveError) -> [UInt8] {
        do throws(CertificateError) {
            return responder.request(try OCSPRequest(for: certificate, issuedBy: issuer).der)
        } catch {
            throw DirectiveError("\(error)")
        }
    }
}
