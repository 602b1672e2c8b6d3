// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto
import Testing

@testable import SafeTLS

/// Resuming never gives what a full handshake under the configuration of the day would refuse, in either version, with
/// sessions in tickets or in a store.
@Suite("Resumption under another policy")
struct ResumptionPolicyTests {
    typealias Site = ResumptionTLS13Tests.Site

    /// Where the session is between the connections.
    enum Form: CaseIterable, Sendable {
        case stateless, stateful
    }

    struct Change: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let apply: @Sendable (inout ServerOptions) throws -> Void

        init(_ description: String, _ apply: @escaping @Sendable (inout ServerOptions) throws -> Void) {
            testDescription = description
            self.apply = apply
        }
    }

    /// One row for each part of a policy.
    static let changes: [Change] = [
        Change("server-name group") { $0.resumptionContext = [1] },
        Change("protocol range") { $0.versions = .tls12 ... .tls13 },
        Change("clients are asked no more") { $0.clientAuthentication = nil },
        Change("client-auth roots") { $0.clientAuthentication?.trustsOnlyRoots = true },
        Change("certificate policies are required") { $0.clientAuthentication?.policies.requiresPolicy = true },
        Change("acceptable certificate policies") { $0.clientAuthentication?.policies.acceptablePolicies = ["1.2.3"] },
        Change("no certificate policy is acceptable") { $0.clientAuthentication?.policies.acceptablePolicies = [] },
        Change("policy mappings don’t count") { $0.clientAuthentication?.policies.inhibitsMapping = true },
        Change("anyPolicy doesn’t count") { $0.clientAuthentication?.policies.inhibitsAnyPolicy = true },
        Change("client-auth mode") { $0.clientAuthentication?.mode = .required },
        Change("trust anchors") { options in
            options.clientAuthentication?.trustAnchors = try TestCredentials.otherAnchors()
        },
        Change("one more trust anchor") { options in
            let anchors = try TestCredentials.otherAnchors().certificates + TestCredentials.anchors.certificates
            options.clientAuthentication?.trustAnchors = TrustAnchors(anchors)
        },
        Change("revocation is checked") { options in
            options.clientAuthentication?.revocation = RevocationPolicy(
                lists: CertificateRevocationLists([]),
                unknownStatus: .accept
            )
        },
        Change("schemes of client signatures") { $0.clientAuthentication?.signatureSchemes = [.ecdsaSECP256R1SHA256] },
    ]

    private func site(_ version: ProtocolVersion, _ form: Form, shows credential: String?) throws -> Site {
        let keys = try TicketKeys(random: SeededRandom(seed: 5))
        let store = MemorySessionStore()
        let credentials = try [credential].compactMap { $0 }.map(TestCredentials.named)
        return try Site { pair in
            pair.restrict(to: version)
            pair.server.ticketKeys = keys
            pair.server.sessionStore = store
            pair.server.ticketForm = form == .stateless ? .stateless : .stateful
            pair.server.clientAuthentication = ClientAuthentication(.optional, trustAnchors: TestCredentials.anchors)
            pair.client.credentials = credentials
        }
    }

    @Test(
        "never resumes",
        arguments: [ProtocolVersion.tls12, .tls13].flatMap { version in Form.allCases.map { (version, $0) } },
        changes
    )
    func change(_ kind: (version: ProtocolVersion, form: Form), change: Change) throws {
        for credential in ["p256", nil] {
            let site = try site(kind.version, kind.form, shows: credential)
            _ = try site.connect()
            #expect(try site.connect().client.isResumed)
            var options = site.pair.server
            try change.apply(&options)
            site.server = try ServerConfiguration(credentials: site.server.credentials, options: options)
            // What the change refuses it refuses in the full handshake that takes the place of the resumption.
            if let next = try? site.connect() { #expect(!next.client.isResumed && !next.server.isResumed) }
        }
    }

    @Test(
        "not with a client certificate that has expired since",
        arguments: [ProtocolVersion.tls12, .tls13].flatMap { version in Form.allCases.map { (version, $0) } }
    )
    func expiredClient(_ kind: (version: ProtocolVersion, form: Form)) throws {
        let clock = MovableClock()
        let site = try site(kind.version, kind.form, shows: "p256")
        site.pair.server.clock = { clock.now }
        site.server = try site.pair.serverConfiguration()
        _ = try site.connect()
        #expect(try site.connect().client.isResumed)
        let notAfter = try TestCredentials.named("p256").certificateChain[0].notAfter
        // The session is not older than the certificate's end; only the certificate is.
        clock.advance(by: notAfter - 60 - clock.now)
        site.clientConfiguration = try ClientConfiguration(
            trustAnchors: TestCredentials.anchors,
            options: site.pair.client
        )
        _ = try site.connect()
        #expect(try site.connect().client.isResumed)
        clock.advance(by: 61)
        #expect(throws: TLSError.self) { try site.connect() }
    }

    @Test(
        "A resumed client is still known by its certificate",
        arguments: [ProtocolVersion.tls12, .tls13].flatMap { version in Form.allCases.map { (version, $0) } }
    )
    func resumedClientIsKnown(_ kind: (version: ProtocolVersion, form: Form)) throws {
        let site = try site(kind.version, kind.form, shows: "ed25519")
        let expected = try TestCredentials.named("ed25519").certificateChain
        for isResumed in [false, true, true] {
            var client = try ClientSession(configuration: site.clientConfiguration, serverName: .dns("server.example"))
            var server = ServerSession(configuration: site.server)
            try Loopback.run(&client, &server)
            let (negotiated, sent, path) = (server.negotiated, server.peerCertificates, server.verifiedPath)
            #expect(negotiated?.isResumed == isResumed && sent == expected && path.count == 2)
            #expect(negotiated?.clientSignatureScheme == (isResumed ? nil : .ed25519))
        }
    }

    @Test(
        "When a driver judged the client, only if it says so",
        arguments: [ProtocolVersion.tls12, .tls13],
        [false, true]
    )
    func drivers(version: ProtocolVersion, isResumable: Bool) throws {
        let site = try site(version, .stateful, shows: "p256")
        for connection in 0..<3 {
            var client = try ClientSession(configuration: site.clientConfiguration, serverName: .dns("server.example"))
            var server = ServerSession(configuration: site.server, deferring: .verification)
            var waiting: [UInt8] = []
            for _ in 0..<4 {
                try Loopback.feed(&server, Loopback.output(&client), keeping: &waiting)
                if case .verifyPeer = server.request {
                    // What the driver accepts in its own way is verified before the client comes back.
                    try server.answer(verification: .accepted(path: []), isResumable: isResumable)
                    try Loopback.feed(&server, [], keeping: &waiting)
                }
                try Loopback.feed(&client, Loopback.output(&server))
            }
            let (isResumed, sent, path) = (server.negotiated?.isResumed, server.peerCertificates, server.verifiedPath)
            let isExpected = isResumable && connection > 0
            #expect(isResumed == isExpected && sent.count == 1 && path.count == (isExpected ? 2 : 0))
        }
    }

    @Test(
        "Never past a driver that judges clients, when it has not judged this one",
        arguments: [ProtocolVersion.tls12, .tls13].flatMap { version in Form.allCases.map { (version, $0) } }
    )
    func otherDriver(_ kind: (version: ProtocolVersion, form: Form)) throws {
        let site = try site(kind.version, kind.form, shows: "p256")
        _ = try site.connect()
        #expect(try site.connect().client.isResumed)
        var client = try ClientSession(configuration: site.clientConfiguration, serverName: .dns("server.example"))
        var server = ServerSession(configuration: site.server, deferring: .verification)
        #expect(throws: TLSError.self) {
            for _ in 0..<4 {
                try Loopback.feed(&server, Loopback.output(&client))
                if case .verifyPeer = server.request { server.reject(.accessDenied, reason: "not here") }
                try Loopback.feed(&client, Loopback.output(&server))
            }
        }
        let failure = server.failure
        #expect(failure == .refused(alert: .accessDenied, reason: "not here"))
    }
}

extension TestCredentials {
    /// An authority that has issued none of the other certificates.
    static func otherAnchors() throws -> TrustAnchors {
        try TrustAnchors(pemFile: "\(directory)/agreement.pem")
    }
}
