// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import SafeTLS

/// RFC 9846 appendix E.5: SSL 3.0 and what was before it, beside supported_versions too.
@Suite("Legacy versions of hellos")
struct LegacyVersionTests {
    @Test(
        "of a client",
        arguments: [
            (0x0000, false), (0x0002, false), (0x0200, false), (0x0300, false), (0x0301, true), (0x0303, true),
            (0x0304, true),
        ] as [(UInt16, Bool)]
    )
    func client(version: UInt16, isTaken: Bool) throws {
        for supported in [ProtocolVersion.tls13, .tls12] {
            var hello = Hello(versions: [supported])
            hello.cipherSuites += [.ecdheECDSAWithAES128GCMSHA256]
            hello.groups = [.x25519, .secp256r1]
            var record = try hello.record()
            (record[9], record[10]) = (UInt8(version >> 8), UInt8(version & 0xFF))
            var server = try Pair().makeServer()
            let error = Loopback.refusal(&server, record)
            #expect(error == (isTaken ? nil : .nothingInCommon(.protocolVersion)))
            #expect(error?.alert == (isTaken ? nil : .protocolVersion))
        }
    }

    @Test("of a server", arguments: [0x0002, 0x0300] as [UInt16])
    func server(version: UInt16) throws {
        let pair = Pair.tls13()
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        try Loopback.feed(&server, Loopback.output(&client))
        var flight = Loopback.output(&server)
        (flight[9], flight[10]) = (UInt8(version >> 8), UInt8(version & 0xFF))
        #expect(Loopback.refusal(&client, flight) == .nothingInCommon(.protocolVersion))
    }
}
