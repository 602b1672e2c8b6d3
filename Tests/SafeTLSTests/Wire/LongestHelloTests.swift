// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import SafeTLS

/// The longest ClientHello that the syntax allows: it is legal, so that a server takes it.
@Suite("The longest ClientHello")
struct LongestHelloTests {
    /// A hello with a full list of suites, session ID, compression methods and extension block.
    static func hello(_ version: ProtocolVersion) throws -> Hello {
        var hello = Hello()
        hello.sessionID = [UInt8](repeating: 7, count: 32)
        hello.versions = [version]
        hello.groups = [.x25519, .secp256r1]
        let suite: CipherSuite = version == .tls13 ? .aes128GCMSHA256 : .ecdheECDSAWithAES128GCMSHA256
        // From 0xD000 on nobody has assigned anything, and the sum does not come round to what somebody has.
        hello.cipherSuites = (0..<32_766).map { CipherSuite(rawValue: 0xD000 + UInt16($0 % 0x1000)) } + [suite]
        if version == .tls12 { hello.compressionMethods = (0..<255).map { UInt8($0) } }
        let used = try hello.message().count - (4 + 2 + 32 + 33 + 2 + 65_534 + 1 + hello.compressionMethods.count + 2)
        hello.others = [(ExtensionType(rawValue: 0x4A4B), [UInt8](repeating: 0, count: 65_535 - used - 4))]
        return hello
    }

    @Test("is taken", arguments: [ProtocolVersion.tls12, .tls13])
    func isTaken(version: ProtocolVersion) throws {
        let message = try Self.hello(version).message()
        #expect(message.count == (version == .tls12 ? TLSLimits.clientHelloLength : TLSLimits.clientHelloLength - 254))
        var server = try Pair().makeServer()
        for start in stride(from: 0, to: message.count, by: 16_384) {
            let fragment = Array(message[start..<min(start + 16_384, message.count)])
            try Loopback.feed(&server, WireBytes.record(.handshake, fragment, version: 0x0301))
        }
        let answer = WireBytes.records(Loopback.output(&server))
        #expect(answer.first?[5] == HandshakeType.serverHello.rawValue)
    }

    /// What a driver looks for in a long list, where it lies.
    @Test("is looked through without copies of its lists")
    func isLookedThrough() throws {
        var hello = Hello()
        hello.schemes = [.ed25519, SignatureScheme(rawValue: 0xFEFE), .ecdsaSECP256R1SHA256]
        let info = try ClientHelloInfo(message: hello.message())
        #expect(
            info.offered([.ecdsaSECP256R1SHA256, .rsaPSSRSAESHA256, .ed25519]) == [.ecdsaSECP256R1SHA256, .ed25519]
        )
        #expect(info.offered([]) == [])
        #expect(info.offers(.ed25519) && !info.offers(.rsaPSSRSAESHA256))
    }
}
