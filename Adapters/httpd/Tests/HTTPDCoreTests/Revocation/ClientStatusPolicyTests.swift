// SPDX-License-Identifier: Apache-2.0
import SafeTLS
import TLSCertificates
import Testing

@testable import HTTPDCore

/// What responders say of the certificates of clients.
@Suite struct ClientStatusPolicyTests {
    private let now = OCSPFixture.made + 60

    private func policy(
        _ words: [String] = ["leaf"],
        _ set: (inout ClientStatusValues) -> Void = { _ in }
    ) throws -> ClientStatusPolicy {
        var values = ClientStatusValues()
        values.checking = try StatusChecking(byResponders: words)
        values.usesNonce = false
        set(&values)
        return try #require(try ClientStatusPolicy(values))
    }

    private func path() throws -> [Certificate] { try OCSPFixture.credential().certificateChain }

    /// The rejection, nil when there is none; `asked` gets the addresses.
    private func rejection(
        _ policy: ClientStatusPolicy,
        _ path: [Certificate],
        _ response: [UInt8],
        asked: inout [String]
    ) -> CertificateRejection? {
        var addresses: [String] = []
        defer { asked = addresses }
        do throws(CertificateRejection) {
            try policy.check(path, at: now) { address, request, seconds throws(DirectiveError) in
                addresses.append("\(address) \(seconds)")
                guard !response.isEmpty else { throw DirectiveError("it is silent") }
                return response
            }
            return nil
        } catch {
            return error
        }
    }

    /// Who resumes is not asked about: that does not go on for ever.
    @Test(arguments: [("off", 604_800), ("leaf", 900), ("on", 900)])
    func resumptions(word: String, seconds: Int64) throws {
        let settings = try Fixture.settings { settings in
            for (name, value) in [("SSLOCSPEnable", word), ("SSLSessionCacheTimeout", "900")] {
                _ = try settings.apply(ssl: name, [value], at: SSLLine { $0 })
            }
        }
        try settings.makePolicy(names: VirtualHostNames(exact: ["host.test"], patterns: []))
        #expect(settings.policy?.configuration.options.authenticationLifetime == seconds)
    }

    @Test func responses() throws {
        var asked: [String] = []
        let (policy, path) = (try policy(), try path())
        #expect(rejection(policy, path, OCSPFixture.good, asked: &asked) == nil)
        #expect(asked == ["http://ocsp.example/a 10"])
        let revoked = CertificateRejection.Reason.revoked(reason: .keyCompromise, date: 1_767_225_600)
        #expect(rejection(policy, path, OCSPFixture.revoked, asked: &asked)?.reason == revoked)
        let unknown = CertificateRejection.Reason.statusUnknown(
            "its responder does not know it, or gives an answer that is out of date"
        )
        #expect(rejection(policy, path, OCSPFixture.unknown, asked: &asked)?.reason == unknown)
        for (response, words) in [
            ([], "http://ocsp.example/a: it is silent"),
            ([1, 2, 3], "http://ocsp.example/a: the OCSP response is malformed"),
            (OCSPRefusal.unauthorized.der, "the responder gave no answer (unauthorized)"),
            (Array(OCSPFixture.good.dropLast()) + [0], "not signed by the issuer"),
        ] as [([UInt8], String)] {
            let rejection = try #require(rejection(policy, path, response, asked: &asked))
            #expect("\(rejection)".contains(words), "\(rejection)")
            #expect(rejection.depth == 0)
        }
    }

    /// A response without the nonce that was sent.
    @Test func nonce() throws {
        var asked: [String] = []
        let policy = try policy { $0.usesNonce = nil }
        let rejection = try #require(rejection(policy, path(), OCSPFixture.good, asked: &asked))
        #expect("\(rejection)".contains("lacks the request's nonce"))
    }

    @Test func strictTime() throws {
        var asked: [String] = []
        let policy = try policy { ($0.clockSkew, $0.maximumAge) = (0, 59) }
        #expect(try rejection(policy, path(), OCSPFixture.good, asked: &asked) != nil)
    }

    @Test func paths() throws {
        var asked: [String] = []
        let path = try path()
        #expect(rejection(try policy(), [path[1]], [], asked: &asked) == nil)
        #expect(rejection(try policy(), [], [], asked: &asked) != nil)
        // The authority's certificate names no responder.
        let chain = [path[0], path[1], path[1]]
        #expect(rejection(try policy(["leaf"]), chain, OCSPFixture.good, asked: &asked) == nil)
        let rejection = try #require(rejection(try policy(["on"]), chain, OCSPFixture.good, asked: &asked))
        #expect(rejection.depth == 1 && "\(rejection)".contains("it names no OCSP responder"))
        let tolerant = try policy(["on", "no_ocsp_for_cert_ok"])
        #expect(self.rejection(tolerant, chain, OCSPFixture.good, asked: &asked) == nil)
    }

    @Test func addresses() throws {
        var asked: [String] = []
        let other = try ResponderAddress("http://other/")
        let standby = try policy { $0.responder = other }
        #expect(try rejection(standby, path(), OCSPFixture.good, asked: &asked) == nil)
        #expect(asked == ["http://ocsp.example/a 10"])
        let override = try policy { ($0.responder, $0.overridesResponders, $0.timeout) = (other, true, 3) }
        #expect(try rejection(override, path(), OCSPFixture.good, asked: &asked) == nil)
        #expect(asked == ["http://other/ 3"])
        let proxied = try policy { $0.proxy = other }
        #expect(try rejection(proxied, path(), OCSPFixture.good, asked: &asked) == nil)
        #expect(asked == ["http://other/ 10"])
    }

    @Test func configurations() throws {
        #expect(throws: DirectiveError("SSLOCSPOverrideResponder is on, and there is no SSLOCSPDefaultResponder")) {
            try policy { $0.overridesResponders = true }
        }
        #expect(throws: DirectiveError.self) { try policy { $0.responderFile = "/nowhere" } }
        #expect(try ClientStatusPolicy(ClientStatusValues()) == nil)
        var outer = ClientStatusValues()
        (outer.checking, outer.timeout) = (try StatusChecking(byResponders: ["on"]), 4)
        var inner = ClientStatusValues()
        (inner.checking, inner.usesNonce) = (try StatusChecking(byResponders: ["off"]), false)
        let merged = inner.merged(onto: outer)
        #expect(merged.timeout == 4 && merged.usesNonce == false)
        #expect(try ClientStatusPolicy(merged) == nil)
    }
}
