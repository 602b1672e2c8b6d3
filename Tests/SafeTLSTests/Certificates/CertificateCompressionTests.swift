// SPDX-License-Identifier: Apache-2.0

import Synchronization
import TLSCertificateCompression
import TLSCertificates
import Testing

@testable import SafeTLS

/// RFC 8879.
@Suite("Certificate compression")
struct CertificateCompressionTests {
    private static let algorithms = [SystemCompressor.brotli, .zlib]

    /// Counts what is asked of a compressor.
    private final class Counter: CertificateCompressor {
        let counts = Mutex((compressed: 0, decompressed: 0))
        private let inner: SystemCompressor

        init(_ inner: SystemCompressor = .zlib) { self.inner = inner }

        var algorithm: CertificateCompressionAlgorithm { inner.algorithm }

        func compress(_ message: [UInt8]) -> [UInt8]? {
            counts.withLock { $0.compressed += 1 }
            return inner.compress(message)
        }

        func decompress(_ compressed: [UInt8], count: Int) -> [UInt8]? {
            counts.withLock { $0.decompressed += 1 }
            return inner.decompress(compressed, count: count)
        }
    }

    @Test("both sides compress where they can", arguments: algorithms)
    func bothSides(algorithm: SystemCompressor) throws {
        let (atClient, atServer) = (Counter(algorithm), Counter(algorithm))
        var pair = Pair()
        pair.restrict(to: .tls13)
        pair.client.certificateCompressors = [atClient]
        pair.server.certificateCompressors = [atServer]
        pair.client.credentials = [try TestCredentials.named("ed25519")]
        pair.server.clientAuthentication = ClientAuthentication(.required, trustAnchors: TestCredentials.anchors)
        let server = try pair.serverConfiguration()
        let client = try pair.clientConfiguration()
        for _ in 0..<3 {
            var clientSession = try ClientSession(configuration: client, serverName: .dns(pair.serverName))
            var serverSession = ServerSession(configuration: server)
            try Loopback.run(&clientSession, &serverSession)
            let (atClient, atServer) = (clientSession.peerCertificates, serverSession.peerCertificates)
            #expect(atClient == server.credentials[0].certificateChain && atServer.count == 1)
        }
        // Compressed once, for all handshakes.
        for counter in [atClient, atServer] { #expect(counter.counts.withLock { $0 == (1, 3) }) }
        // Until what is sent changes.
        try server.credentials[0].setStaple(CertificateStaple(signedCertificateTimestamps: [0, 3, 0, 1, 7]))
        pair.client.requestsSignedCertificateTimestamps = true
        for _ in 0..<2 {
            var clientSession = try pair.makeClient()
            var serverSession = ServerSession(configuration: server)
            try Loopback.run(&clientSession, &serverSession)
            let timestamps = clientSession.signedCertificateTimestamps
            #expect(timestamps == [0, 3, 0, 1, 7])
        }
        #expect(atServer.counts.withLock { $0.compressed == 2 })
    }

    @Test("a server can compress and leave its clients uncompressed")
    func serverOnly() throws {
        let (atClient, atServer) = (Counter(), Counter())
        var pair = Pair()
        pair.restrict(to: .tls13)
        pair.client.certificateCompressors = [atClient]
        pair.server.certificateCompressors = [atServer]
        pair.server.acceptsCompressedCertificates = false
        pair.client.credentials = [try TestCredentials.named("ed25519")]
        pair.server.clientAuthentication = ClientAuthentication(.required, trustAnchors: TestCredentials.anchors)
        let configuration = try pair.serverConfiguration()
        let request = try #require(configuration.clientAuthenticator).requestMessageTLS13
        #expect(
            try RequestedCertificate(handshakeTLS13: request, CertificateCompression([])).certificateCompression == []
        )
        var client = try pair.makeClient()
        var server = ServerSession(configuration: configuration)
        try Loopback.run(&client, &server)
        let chain = server.peerCertificates
        #expect(chain.count == 1)
        #expect(atServer.counts.withLock { $0 == (1, 0) } && atClient.counts.withLock { $0 == (0, 1) })
    }

