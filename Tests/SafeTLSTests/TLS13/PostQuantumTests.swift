// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto
import Testing

@testable import SafeTLS

/// Groups that are combinations with ML-KEM (RFC 10024): which shares are sent, which group is chosen, what is refused.
@Suite("Post-quantum key exchange")
struct PostQuantumTests {
    static let hybrids = NamedGroup.supported.filter(\.isPostQuantum)
    static let classical = NamedGroup.supported.filter { !$0.isPostQuantum }

    // MARK: What a client sends

    @Test("Nobody says anything: ML-KEM, in one round trip")
    func defaults() throws {
        let connection = try Connection()
        let (client, server) = (connection.client.negotiated, connection.server.negotiated)
        #expect(client?.group == .x25519MLKEM768 && client == server)
        #expect(client?.usedHelloRetryRequest == false)
    }

    @Test("One X25519 key makes both shares, and the next ClientHello has another")
    func sharedKey() throws {
        let configuration = try Pair.tls13().clientConfiguration()
        var keys: [[UInt8]] = []
        for _ in 0..<2 {
            let name = try #require(ServerName("server.example"))
            var client = try ClientSession(configuration: configuration, serverName: name)
            let shares = try Self.shares(Loopback.output(&client))
            #expect(shares.map(\.group) == [.x25519MLKEM768, .x25519])
            #expect(shares.map(\.publicKey.count) == [1216, 32])
            let (hybrid, classical) = (shares[0].publicKey, shares[1].publicKey)
            #expect(Array(hybrid.suffix(32)) == classical)
            keys.append(classical)
        }
        #expect(keys[0] != keys[1])
    }

    struct Choice: Sendable, CustomTestStringConvertible {
        var shares: [NamedGroup]?
        var server: [NamedGroup]
        var group: NamedGroup
        var isRetried: Bool
        var testDescription: String { "\(shares?.map(\.name) ?? ["default"]), server \(server.map(\.name))" }

        static let all: [Choice] = [
            // Whoever lacks ML-KEM answers at once, whoever lacks X25519 asks for what he has.
            Choice(shares: nil, server: [.x25519], group: .x25519, isRetried: false),
            Choice(shares: nil, server: [.secp256r1, .x25519], group: .x25519, isRetried: false),
            Choice(shares: nil, server: [.secp256r1], group: .secp256r1, isRetried: true),
            Choice(shares: nil, server: [.secp384r1MLKEM1024], group: .secp384r1MLKEM1024, isRetried: true),
            Choice(shares: [.x25519MLKEM768], server: [.x25519], group: .x25519, isRetried: true),
            Choice(shares: [.x25519], server: [.x25519MLKEM768], group: .x25519MLKEM768, isRetried: true),
            Choice(shares: [], server: [.secp256r1MLKEM768], group: .secp256r1MLKEM768, isRetried: true),
            Choice(shares: [], server: NamedGroup.supported, group: .x25519MLKEM768, isRetried: true),
            // Two keys, three shares, whatever the order.
            Choice(
                shares: [.secp256r1, .x25519, .x25519MLKEM768],
                server: [.secp256r1],
                group: .secp256r1,
                isRetried: false
            ),
            Choice(
                shares: [.secp256r1, .x25519, .x25519MLKEM768],
                server: [.x25519],
                group: .x25519,
                isRetried: false
            ),
            Choice(
                shares: [.secp384r1MLKEM1024, .secp384r1, .secp256r1MLKEM768, .secp256r1],
                server: [.secp384r1],
                group: .secp384r1,
                isRetried: false
            ),
            Choice(
                shares: [.secp384r1MLKEM1024, .secp256r1MLKEM768],
                server: [.secp384r1MLKEM1024],
                group: .secp384r1MLKEM1024,
                isRetried: false
            ),
        ]
    }

    @Test("Which shares are sent, and what servers make of them", arguments: Choice.all)
    func keyShares(choice: Choice) throws {
        var connection = try Connection { pair in
            pair.client.keyShares = choice.shares
            pair.server.groups = choice.server
        }
        let negotiated = connection.client.negotiated
        #expect(negotiated?.group == choice.group)
        #expect(negotiated?.usedHelloRetryRequest == choice.isRetried)
        #expect(try connection.works())
    }

    @Test("Shares are in the order of the groups, and after a HelloRetryRequest there is one")
    func orderOfShares() throws {
        var pair = Pair.tls13()
        pair.client.groups = [.secp384r1, .x25519, .x25519MLKEM768]
        pair.client.keyShares = [.x25519MLKEM768, .x25519, .secp384r1]
        pair.client.groups.append(.secp521r1)
        pair.server.groups = [.secp521r1]
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        let first = Loopback.output(&client)
        #expect(try Self.shares(first).map(\.group) == [.secp384r1, .x25519, .x25519MLKEM768])
        try Loopback.feed(&server, first)
        try Loopback.feed(&client, Loopback.output(&server))
        let second = WireBytes.records(Loopback.output(&client)).last ?? []
        #expect(try Self.shares(second).map(\.group) == [.secp521r1])
    }

