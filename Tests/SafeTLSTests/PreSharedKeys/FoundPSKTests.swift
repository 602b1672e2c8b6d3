// SPDX-License-Identifier: Apache-2.0

import Synchronization
import TLSCrypto
import Testing

@testable import SafeTLS

@Suite("Pre-shared keys that are found when they are asked for")
struct FoundPSKTests {
    /// Keys of many devices, and what was asked.
    final class Directory: Sendable {
        private let keys: [[UInt8]: ExternalPSK]
        private let asked = Mutex<[[UInt8]]>([])

        init(_ keys: [ExternalPSK]) { self.keys = Dictionary(keys.map { ($0.identity, $0) }) { first, _ in first } }

        var requests: [[UInt8]] { asked.withLock { $0 } }

        func find(_ identity: [UInt8]) -> ExternalPSK? {
            asked.withLock { $0.append(identity) }
            return keys[identity]
        }
    }

    private static func key(_ name: String, _ byte: UInt8 = 7, imported: Bool = false) throws -> ExternalPSK {
        let bytes = [UInt8](repeating: byte, count: 32)
        return imported
            ? try ExternalPSK(importing: Array(name.utf8), key: bytes.span)
            : try ExternalPSK(identity: Array(name.utf8), key: bytes.span)
    }

    private static func connect(
        _ clientKeys: [ExternalPSK],
        _ directory: Directory,
        _ adjust: (inout Pair) -> Void = { _ in }
    ) throws -> NegotiatedParameters? {
        var pair = Pair.tls13()
        pair.client.preSharedKeys = clientKeys
        pair.server.findPreSharedKey = { directory.find($0) }
        adjust(&pair)
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        try Loopback.run(&client, &server)
        let data: [UInt8] = [1, 2, 3]
        let arrived = try Loopback.feed(&server, Loopback.seal(&client, data))
        #expect(arrived == data)
        return server.negotiated
    }

    @Test("are taken, imported or not", arguments: [false, true], [false, true])
    func found(imported: Bool, retries: Bool) throws {
        let key = try Self.key("sensor 7", imported: imported)
        let directory = Directory([try Self.key("sensor 6", imported: imported), key])
        let negotiated = try Self.connect([key], directory) { pair in
            if retries { pair.client.keyShares = [] }
        }
        #expect(negotiated?.preSharedKeyIdentity == Array("sensor 7".utf8))
        #expect(directory.requests.contains(Array("sensor 7".utf8)))
    }

    @Test("that are unknown leave the certificate, or nothing where one is required")
    func unknown() throws {
        let key = try Self.key("stranger")
        let directory = Directory([])
        let negotiated = try Self.connect([key], directory)
        #expect(negotiated != nil && negotiated?.preSharedKeyIdentity == nil)
        #expect(throws: TLSError.nothingInCommon(.preSharedKey)) {
            _ = try Self.connect([key], directory) { $0.server.requiresPreSharedKey = true }
        }
    }

    @Test("with another secret are refused")
    func wrongSecret() throws {
        let directory = Directory([try Self.key("sensor 7", 8)])
        #expect(throws: TLSError.peerMisbehaved(.badBinder)) {
            _ = try Self.connect([try Self.key("sensor 7", 7)], directory)
        }
    }

    @Test("an answer for another identity is none")
    func otherIdentity() throws {
        let other = try Self.key("sensor 8")
        let negotiated = try Self.connect([try Self.key("sensor 7")], Directory([])) { pair in
            pair.server.findPreSharedKey = { _ in other }
        }
        #expect(negotiated != nil && negotiated?.preSharedKeyIdentity == nil)
        // A key that one side has imported is not the same key.
        let imported = try Self.key("sensor 7", imported: true)
        let mixed = try Self.connect([imported], Directory([try Self.key("sensor 7")]))
        #expect(mixed != nil && mixed?.preSharedKeyIdentity == nil)
    }

    @Test("go behind those of the options, and are not asked for without need")
    func order() throws {
        let key = try Self.key("sensor 7")
        let directory = Directory([])
        let negotiated = try Self.connect([key], directory) { $0.server.preSharedKeys = [key] }
        #expect(negotiated?.preSharedKeyIdentity == Array("sensor 7".utf8) && directory.requests.isEmpty)
    }

    @Test("a configuration that could never use them is refused")
    func configuration() throws {
        var options = ServerOptions()
        options.findPreSharedKey = { _ in nil }
        options.requiresPreSharedKey = true
        options.versions = .tls13 ... .tls13
        #expect(throws: Never.self) { try ServerConfiguration(credentials: [], options: options) }
        options.requiresPreSharedKey = false
        options.versions = .tls12 ... .tls12
        #expect(throws: ConfigurationError.self) {
            try ServerConfiguration(credentials: [try TestCredentials.named("p256")], options: options)
        }
        options.versions = .tls12 ... .tls13
        options.clientAuthentication = ClientAuthentication(.required, trustAnchors: TestCredentials.anchors)
        #expect(throws: ConfigurationError.self) {
            try ServerConfiguration(credentials: [try TestCredentials.named("p256")], options: options)
        }
    }
}