    @Test("who accepts no compressed certificate decompresses none", arguments: algorithms)
    func notAccepted(algorithm: SystemCompressor) throws {
        let counter = Counter(algorithm)
        let compressed = try #require(algorithm.compress([UInt8](repeating: 0, count: 1000)))
        let message = try Self.message(algorithm.algorithm.rawValue, length: 1000, compressed)
        let error = #expect(throws: TLSError.self) {
            try CertificateCompression([counter], decompresses: false).decompress(message)
        }
        #expect(error?.alert == .illegalParameter && counter.counts.withLock { $0 == (0, 0) })
    }

    @Test("without an algorithm in common, and in TLS 1.2, certificates go as they are")
    func uncompressed() throws {
        for version in [ProtocolVersion.tls12, .tls13] {
            let (atClient, atServer) = (Counter(.brotli), Counter(version == .tls12 ? .brotli : .zlib))
            var pair = Pair()
            pair.restrict(to: version)
            pair.client.certificateCompressors = [atClient]
            pair.server.certificateCompressors = [atServer]
            var client = try pair.makeClient()
            var server = try pair.makeServer()
            try Loopback.run(&client, &server)
            let isHandshaking = client.isHandshaking
            #expect(!isHandshaking)
            for counter in [atClient, atServer] { #expect(counter.counts.withLock { $0 == (0, 0) }) }
        }
    }

    @Test("a compressor that has no luck costs nothing")
    func failing() throws {
        struct Failing: CertificateCompressor {
            let algorithm = CertificateCompressionAlgorithm.zstd
            func compress(_ message: [UInt8]) -> [UInt8]? { nil }
            func decompress(_ compressed: [UInt8], count: Int) -> [UInt8]? { nil }
        }
        var pair = Pair()
        pair.restrict(to: .tls13)
        pair.client.certificateCompressors = [Failing()]
        pair.server.certificateCompressors = [Failing()]
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        try Loopback.run(&client, &server)
        let isHandshaking = client.isHandshaking
        #expect(!isHandshaking)
        pair.server.certificateCompressors = [Failing(), Failing()]
        #expect(throws: ConfigurationError.self) { try pair.serverConfiguration() }
    }

    private static func message(_ algorithm: UInt16, length: Int, _ compressed: [UInt8]) throws -> [UInt8] {
        var writer = ByteWriter()
        try CompressedCertificate.write(
            CertificateCompressionAlgorithm(rawValue: algorithm),
            uncompressedLength: length,
            compressed: compressed,
            into: &writer
        )
        return writer.takeBytes()
    }

    @Test("what does not decompress to what it says is refused", arguments: algorithms)
    func lies(algorithm: SystemCompressor) throws {
        let compression = try CertificateCompression([algorithm])
        let name = algorithm.algorithm.rawValue
        let body = [UInt8](repeating: 0, count: 1000)
        let compressed = try #require(algorithm.compress(body))
        #expect(try compression.decompress(Self.message(name, length: 1000, compressed)).dropFirst(4) == body[...])
        // A megabyte of zeros is a few bytes long.
        let bomb = try #require(algorithm.compress([UInt8](repeating: 0, count: 1 << 20)))
        #expect(bomb.count < 2000)
        let bad: [(Int, [UInt8], AlertDescription)] = [
            (999, compressed, .badCertificate), (1001, compressed, .badCertificate), (0, compressed, .badCertificate),
            (1000, bomb, .badCertificate), (131_068, bomb, .badCertificate), (1 << 20, bomb, .badCertificate),
            (131_069, compressed, .badCertificate), ((1 << 24) - 1, compressed, .badCertificate),
            (1000, compressed.dropLast(), .badCertificate), (1000, compressed + [0], .badCertificate),
            (1000, body, .badCertificate), (1000, [UInt8](repeating: 0xFF, count: 50), .badCertificate),
        ]
        for (length, bytes, alert) in bad {
            let error = #expect(throws: TLSError.self) {
                try compression.decompress(Self.message(name, length: length, Array(bytes)))
            }
            #expect(error?.alert == alert, "\(length), \(bytes.count) bytes")
        }
        let unknown = #expect(throws: TLSError.self) {
            try compression.decompress(Self.message(3, length: 1000, compressed))
        }
        #expect(unknown?.alert == .illegalParameter)
        let whole = try Self.message(name, length: 1000, compressed)
        for length in 4..<whole.count {
            var cut = Array(whole[..<length])
            cut[3] = UInt8(length - 4)
            #expect(throws: TLSError.self) { try compression.decompress(cut) }
        }
        #expect(throws: TLSError.self) { try compression.decompress(Self.message(name, length: 1000, [])) }
    }

    @Test("changed bytes never harm", arguments: algorithms)
    func fuzz(algorithm: SystemCompressor) throws {
        let chain = try TestCredentials.named("p256").certificateMessageTLS13
        let compressed = try #require(algorithm.compress(chain))
        let random = SeededRandom(seed: 8)
        for _ in 0..<2000 {
            var changed = compressed
            for _ in 0...random.below(3) { changed[random.below(changed.count)] ^= UInt8(1 + random.below(255)) }
            let output = algorithm.decompress(changed, count: chain.count)
            #expect(output == nil || output?.count == chain.count)
        }
    }

    @Test("a client names each algorithm once, as far as the server has any")
    func duplicates() throws {
        let hello = Hello(others: [(.compressCertificate, [4, 0, 1, 0, 1])])
        var pair = Pair()
        var indifferent = try pair.makeServer()
        #expect(Loopback.refusal(&indifferent, try hello.record()) == nil)
        pair.server.certificateCompressors = [Counter(.zlib)]
        var server = try pair.makeServer()
        #expect(Loopback.plainAlert(&server, try hello.record()) == .illegalParameter)
    }

    @Test("so does a server, as far as the client has any")
    func duplicatesOfServer() throws {
        var body: [UInt8] = [0]
        body += WireBytes.extensions([
            (.signatureAlgorithms, [0, 2, 4, 3]), (.compressCertificate, [4, 0, 2, 0, 2]),
        ])
        let message = WireBytes.message(.certificateRequest, body)
        #expect(try RequestedCertificate(handshakeTLS13: message, CertificateCompression([])).context == [])
        let compression = try CertificateCompression([Counter(.brotli)])
        let error = #expect(throws: TLSError.self) {
            try RequestedCertificate(handshakeTLS13: message, compression)
        }
        #expect(error?.alert == .illegalParameter)
    }
}
