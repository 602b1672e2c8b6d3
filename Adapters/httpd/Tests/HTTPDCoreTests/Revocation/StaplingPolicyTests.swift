// SPDX-License-Identifier: Apache-2.0
import Foundation
import SafeTLS
import TLSCertificates
import Testing

@testable import HTTPDCore

/// Which OCSP responses are stapled, and when the next is fetched.
@Suite struct StaplingPolicyTests {
    private let now = OCSPFixture.made + 60

    private func policy(_ set: (inout StaplingValues) -> Void = { _ in }) throws -> StaplingPolicy {
        var values = StaplingValues()
        values.isOn = true
        set(&values)
        return try #require(StaplingPolicy(values))
    }

    private func subject(_ policy: StaplingPolicy) throws -> StapledCertificate {
        try StapledCertificate(OCSPFixture.credential().certificateChain, policy)
    }

    private func failure(_ policy: StaplingPolicy, _ response: [UInt8], at time: Int64? = nil) throws -> String {
        do {
            let answer = try policy.answer(response, about: subject(policy), at: time ?? now)
            #expect(answer.staple == nil || answer.staple?.kind == .revoked)
            return try #require(answer.failure)
        } catch let error as DirectiveError {
            return "\(error)"
        }
    }

    private func staple(_ policy: StaplingPolicy, _ response: [UInt8], at time: Int64? = nil) throws -> Staple {
        try #require(try policy.answer(response, about: subject(policy), at: time ?? now).staple)
    }

