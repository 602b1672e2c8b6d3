// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import Testing

@testable import SafeTLS

@Suite("Servers without a name, or of any name")
struct UnnamedServerTests {
    private static func connect(
        _ configuration: ClientConfiguration,
        name: ServerName? = nil,
        to pair: Pair,
        helloName: (String?) -> Void = { _ in }
    ) throws -> (negotiated: NegotiatedParameters?, path: Int) {
        var client =
            if let name {
                try ClientSession(configuration: configuration, serverName: name)
            } else {
                try ClientSession(unnamedServerOf: configuration)
            }
        var server = try pair.makeServer(deferring: .clientHello)
        try Loopback.feed(&server, Loopback.output(&client))
        if case .clientHello(let hello)? = server.request { helloName(hello.serverName) }
        try server.answer(configuration: pair.serverConfiguration())
        try Loopback.run(&client, &server)
        return (client.negotiated, client.verifiedPath.count)
    }

    @Test("are refused without a word that they may be")
    func refused() throws {
        let configuration = try Pair().clientConfiguration()
        let error = #expect(throws: TLSError.self) { _ = try ClientSession(unnamedServerOf: configuration) }
        guard case .misuse(.invalidArgument(let words))? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(words.contains("dangerouslyAcceptsAnyName"))
        // Nor does a driver get one that asks it for the verdict: the built-in answer would look at no name.
        #expect(throws: TLSError.self) {
            _ = try ClientSession(unnamedServerOf: configuration, deferring: .verification)
        }
    }

    @Test("are accepted for any name where that is allowed", arguments: [ProtocolVersion.tls12, .tls13])
    func anyName(version: ProtocolVersion) throws {
        var pair = Pair()
        pair.restrict(to: version)
        pair.server.ticketCount = 1
        pair.client.sessionCacheCapacity = 8
        pair.client.dangerouslyAcceptsAnyName = true
        let configuration = try pair.clientConfiguration()
        var sent: String? = "nothing yet"
        for _ in 0..<2 {
            let unnamed = try Self.connect(configuration, to: pair) { sent = $0 }
            #expect(unnamed.negotiated?.version == version && unnamed.path == 2)
            // Without a name there is nothing to find a session by.
            #expect(sent == nil && unnamed.negotiated?.isResumed == false && unnamed.negotiated?.serverName == nil)
        }
        let wrong = try Self.connect(configuration, name: .dns("wrong.example"), to: pair) { sent = $0 }
        #expect(wrong.negotiated?.version == version && wrong.path == 2 && sent == "wrong.example")
    }

    @Test("still have to come from a trust anchor, and be valid")
    func chain() throws {
        var pair = Pair()
        pair.client.dangerouslyAcceptsAnyName = true
        pair.client.clock = { 9_000_000_000 }
        let late = try pair.clientConfiguration()
        #expect(throws: TLSError.self) { _ = try Self.connect(late, to: pair) }
        pair.client.clock = { TestCredentials.now }
        pair.credentials = ["p256-by-rsa"]
        let configuration = try pair.clientConfiguration()
        let error = #expect(throws: TLSError.self) { _ = try Self.connect(configuration, to: pair) }
        guard case .certificateRejected? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test("a wrong name is refused by default")
    func wrongName() throws {
        let pair = Pair()
        let configuration = try pair.clientConfiguration()
        #expect(throws: TLSError.self) { _ = try Self.connect(configuration, name: .dns("wrong.example"), to: pair) }
    }

    @Test("a judge knows them by what it looks at", arguments: [true, false])
    func judge(accepts: Bool) throws {
        let pair = Pair()
        let anchors = TestCredentials.anchors
        let wanted = accepts ? "p256" : "p384"
        let configuration = try ClientConfiguration(
            judge: { request in
                // Without trust anchors of its own the built-in verdict accepts nobody.
                guard request.serverName == nil, case .rejected = request.verdict() else { return .accepted(path: []) }
                let verifier = CertificateVerifier(trustAnchors: anchors, purpose: .serverAuthentication)
                do throws(CertificateRejection) {
                    let path = try verifier.verify(request.certificateChain, serverName: nil, at: request.time)
                    if path[0].subject.commonName == wanted { return .accepted(path: path) }
                    return .rejected(
                        CertificateRejection(
                            certificate: path[0].description,
                            depth: 0,
                            reason: .applicationRule("is not wanted")
                        )
                    )
                } catch {
                    return .rejected(error)
                }
            },
            options: pair.client
        )
        if accepts {
            #expect(try Self.connect(configuration, to: pair).path == 2)
        } else {
            let error = #expect(throws: TLSError.self) { _ = try Self.connect(configuration, to: pair) }
            #expect(error?.description == "The certificate “CN=p256” is not wanted.")
            #expect(error?.alert == .certificateUnknown)
        }
    }

    @Test("a judge and any name do not go together")
    func judgeAndAnyName() {
        var options = ClientOptions()
        options.dangerouslyAcceptsAnyName = true
        #expect(throws: ConfigurationError.self) {
            try ClientConfiguration(judge: { _ in .accepted(path: []) }, options: options)
        }
    }

    @Test("a pre-shared key stands for one")
    func preSharedKey() throws {
        let bytes = [UInt8](repeating: 7, count: 32)
        let key = try ExternalPSK(identity: [1], key: bytes.span)
        var pair = Pair.tls13()
        (pair.client.preSharedKeys, pair.server.preSharedKeys) = ([key], [key])
        #expect(throws: TLSError.self) { _ = try ClientSession(unnamedServerOf: try pair.clientConfiguration()) }
        pair.client.requiresPreSharedKey = true
        let configuration = try pair.clientConfiguration()
        #expect(try Self.connect(configuration, to: pair).negotiated?.preSharedKeyIdentity == [1])
        // A server that has not got it cannot show a certificate instead.
        pair.server.preSharedKeys = []
        #expect(throws: TLSError.nothingInCommon(.preSharedKey)) { _ = try Self.connect(configuration, to: pair) }
    }
}
