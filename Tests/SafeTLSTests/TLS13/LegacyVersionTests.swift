// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import SafeTLS

/// The versions that hellos say beside supported_versions (RFC 9846 §4.2.2, §4.2.3, appendix E.5).
@Suite("Legacy versions of hellos")
struct LegacyVersionTests {
    /// A hello of TLS 1.3 has one value. Older ones have any, but for SSL 3.0 and what was before it.
    @Test(
        "of a client",
        arguments: [0x0000, 0x0002, 0x0200, 0x0300, 0x0301, 0x0302, 0x0303, 0x0304, 0x0399] as [UInt16],
        [[ProtocolVersion.tls13], [.tls12], [.tls13, .tls12]]
    )
    func client(version: UInt16, offered: [ProtocolVersion]) throws {
        let isTaken = offered.contains(.tls13) ? version == 0x0303 : version >= 0x0301
        var hello = Hello(versions: offered)
        hello.cipherSuites += [.ecdheECDSAWithAES128GCMSHA256]
        hello.groups = [.x25519, .secp256r1]
        var record = try hello.record()
        (record[9], record[10]) = (UInt8(version >> 8), UInt8(version & 0xFF))
        var server = try Pair().makeServer()
        let error = Loopback.refusal(&server, record)
        #expect(error == (isTaken ? nil : .nothingInCommon(.protocolVersion)))
        #expect(error?.alert == (isTaken ? nil : .protocolVersion))
    }

    @Test("of a server", arguments: [0x0002, 0x0300, 0x0301, 0x0302, 0x0304] as [UInt16], [false, true])
    func server(version: UInt16, isRetry: Bool) throws {
        var pair = Pair.tls13()
        pair.client.groups = [.x25519, .secp256r1]
        if isRetry { pair.server.groups = [.secp256r1] }
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        try Loopback.feed(&server, Loopback.output(&client))
        var flight = Loopback.output(&server)
        (flight[9], flight[10]) = (UInt8(version >> 8), UInt8(version & 0xFF))
        let error = Loopback.refusal(&client, flight)
        #expect(error == .nothingInCommon(.protocolVersion))
        #expect(error?.alert == .protocolVersion)
    }
}
