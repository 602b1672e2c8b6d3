// SPDX-License-Identifier: Apache-2.0
import SafeTLS
import Synchronization
import TLSCertificateCompression
import TLSCertificates
import Testing

@testable import HTTPDCore

/// Servers compress their certificates once, and decompress nothing that clients send (RFC 8879).
@Suite struct CompressedCertificateTests {
    /// Counts what is asked of a compressor.
    private final class Counter: CertificateCompressor {
        let counts = Mutex((compressed: 0, decompressed: 0))
        private let inner: SystemCompressor

        init(_ inner: SystemCompressor) { self.inner = inner }

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

    private static let algorithms = [SystemCompressor.brotli, .zlib]
    private static let names = VirtualHostNames(exact: ["host.test"], patterns: [])

    private static func output<Session: TLSSession & ~Copyable>(of session: inout Session) -> [UInt8] {
        var bytes: [UInt8] = []
        for index in session.pendingOutput.indices { bytes.append(session.pendingOutput[index]) }
        session.discardOutput(bytes.count)
        return bytes
    }

    private static func feed<Session: TLSSession & ~Copyable>(_ session: inout Session, _ bytes: [UInt8]) throws {
        var rest = bytes
        while !rest.isEmpty {
            var span = rest.mutableSpan
            let received = try session.receive(&span)
            rest.removeFirst(received.consumed)
            if received.consumed == 0 { break }
        }
    }

    /// A handshake with a client that has some compressors; gives what each side was shown, and the staple.
    private static func connect(
        _ settings: ServerSettings,
        _ compressors: [any CertificateCompressor],
        credentials: [Credential] = []
    ) throws -> (server: [Certificate], client: [Certificate], staple: [UInt8]?) {
        var options = ClientOptions()
        (options.certificateCompressors, options.credentials) = (compressors, credentials)
        let configuration = try ClientConfiguration(judge: { .accepted(path: $0.certificateChain) }, options: options)
        var client = try ClientSession(configuration: configuration, serverName: .dns("host.test"))
        var server = ServerSession(configuration: try #require(settings.policy).configuration)
        for _ in 0..<4 {
            try feed(&server, output(of: &client))
            try feed(&client, output(of: &server))
        }
        let isHandshaking = client.isHandshaking || server.isHandshaking
        #expect(!isHandshaking)
        return (client.peerCertificates, server.peerCertificates, client.ocspResponse)
    }

    private static func settings(
        _ credential: Credential,
        _ compressors: [any CertificateCompressor],
        _ configure: (ServerSettings) throws -> Void = { _ in }
    ) throws -> ServerSettings {
        let settings = ServerSettings()
        settings.addCertificate(chainFiles: ["chain"], keyFile: "key", credential)
        settings.certificateCompressors = compressors
        try configure(settings)
        try settings.makePolicy(names: names)
        return settings
    }

    @Test func whatServersHave() throws {
        let settings = try Fixture.settings { try $0.makePolicy(names: Self.names) }
        let options = try #require(settings.policy).configuration.options
        #expect(options.certificateCompressors.map(\.algorithm) == [.brotli, .zlib])
        #expect(!options.acceptsCompressedCertificates)
    }

    @Test(arguments: algorithms) func onceForManyConnections(algorithm: SystemCompressor) throws {
        let credential = try OCSPFixture.credential()
        let atServer = Counter(algorithm)
        let settings = try Self.settings(credential, [atServer])
        for count in 1...3 {
            let atClient = Counter(algorithm)
            #expect(try Self.connect(settings, [atClient]).server == credential.certificateChain, "\(count)")
            #expect(atClient.counts.withLock { $0 == (0, 1) })
        }
        #expect(atServer.counts.withLock { $0 == (1, 0) })
        // A client that offers nothing gets it as it is.
        #expect(try Self.connect(settings, []).server == credential.certificateChain)
        #expect(atServer.counts.withLock { $0 == (1, 0) })
    }

    /// What is compressed is what is shown now, also after the staple or the certificate has changed.
    @Test func againForChanges() throws {
        let credential = try OCSPFixture.credential()
        let atServer = Counter(.brotli)
        let settings = try Self.settings(credential, [atServer])
        func connect() throws -> (chain: [Certificate], staple: [UInt8]?) {
            let atClient = Counter(.brotli)
            let shown = try Self.connect(settings, [atClient])
            #expect(atClient.counts.withLock { $0.decompressed } == 1)
            return (shown.server, shown.staple)
        }
        #expect(try connect().staple == nil)
        for (response, compressed) in [(OCSPFixture.good, 2), (OCSPFixture.unknown, 3)] {
            try credential.setStaple(CertificateStaple(ocspResponse: response))
            for _ in 0..<2 { #expect(try connect().staple == response) }
            #expect(atServer.counts.withLock { $0.compressed } == compressed)
        }
        let other = try #require(Fixture.settings().certificates.first).credential
        try settings.replace([0: other])
        for _ in 0..<2 { #expect(try connect().chain == other.certificateChain) }
        #expect(atServer.counts.withLock { $0.compressed } == 4)
    }

    /// A client that could compress its certificate is not told that it may.
    @Test(arguments: ["require", "optional_no_ca"]) func nothingOfClients(verification: String) throws {
        let own = try #require(Fixture.settings().certificates.first).credential
        let (atClient, atServer) = (Counter(.zlib), Counter(.zlib))
        let settings = try Fixture.withFile(Fixture.certificate) { file in
            try Self.settings(try OCSPFixture.credential(), [atServer]) { settings in
                let line = SSLLine(resolvingPathsWith: { $0 })
                for (name, argument) in [("SSLCACertificateFile", file), ("SSLVerifyClient", verification)] {
                    _ = try settings.apply(ssl: name, [argument], at: line)
                }
            }
        }
        let shown = try Self.connect(settings, [atClient], credentials: [own])
        #expect(shown.client == own.certificateChain)
        #expect(atClient.counts.withLock { $0 == (0, 1) } && atServer.counts.withLock { $0 == (1, 0) })
    }
}
