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
        responderTimeout = values.responderTimeout ?? 10
        lifetime = values.lifetime ?? 3_600
        errorLifetime = values.errorLifetime ?? 600
        clockSkew = values.clockSkew ?? 300
        maximumAge = values.maximumAge
        passesErrorsOn = values.passesErrorsOn ?? false
        inventsErrors = passesErrorsOn && values.inventsErrors ?? true
    }
}

// MARK: - Responses

extension StaplingPolicy {
    /// What is to be kept of a response about a certificate.
    ///
    /// - Throws: Why it is not to be stapled.
    public func staple(
        _ response: [UInt8],
        about subject: StapledCertificate,
        at now: Int64
    ) throws(DirectiveError) -> Staple {
        guard response.count <= Staple.maximumResponse else {
            throw DirectiveError("the response has \(response.count) bytes, the limit is \(Staple.maximumResponse)")
        }
        let failure: String
        if let refusal = OCSPRefusal(der: response) {
            failure = "the responder refuses to answer: \(refusal)"
        } else {
            do throws(CertificateError) {
                let parsed = try OCSPResponse(der: response)
                let status = try parsed.status(
                    of: subject.certificate,
                    issuedBy: subject.issuer,
                    at: now,
                    clockSkew: clockSkew,
                    maximumAge: maximumAge
                )
                switch status {
                case .good:
                    let (certificate, issuer) = (subject.certificate, subject.issuer)
                    let end = parsed.expiry(for: certificate, issuedBy: issuer, maximumAge: maximumAge) ?? now
                    // Clients whose clocks are right would refuse it.
                    guard now >= end else {
                        return Staple(fetched: now, expiry: end, isError: false, response: response)
                    }
                    failure = "the response is out of date"
                case .revoked(let reason, _):
                    failure = "the certificate is revoked\(reason.map { " (\($0))" } ?? "")"
                case .unknown:
                    failure = "the response is out of date, or the responder does not know the certificate"
                }
            } catch {
                // What is not signed, or is about something else, could be anybody's.
                throw DirectiveError("\(error)")
            }
        }
        guard passesErrorsOn else { throw DirectiveError(failure) }
        return Staple(fetched: now, expiry: now + errorLifetime, isError: true, response: response)
    }

    /// What is to be kept when no responder answers; nil for nothing.
    public func stapleWithoutAnswer(at now: Int64) -> Staple? {
        guard inventsErrors else { return nil }
        let response = OCSPRefusal.tryLater.der
        return Staple(fetched: now, expiry: now + errorLifetime, isError: true, response: response)
    }

    /// Whether what is kept about a certificate may be sent to clients: it may have come from where others can write.
    public func allows(_ staple: Staple, about subject: StapledCertificate, at now: Int64) -> Bool {
        guard now < staple.expiry, let judged = try? self.staple(staple.response, about: subject, at: now) else {
            return false
        }
        return judged.isError == staple.isError && staple.expiry <= judged.expiry
    }

    /// When the next response is to be fetched, in UNIX seconds.
    ///
    /// - Parameters:
    ///   - staple: What is kept now.
    ///   - failure: When fetching has failed the last time since then.
    public func nextFetch(after staple: Staple?, failure: Int64?) -> Int64 {
        var due: Int64 = 0
        if let staple {
            let rest = max(staple.expiry - staple.fetched, 0)
            // Half of its time is left to try again; a responder that repeats itself to the end is not asked ever faster.
            due = staple.fetched + (staple.isError ? rest : min(lifetime, max(rest / 2, Self.shortestInterval)))
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