    @Test("A HelloRetryRequest for a group that has a share", arguments: [NamedGroup.x25519MLKEM768, .x25519])
    func uselessRetry(group: NamedGroup) throws {
        var client = try Pair.tls13().makeClient()
        let hello = Loopback.output(&client)
        let body = Array(WireBytes.messages(Array(hello.dropFirst(5)))[0].dropFirst(4))
        let sessionID = copyBytes(try ClientHello(body.span).legacySessionID)
        var writer = ByteWriter(reserving: 0)
        try ServerHello.writeHelloRetryRequest(
            legacySessionID: sessionID.span,
            cipherSuite: .aes128GCMSHA256,
            into: &writer
        ) { extensions in
            extensions.selectedVersion(.tls13)
            extensions.selectedGroup(group)
        }
        let record = WireBytes.record(.handshake, writer.takeBytes())
        #expect(Loopback.refusal(&client, record)?.alert == .illegalParameter)
    }

    // MARK: What a server chooses

    struct Rule: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var client: [NamedGroup] = NamedGroup.supported
        var shares: [NamedGroup]?
        var change: @Sendable (inout ServerOptions) -> Void = { _ in }
        /// Nil for handshake_failure.
        var group: NamedGroup?
        var isRetried = false

        static let all: [Rule] = [
            Rule(testDescription: "X25519 alone is taken", shares: [.x25519], group: .x25519),
            Rule(
                testDescription: "unless ML-KEM is required",
                shares: [.x25519],
                change: { $0.requiresPostQuantum = true },
                group: .x25519MLKEM768,
                isRetried: true
            ),
            Rule(
                testDescription: "ML-KEM is required of clients without",
                client: PostQuantumTests.classical,
                change: { $0.requiresPostQuantum = true },
                group: nil
            ),
            Rule(
                testDescription: "or wanted more by a tier",
                shares: [.x25519],
                change: { $0.groupTierStarts = [.x25519] },
                group: .x25519MLKEM768,
                isRetried: true
            ),
            Rule(
                testDescription: "a tier that the client has nothing of",
                client: [.secp256r1, .x25519],
                change: { $0.groupTierStarts = [.x25519] },
                group: .secp256r1
            ),
            Rule(
                testDescription: "within a tier shares go first",
                shares: [.secp256r1MLKEM768],
                change: { $0.groupTierStarts = [.x25519] },
                group: .secp256r1MLKEM768
            ),
            Rule(
                testDescription: "the third of three tiers",
                client: [.secp521r1, .secp384r1],
                change: {
                    ($0.groups, $0.groupTierStarts) = ([.x25519MLKEM768, .x25519, .secp521r1], [.x25519, .secp521r1])
                },
                group: .secp521r1
            ),
            Rule(
                testDescription: "the client's order within a tier",
                client: [.secp384r1, .x25519, .x25519MLKEM768],
                change: { ($0.groupTierStarts, $0.prefersClientGroupOrder) = ([.x25519], true) },
                group: .x25519MLKEM768,
                isRetried: true
            ),
            Rule(
                testDescription: "the server's order between shares",
                client: [.x25519, .x25519MLKEM768],
                shares: [.x25519, .x25519MLKEM768],
                group: .x25519MLKEM768
            ),
            Rule(
                testDescription: "the client's order between shares",
                client: [.x25519, .x25519MLKEM768],
                shares: [.x25519, .x25519MLKEM768],
                change: { $0.prefersClientGroupOrder = true },
                group: .x25519
            ),
            Rule(
                testDescription: "a client of ML-KEM alone",
                client: PostQuantumTests.hybrids,
                group: .x25519MLKEM768
            ),
            Rule(
                testDescription: "a client of ML-KEM alone, and a server without",
                client: PostQuantumTests.hybrids,
                change: { $0.groups = PostQuantumTests.classical },
                group: nil
            ),
        ]
    }

    @Test("What a server chooses", arguments: Rule.all, [false, true])
    func rules(rule: Rule, cookie: Bool) throws {
        var pair = Pair.tls13()
        pair.client.groups = rule.client
        pair.client.keyShares = rule.shares
        rule.change(&pair.server)
        pair.server.sendsRetryCookie = cookie
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        guard let group = rule.group else {
            #expect(Loopback.plainAlert(&server, Loopback.output(&client)) == .handshakeFailure)
            return
        }
        try Loopback.run(&client, &server)
        let negotiated = server.negotiated
        #expect(negotiated?.group == group)
        #expect(negotiated?.usedHelloRetryRequest == rule.isRetried)
    }

    // MARK: TLS 1.2

    @Test("TLS 1.2 neither offers nor chooses ML-KEM")
    func oldVersion() throws {
        var pair = Pair()
        pair.client.versions = .tls12 ... .tls12
        var client = try pair.makeClient()
        let hello = WireBytes.messages(Array(Loopback.output(&client).dropFirst(5)))[0].dropFirst(4)
        let groups = try ClientHello(Array(hello).span).supportedGroups?.array
        #expect(groups == Self.classical)
        // A client of both versions names the groups of both.
        pair = Pair()
        pair.server.versions = .tls12 ... .tls12
        client = try pair.makeClient()
        var server = try pair.makeServer()
        try Loopback.run(&client, &server)
        let negotiated = server.negotiated
        #expect(negotiated?.version == .tls12 && negotiated?.group == .x25519)
    }

    @Test("TLS 1.2 with a client that has ML-KEM alone")
    func nothingForTLS12() throws {
        var pair = Pair()
        pair.client.groups = Self.hybrids
        pair.server.versions = .tls12 ... .tls12
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        #expect(Loopback.plainAlert(&server, Loopback.output(&client)) == .handshakeFailure)
    }

    // MARK: Forms

    @Test("A ClientHello in one-byte pieces, or one-byte records", arguments: hybrids, [false, true])
    func pieces(group: NamedGroup, records: Bool) throws {
        var pair = Pair.tls13()
        pair.client.groups = [group]
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        if records {
            let hello = Loopback.output(&client).dropFirst(5)
            for byte in hello { try Loopback.feed(&server, WireBytes.record(.handshake, [byte])) }
        }
        try Loopback.run(&client, &server, chunk: 1)
        let (group1, group2) = (client.negotiated?.group, server.negotiated?.group)
        #expect(group1 == group && group2 == group)
    }

    enum Fault: CaseIterable, Sendable {
        case short, long, half, empty, unreduced, badPoint
    }

    @Test("A share that is none", arguments: hybrids, Fault.allCases)
    func badShare(group: NamedGroup, fault: Fault) throws {
        let exchange = try #require(group.keyExchangeGroup)
        var share = try Hello.key(exchange).publicKey
        let classicalLength = exchange.classicalGroup.publicKeyLength
        let kemStart = group == .x25519MLKEM768 ? 0 : classicalLength
        let classicalStart = group == .x25519MLKEM768 ? share.count - 32 : 0
        switch fault {
        case .short: share.removeLast()
        case .long: share.append(0)
        case .half: share = try Hello.key(exchange.classicalGroup).publicKey
        case .empty: share = [0]
        case .unreduced: for index in 0..<3 { share[kemStart + index] = 0xFF }
        case .badPoint: for index in 0..<classicalLength { share[classicalStart + index] = 0 }
        }
        var hello = Hello(groups: [group], shares: nil)
        hello.others = [(.keyShare, Hello.vector16(Hello.values([group.rawValue]) + Hello.vector16(share)))]
        var server = try Pair.tls13().makeServer()
        #expect(try Loopback.plainAlert(&server, hello.record()) == .illegalParameter)
    }

    @Test("A server's share that is none", arguments: hybrids, [-1, 1])
    func badAnswer(group: NamedGroup, difference: Int) throws {
        #expect(
            try answer(group) { share in
                if difference < 0 { share.removeLast() } else { share.append(0) }
            } == .illegalParameter
        )
    }

    @Test("A server's share with a classical half that is none", arguments: hybrids)
    func badPointInAnswer(group: NamedGroup) throws {
        let length = try #require(group.keyExchangeGroup).classicalGroup.publicKeyLength
        #expect(
            try answer(group) { share in
                let start = group == .x25519MLKEM768 ? share.count - length : 0
                for index in 0..<length { share[start + index] = 0 }
            } == .illegalParameter
        )
    }

    @Test("A ciphertext that was changed gives another secret, and says nothing else", arguments: hybrids)
    func changedCiphertext(group: NamedGroup) throws {
        #expect(
            try answer(group) { share in
                share[group == .x25519MLKEM768 ? 0 : share.count - 1] ^= 1
            } == .badRecordMAC
        )
    }

    /// The alert of a client whose server's share is changed.
    private func answer(_ group: NamedGroup, _ change: (inout [UInt8]) -> Void) throws -> AlertDescription? {
        var pair = Pair.tls13()
        pair.client.groups = [group]
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        try Loopback.feed(&server, Loopback.output(&client))
        let records = WireBytes.records(Loopback.output(&server))
        let body = Array(records[0].dropFirst(9))
        let hello = try ServerHello(body.span)
        var share = copyBytes(hello.keyShare?.publicKey) ?? []
        let length = try #require(group.keyExchangeGroup).responseLength
        #expect(share.count == length)
        change(&share)
        let (random, sessionID) = (copyBytes(hello.random), copyBytes(hello.legacySessionID))
        var writer = ByteWriter(reserving: 0)
        try ServerHello.write(
            random: random.span,
            legacySessionID: sessionID.span,
            cipherSuite: hello.cipherSuite,
            into: &writer
        ) { extensions in
            extensions.keyShare(group, publicKey: share)
            extensions.selectedVersion(.tls13)
        }
        let changed = WireBytes.record(.handshake, writer.takeBytes())
        return Loopback.refusal(&client, changed + records.dropFirst().joined())?.alert
    }

    @Test("Random keys", arguments: NamedGroup.supported)
    func randomKeys(group: NamedGroup) throws {
        for _ in 0..<8 {
            var connection = try Connection { pair in
                pair.client.groups = [group]
                (pair.client.random, pair.server.random) = (SystemRandomSource(), SystemRandomSource())
            }
            let negotiated = connection.client.negotiated
            #expect(negotiated?.group == group)
            #expect(try connection.works())
        }
    }

    // MARK: Configurations

    @Test("Options that make no sense")
    func mistakes() throws {
        func server(_ change: (inout ServerOptions) -> Void) -> String? {
            var pair = Pair()
            change(&pair.server)
            return #expect(throws: ConfigurationError.self) { try pair.serverConfiguration() }?.reason
        }
        func client(_ change: (inout ClientOptions) -> Void) -> String? {
            var pair = Pair()
            change(&pair.client)
            return #expect(throws: ConfigurationError.self) { try pair.clientConfiguration() }?.reason
        }
        #expect(server { $0.requiresPostQuantum = true }?.contains("TLSv1.2") == true)
        #expect(
            server { ($0.versions, $0.requiresPostQuantum, $0.groups) = (.tls13 ... .tls13, true, [.x25519]) }?
                .contains("no such group") == true
        )
        #expect(server { ($0.groups, $0.groupTierStarts) = ([.x25519], [.secp256r1]) }?.contains("secp256r1") == true)
        #expect(
            server { ($0.versions, $0.groups) = (.tls12 ... .tls12, Self.hybrids) }?.contains("TLSv1.2 alone") == true
        )
        #expect(
            client { ($0.versions, $0.groups) = (.tls12 ... .tls12, Self.hybrids) }?.contains("TLSv1.2 alone") == true
        )
        #expect(
            client { ($0.groups, $0.keyShares) = ([.x25519], [.x25519MLKEM768]) }?.contains("X25519MLKEM768") == true
        )
        #expect(client { $0.keyShares = [.x25519, .secp256r1, .secp384r1] }?.contains("more than 2 keys") == true)
    }

    @Test("A group that is named twice has one share, and costs one key")
    func duplicates() throws {
        for (groups, shares) in [
            ([.x25519, .x25519], [.x25519]), ([.x25519MLKEM768, .x25519, .x25519], [.x25519MLKEM768, .x25519]),
            ([.x25519, .x25519, .x25519], [.x25519]),
        ] as [([NamedGroup], [NamedGroup])] {
            var pair = Pair.tls13()
            pair.client.groups = groups
            var client = try pair.makeClient()
            #expect(try Self.shares(Loopback.output(&client)).map(\.group) == shares)
        }
    }

    @Test("A server that requires it resumes no session that began without, as 0-RTT data are under that one's keys")
    func resumption() throws {
        var pair = Pair.tls13()
        (pair.server.versions, pair.server.ticketCount) = (.tls13 ... .tls13, 1)
        let lenient = try pair.serverConfiguration().resumption?.policy([])
        pair.server.requiresPostQuantum = true
        let strict = try pair.serverConfiguration().resumption?.policy([])
        #expect(lenient != nil && strict != nil && lenient != strict)
    }

    /// The shares of a ClientHello, in a record of its own.
    private static func shares(_ record: [UInt8]) throws -> [KeyShare] {
        let body = Array(WireBytes.messages(Array(record.dropFirst(5)))[0].dropFirst(4))
        let hello = try ClientHello(body.span)
        var shares: [KeyShare] = []
        guard var iterator = hello.keyShares?.makeIterator() else { return [] }
        while let next = iterator.next() {
            shares.append(KeyShare(group: next.group, publicKey: copyBytes(next.publicKey)))
        }
        return shares
    }
}
