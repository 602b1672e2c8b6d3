// SPDX-License-Identifier: Apache-2.0

import CBenchmarkPeer
import SafeTLS
import TLSCertificates

/// SafeTLS under the same conditions as libssl: configurations shared by all connections, bytes moved over memory.
struct SafeTLSPeer {
    private let server: ServerConfiguration
    private let client: ClientConfiguration
    private let serverName: ServerName

    init(key: Key, version: ProtocolVersion, cipher: Cipher = .aes128GCM) throws {
        let suites: [CipherSuite] = [
            cipher.suite, .ecdheECDSAWithAES128GCMSHA256, .ecdheRSAWithAES128GCMSHA256,
        ]
        let chainPEM = try Self.identity(key, bench_pem_chain)
        let keyPEM = try Self.identity(key, bench_pem_key)
        let anchorPEM = try Self.identity(key, bench_pem_anchor)
        let credential = try Credential(certificateChainPEM: chainPEM.span, privateKeyPEM: keyPEM.span)
        var serverOptions = ServerOptions()
        serverOptions.versions = version...version
        serverOptions.groups = [.x25519, .secp256r1]
        serverOptions.cipherSuites = suites
        // Full handshakes are measured, without tickets on either stack.
        serverOptions.ticketCount = 0
        server = try ServerConfiguration(credentials: [credential], options: serverOptions)

        let anchors = try Certificate.certificates(fromPEM: anchorPEM.span)
        var clientOptions = ClientOptions()
        clientOptions.versions = version...version
        clientOptions.groups = [.x25519, .secp256r1]
        clientOptions.cipherSuites = suites
        clientOptions.sessionCacheCapacity = 0
        client = try ClientConfiguration(trustAnchors: TrustAnchors(anchors), options: clientOptions)

        guard let name = ServerName("bench.test") else { throw BenchmarkFailure("the server name is refused") }
        serverName = name
    }

    static func identity(_ key: Key, _ part: bench_pem) throws(BenchmarkFailure) -> [UInt8] {
        var text = [UInt8](repeating: 0, count: 32768)
        var span = text.mutableSpan
        let length = bench_identity(key.rawValue, Int32(part.rawValue), &span)
        guard length > 0 else { throw BenchmarkFailure("libcrypto makes no certificates") }
        return Array(text.prefix(length))
    }

    // MARK: Handshakes

    func handshakes(_ count: Int) throws -> HandshakeCosts {
        var link = Link()
        var serverShare = Share()
        var clientShare = Share()
        for _ in 0..<count {
            let pair = try handshake(over: &link, &serverShare, &clientShare)
            finish(pair, &serverShare, &clientShare)
        }
        return HandshakeCosts(
            serverNanoseconds: Double(serverShare.nanoseconds) / Double(count),
            clientNanoseconds: Double(clientShare.nanoseconds) / Double(count),
            serverAllocations: Double(serverShare.allocations) / Double(count),
            clientAllocations: Double(clientShare.allocations) / Double(count)
        )
    }

    func idleServerBytes(connections: Int) throws -> Double {
        var link = Link()
        var server = Share()
        var client = Share()
        var kept: [IdleServer] = []
        kept.reserveCapacity(connections)
        _ = try handshakes(8)
        let before = bench_heap_bytes()
        for _ in 0..<connections {
            let pair = try handshake(over: &link, &server, &client)
            kept.append(IdleServer(pair.server))
        }
        let after = bench_heap_bytes()
        guard kept.allSatisfy(\.isConnected), after > before else {
            throw BenchmarkFailure("safetls fails to hold connections")
        }
        return Double(after - before) / Double(connections)
    }

    /// A pair whose handshake is complete.
    func connectedPair() throws -> Pair {
        var link = Link()
        var server = Share()
        var client = Share()
        return try handshake(over: &link, &server, &client)
    }

    private func handshake(over link: inout Link, _ serverShare: inout Share, _ clientShare: inout Share) throws
        -> Pair
    {
        var meter = bench_read_meters()
        let newClient = try ClientSession(configuration: client, serverName: serverName)
        clientShare.charge(&meter)
        let newServer = ServerSession(configuration: server)
        serverShare.charge(&meter)
        var pair = Pair(server: newServer, client: newClient)
        try pair.handshake(over: &link, &serverShare, &clientShare)
        return pair
    }

    /// Frees both sessions; that is part of their price.
    private func finish(_ pair: consuming Pair, _ serverShare: inout Share, _ clientShare: inout Share) {
        var meter = bench_read_meters()
        drop(pair.client)
        clientShare.charge(&meter)
        drop(pair.server)
        serverShare.charge(&meter)
    }
}

private func drop<Value: ~Copyable>(_ value: consuming Value) {}