    @Test func subjects() throws {
        let policy = try policy()
        let chain = try OCSPFixture.credential().certificateChain
        #expect("\(try subject(policy).responder)" == "http://ocsp.example/a")
        let forced = try self.policy { $0.responder = try? ResponderAddress("http://b") }
        #expect("\(try subject(forced).responder)" == "http://b/")
        let request = String(decoding: try subject(policy).request(), as: UTF8.self)
        #expect(request.hasPrefix("POST /a HTTP/1.0\r\n"))
        #expect(throws: DirectiveError("the certificate of its issuer is not in the file, behind it")) {
            try StapledCertificate(Array(chain.prefix(1)), policy)
        }
        #expect(throws: DirectiveError("it names no OCSP responder, and there is no SSLStaplingForceURL")) {
            try StapledCertificate([chain[1], chain[1]], policy)
        }
    }

    @Test func goodResponses() throws {
        let policy = try policy()
        let staple = try self.staple(policy, OCSPFixture.good)
        #expect(
            staple == Staple(fetched: now, expiry: OCSPFixture.end, kind: .good, response: OCSPFixture.good)
        )
        #expect(Staple(bytes: staple.bytes) == staple)
        #expect(try policy.allows(staple, about: subject(policy), at: now))
        #expect(try !policy.allows(staple, about: subject(policy), at: OCSPFixture.end))
        // Somebody else has written to the cache.
        let forged = Staple(fetched: now, expiry: OCSPFixture.end, kind: .good, response: OCSPFixture.revoked)
        #expect(try !policy.allows(forged, about: subject(policy), at: now))
        let prolonged = Staple(fetched: now, expiry: OCSPFixture.end + 1, kind: .good, response: OCSPFixture.good)
        #expect(try !policy.allows(prolonged, about: subject(policy), at: now))
        // One from the future would keep newer ones from being fetched.
        for (later, isTaken) in [(300, true), (301, false), (1 << 40, false)] as [(Int64, Bool)] {
            let made = Staple(fetched: now + later, expiry: staple.expiry, kind: .good, response: staple.response)
            #expect(try policy.allows(made, about: subject(policy), at: now) == isTaken)
        }
        // It is not stapled for longer than it may be old.
        let young = try self.policy { $0.maximumAge = 100 }
        #expect(try self.staple(young, OCSPFixture.good).expiry == OCSPFixture.made + 100)
    }

    @Test func badResponses() throws {
        let policy = try policy()
        let outOfDate = "the response is out of date, or the responder does not know the certificate"
        #expect(try failure(policy, OCSPFixture.revoked) == "the certificate is revoked (keyCompromise)")
        #expect(try failure(policy, OCSPFixture.unknown) == outOfDate)
        #expect(try failure(policy, OCSPRefusal.tryLater.der) == "the responder refuses to answer: tryLater")
        #expect(try failure(policy, OCSPFixture.good, at: OCSPFixture.end + 301) == outOfDate)
        // The responder's clock may be right, but clients take nothing that has expired.
        #expect(try failure(policy, OCSPFixture.good, at: OCSPFixture.end) == "the response is out of date")
        #expect(try failure(self.policy { $0.clockSkew = 0 }, OCSPFixture.good, at: OCSPFixture.made - 1) == outOfDate)
        let young = try self.policy { ($0.clockSkew, $0.maximumAge) = (0, 59) }
        #expect(try failure(young, OCSPFixture.good) == outOfDate)
        var damaged = OCSPFixture.good
        damaged[damaged.count - 1] ^= 1
        #expect(try failure(policy, damaged).contains("not signed by the issuer"))
        #expect(try failure(policy, [1, 2, 3]).contains("malformed"))
        #expect(try failure(policy, [UInt8](repeating: 0, count: 20_000)).contains("the limit is 16366"))
    }

    /// `SSLStaplingReturnResponderErrors on`: what is signed or cannot be is passed on, nonsense is not.
    @Test func errorsPassedOn() throws {
        let policy = try policy { ($0.passesErrorsOn, $0.errorLifetime) = (true, 30) }
        for response in [OCSPFixture.revoked, OCSPFixture.unknown, OCSPRefusal.unauthorized.der] {
            let staple = try self.staple(policy, response)
            let kind: Staple.Kind = response == OCSPFixture.revoked ? .revoked : .error
            let end = kind == .revoked ? OCSPFixture.end : now + 30
            #expect(staple == Staple(fetched: now, expiry: end, kind: kind, response: response))
            #expect(Staple(bytes: staple.bytes) == staple)
            #expect(try policy.allows(staple, about: subject(policy), at: now) && policy.sends(staple))
            let discreet = try self.policy()
            #expect(try discreet.allows(staple, about: subject(policy), at: now) == (kind == .revoked))
            #expect(!discreet.sends(staple))
            #expect(try !policy.allows(staple, about: subject(policy), at: staple.expiry))
            // Neither may it pass for something else.
            for other: Staple.Kind in [.good, .error, .revoked] where other != kind {
                let forged = Staple(fetched: now, expiry: now + 30, kind: other, response: response)
                #expect(try !policy.allows(forged, about: subject(policy), at: now))
            }
        }
        var damaged = OCSPFixture.revoked
        damaged[damaged.count - 1] ^= 1
        #expect(try failure(policy, damaged).contains("not signed by the issuer"))
    }

    @Test func silence() throws {
        #expect(try policy().stapleWithoutAnswer(at: now) == nil)
        #expect(try policy { $0.inventsErrors = true }.stapleWithoutAnswer(at: now) == nil)
        let honest = try policy { ($0.passesErrorsOn, $0.inventsErrors) = (true, false) }
        #expect(honest.stapleWithoutAnswer(at: now) == nil)
        let policy = try policy { $0.passesErrorsOn = true }
        let expected = Staple(fetched: now, expiry: now + 600, kind: .error, response: [0x30, 3, 0x0A, 1, 3])
        #expect(policy.stapleWithoutAnswer(at: now) == expected)
    }

    @Test func schedule() throws {
        let policy = try policy { ($0.lifetime, $0.errorLifetime) = (100, 10) }
        func staple(_ rest: Int64, _ kind: Staple.Kind = .good) -> Staple {
            Staple(fetched: now, expiry: now + rest, kind: kind, response: [1])
        }
        #expect(policy.nextFetch(after: nil, failure: nil) == 0)
        #expect(policy.nextFetch(after: nil, failure: now) == now + 10)
        #expect(policy.nextFetch(after: staple(1000), failure: nil) == now + 100)
        #expect(policy.nextFetch(after: staple(60), failure: nil) == now + 30)
        #expect(policy.nextFetch(after: staple(1000), failure: now + 105) == now + 115)
        // A responder that gives the same until it expires.
        for rest: Int64 in [18, 2, 1, 0, -299] {
            #expect(policy.nextFetch(after: staple(rest), failure: nil) == now + 10)
        }
        let hasty = try self.policy { $0.lifetime = 2 }
        #expect(hasty.nextFetch(after: staple(1000), failure: nil) == now + 2)
        #expect(policy.nextFetch(after: staple(10, .error), failure: nil) == now + 10)
        #expect(policy.nextFetch(after: staple(1000, .revoked), failure: nil) == now + 10)
    }

    @Test func nonsenseInTheCache() {
        let staple = Staple(fetched: 1, expiry: 2, kind: .error, response: [9])
        #expect(staple.bytes.count == 19)
        for length in 0..<19 { #expect(Staple(bytes: Array(staple.bytes.prefix(length))) == nil) }
        for (index, value) in [(0, 2), (1, 3), (2, 0xFF), (10, 0x80)] as [(Int, UInt8)] {
            var bytes = staple.bytes
            bytes[index] = value
            #expect(Staple(bytes: bytes) == nil)
        }
    }

    // MARK: - Taking responses into use

    @Test func refreshing() throws {
        let policy = try policy { $0.passesErrorsOn = true }
        let credential = try OCSPFixture.credential()
        let staples = StapledCredentials([credential], policy)
        #expect(staples.items.count == 1 && staples.failures == [])
        let good = try staple(policy, OCSPFixture.good)
        let bad = try staple(policy, OCSPFixture.unknown)
        var looks = 0
        func refresh(_ found: Staple?, at time: Int64) {
            staples.refresh(at: time) { _ in
                looks += 1
                return found
            }
        }
        refresh(nil, at: now)
        refresh(nil, at: now)
        #expect(looks == 1 && credential.staple.ocspResponse == nil)
        refresh(bad, at: now + 1)
        #expect(looks == 2 && credential.staple.ocspResponse == OCSPFixture.unknown)
        #expect(credential.staple.ocspExpiry == now + 600)
        // An error holds for its time, and good news end it.
        refresh(good, at: now + 2)
        #expect(looks == 3 && credential.staple.ocspResponse == OCSPFixture.good)
        refresh(bad, at: now + 61)
        #expect(looks == 3)
        refresh(bad, at: now + 62)
        #expect(looks == 4 && credential.staple.ocspResponse == OCSPFixture.good)
        // Not what the policy does not allow.
        refresh(Staple(fetched: now, expiry: now + 900, kind: .good, response: OCSPFixture.unknown), at: now + 63)
        #expect(looks == 5 && credential.staple.ocspResponse == OCSPFixture.good)
    }

    /// That a certificate is revoked is more than an error: nothing is stapled any more that says otherwise.
    @Test(arguments: [true, false]) func revocation(passesOn: Bool) throws {
        let policy = try policy { $0.passesErrorsOn = passesOn }
        let credential = try OCSPFixture.credential()
        let staples = StapledCredentials([credential], policy)
        let (good, revoked) = try (staple(policy, OCSPFixture.good), staple(policy, OCSPFixture.revoked))
        let refusal = try #require(self.policy { $0.passesErrorsOn = true }.stapleWithoutAnswer(at: now))
        #expect(revoked.replaces(good) && good.replaces(revoked) && !refusal.replaces(revoked))
        #expect(!refusal.replaces(good) && refusal.replaces(nil) && refusal.replaces(refusal))
        staples.refresh(at: now) { _ in good }
        #expect(credential.staple.ocspResponse == OCSPFixture.good)
        staples.refresh(at: now + 60) { _ in revoked }
        #expect(credential.staple.ocspResponse == (passesOn ? OCSPFixture.revoked : nil))
        // It is looked for good news every second.
        staples.refresh(at: now + 61) { _ in good }
        #expect(credential.staple.ocspResponse == OCSPFixture.good)
    }

    @Test func withoutResponder() throws {
        let chain = Array(
            (OCSPFixture.chain.components(separatedBy: "-----END CERTIFICATE-----")[0]
                + "-----END CERTIFICATE-----\n").utf8
        )
        let key = Array(OCSPFixture.key.utf8)
        let credential = try Credential(certificateChainPEM: chain.span, privateKeyPEM: key.span)
        let staples = StapledCredentials([credential], try policy())
        #expect(staples.items.isEmpty)
        #expect(staples.failures.map(\.certificate) == credential.certificateChain)
        #expect(
            staples.failures.map(\.reason) == ["the certificate of its issuer is not in the file, behind it"]
        )
    }

    @Test func merging() {
        var outer = StaplingValues()
        (outer.isOn, outer.lifetime, outer.clockSkew, outer.passesErrorsOn) = (true, 5, 6, false)
        var inner = StaplingValues()
        (inner.isOn, inner.lifetime, inner.inventsErrors) = (false, 7, true)
        let merged = inner.merged(onto: outer)
        #expect(merged.isOn == false && merged.lifetime == 7 && merged.clockSkew == 6)
        #expect(merged.passesErrorsOn == false && merged.inventsErrors == true)
        #expect(StaplingPolicy(merged) == nil)
    }
}
