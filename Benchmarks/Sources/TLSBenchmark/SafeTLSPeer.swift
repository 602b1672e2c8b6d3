// SPDX-License-Identifier: Apache-2.0

import CBenchmarkPeer
import SafeTLS
import TLSCertificates

/// SafeTLS under the same conditions as libssl: configurations shared by all connections, bytes moved over memory.
struct SafeTLSPeer: Sendable {
    private let benchmark: HandshakeCase
    private let server: ServerConfiguration
    private let client: ClientConfiguration
    private let serverName: ServerName

    /// Makes configurations, and one handshake, so that there is a session to resume.
    init(_ benchmark: HandshakeCase) throws {
        self.benchmark = benchmark
        let chainPEM = try Self.identity(benchmark.key, bench_pem_chain)
        let keyPEM = try Self.identity(benchmark.key, bench_pem_key)
        let anchorPEM = try Self.identity(benchmark.key, bench_pem_anchor)
        let credential = try Credential(certificateChainPEM: chainPEM.span, privateKeyPEM: keyPEM.span)
        let anchors = TrustAnchors(try Certificate.certificates(fromPEM: anchorPEM.span))
        server = try ServerConfiguration(
            credentials: [credential],
            options: Self.serverOptions(benchmark, anchors)
        )
        client = try ClientConfiguration(
            trustAnchors: anchors,
            options: Self.clientOptions(benchmark, credential)
        )
        guard let name = ServerName("bench.test") else { throw BenchmarkFailure("the server name is refused") }
        serverName = name
        if benchmark.mode.isResumed { _ = try connectedPair(isResumed: false) }
    }

    static func identity(_ key: Key, _ part: bench_pem) throws(BenchmarkFailure) -> [UInt8] {
        var text = [UInt8](repeating: 0, count: 32768)
        var span = text.mutableSpan
        let length = bench_identity(key.rawValue, Int32(part.rawValue), &span)
        guard length > 0 else { throw BenchmarkFailure("libcrypto makes no certificates") }
        return Array(text.prefix(length))
    }

    // MARK: Configurations

    private static func suites(_ benchmark: HandshakeCase) -> [CipherSuite] {
        [benchmark.cipher.suite, .ecdheECDSAWithAES128GCMSHA256, .ecdheRSAWithAES128GCMSHA256]
    }

    private static func serverOptions(_ benchmark: HandshakeCase, _ anchors: TrustAnchors) -> ServerOptions {
        var options = ServerOptions()
        options.versions = benchmark.version...benchmark.version
        options.cipherSuites = suites(benchmark)
        options.groups =
            switch benchmark.mode {
            case .retry: [.x25519]
            case .hybrid: [.x25519MLKEM768]
            default: [.x25519, .secp256r1]
            }
        // As libssl: a resumption gives one ticket for the next, and who is to make full handshakes gets none.
        options.ticketCount = benchmark.mode.isResumed ? 1 : 0
        switch benchmark.mode {
        case .store:
            options.sessionStore = MemorySessionStore()
            options.ticketForm = .stateful
        case .earlyData:
            // Room for all that a measurement makes; in service since long ago.
            let register = StrikeRegister(capacity: 4_000_000, start: 0)
            options.earlyData = EarlyDataOptions(replayProtection: register)
        case .mutual:
            var authentication = ClientAuthentication(.required, trustAnchors: anchors)
            authentication.limits.knownCertificates = 0
            options.clientAuthentication = authentication
        default: break
        }
        return options
    }

    private static func clientOptions(_ benchmark: HandshakeCase, _ credential: Credential) -> ClientOptions {
        var options = ClientOptions()
        options.versions = benchmark.version...benchmark.version
        options.cipherSuites = suites(benchmark)
        options.groups = [.x25519, .secp256r1]
        switch benchmark.mode {
        case .retry:
            options.groups = [.secp256r1, .x25519]
            options.keyShares = [.secp256r1]
        case .hybrid:
            options.groups = [.x25519MLKEM768]
        case .mutual:
            options.credentials = [credential]
        case .store:
            options.requestsTicketsTLS12 = false
        case .earlyData:
            options.offersEarlyData = true
        default: break
        }
        if !benchmark.mode.isResumed { options.sessionCacheCapacity = 0 }
        // libssl knows nothing from before, and is to be compared.
        if benchmark.mode != .known { options.limits.knownCertificates = 0 }
        return options
    }

    // MARK: Handshakes

    func handshakes(_ count: Int) throws -> [bench_handshake] {
        var link = Link()
        var costs = [bench_handshake](repeating: bench_handshake(), count: count)
        for index in costs.indices {
            let pair = try handshake(over: &link, isResumed: benchmark.mode.isResumed, &costs[index])
            finish(pair, &costs[index])
        }
        return costs
    }

    func idleServerBytes(connections: Int) throws -> Double {
        var link = Link()
        var cost = bench_handshake()
        var kept: [IdleServer] = []
        kept.reserveCapacity(connections)
        _ = try handshakes(4)
        bench_watch_heap()
        for _ in 0..<connections {
            let pair = try handshake(over: &link, isResumed: benchmark.mode.isResumed, &cost)
            kept.append(IdleServer(pair.server))
        }
        let bytes = bench_held_bytes()
        bench_stop_watching_heap()
        guard kept.allSatisfy(\.isConnected), bytes > 0 else {
            throw BenchmarkFailure("safetls fails to hold connections")
        }
        return Double(bytes) / Double(connections)
    }

    /// A pair whose handshake is complete.
    func connectedPair(isResumed: Bool = false) throws -> Pair {
        var link = Link()
        var cost = bench_handshake()
        return try handshake(over: &link, isResumed: isResumed, &cost)
    }

    private func handshake(over link: inout Link, isResumed: Bool, _ cost: inout bench_handshake) throws -> Pair {
        var meter = bench_read_meters()
        let newClient = try ClientSession(configuration: client, serverName: serverName)
        cost.client.charge(&meter)
        let newServer = ServerSession(configuration: server)
        cost.server.charge(&meter)
        var pair = Pair(server: newServer, client: newClient)
        let isEarly = benchmark.mode == .earlyData && isResumed
        let early = try pair.handshake(over: &link, earlyData: isEarly ? Self.earlyData : [], &cost)
        // What was asked for is what was done.
        guard pair.server.negotiated?.isResumed == isResumed, early == (isEarly ? Self.earlyData.count : 0),
            benchmark.mode != .retry || pair.server.negotiated?.usedHelloRetryRequest == true
        else { throw BenchmarkFailure("safetls makes another handshake than \(benchmark.name)") }
        return pair
    }

    private static let earlyData = [UInt8](repeating: 0x47, count: bench_early_length)

    /// Frees both sessions; that is part of their price.
    private func finish(_ pair: consuming Pair, _ cost: inout bench_handshake) {
        var meter = bench_read_meters()
        drop(pair.client)
        cost.client.charge(&meter)
        drop(pair.server)
        cost.server.charge(&meter)
    }
}

private func drop<Value: ~Copyable>(_ value: consuming Value) {}
