// SPDX-License-Identifier: Apache-2.0

import TLSCrypto
import Testing

@testable import SafeTLS

@Suite("TLS 1.3 exporters and key logs")
struct ExporterTests {
    @Test("both sides export the same, and different things for different labels and contexts")
    func exporters() throws {
        let connection = try Connection()
        var seen: Set<[UInt8]> = []
        for label in ["EXPORTER-a", "EXPORTER-b"] {
            for context in [nil, [1], [2, 3]] as [[UInt8]?] {
                let client = try connection.client.exportKeyingMaterial(label: label, context: context, count: 32)
                let server = try connection.server.exportKeyingMaterial(label: label, context: context, count: 32)
                #expect(client == server && client.count == 32)
                seen.insert(client)
            }
        }
        #expect(seen.count == 6)
        // TLS 1.3 does not tell an empty context from none (RFC 9846 §7.5).
        let none = try connection.client.exportKeyingMaterial(label: "a", context: nil, count: 8160)
        let empty = try connection.client.exportKeyingMaterial(label: "a", context: [], count: 8160)
        #expect(none == empty && none.count == 8160)
    }

    /// RFC 9846 §7.5 by hand, from the logged exporter secret.
    @Test("what is exported is what the RFC says")
    func formula() throws {
        let connection = try Connection()
        let secret = connection.log.secret(.exporter)
        var hash = try KeyedHash(.sha256)
        let nothing = try HashState.hash(.sha256, Span())
        let derived = try hash.deriveSecret(secret.span, "EXPORTER-test", transcript: nothing)
        let context: [UInt8] = [1, 2, 3]
        let digest = try HashState.hash(.sha256, context.span)
        let expected = try hash.expandLabel(derived.bytes, "exporter", context: digest.bytes, count: 48)
        let bytes = array(expected.bytes)
        let exported = try connection.server.exportKeyingMaterial(label: "EXPORTER-test", context: context, count: 48)
        #expect(exported == bytes)
    }

    @Test("key updates do not change exporters")
    func afterKeyUpdate() throws {
        var connection = try Connection()
        let before = try connection.client.exportKeyingMaterial(label: "a", context: nil, count: 16)
        try connection.client.updateKeys(requestingPeer: true)
        try Loopback.run(&connection.client, &connection.server)
        let after = try connection.server.exportKeyingMaterial(label: "a", context: nil, count: 16)
        #expect(before == after)
    }

    @Test("both sides log the same lines, in the format of RFC 9850", arguments: [false, true])
    func keyLog(retried: Bool) throws {
        var pair = Pair.tls13()
        pair.server.cipherSuites = [.aes256GCMSHA384]
        if retried { pair.server.groups = [.secp521r1] }
        let (clientLog, serverLog) = (SecretLog(), SecretLog())
        pair.client.keyLog = clientLog
        pair.server.keyLog = serverLog
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        let hello = Loopback.output(&client)
        try Loopback.feed(&server, hello)
        try Loopback.run(&client, &server)
        #expect(clientLog.lines.sorted() == serverLog.lines.sorted())
        let random = Array(hello[11..<43])
        let labels = [
            "CLIENT_HANDSHAKE_TRAFFIC_SECRET", "CLIENT_TRAFFIC_SECRET_0", "EXPORTER_SECRET",
            "SERVER_HANDSHAKE_TRAFFIC_SECRET", "SERVER_TRAFFIC_SECRET_0",
        ]
        let lines = clientLog.lines.sorted()
        #expect(lines.map { String($0.prefix { $0 != " " }) } == labels)
        for line in lines {
            let fields = line.split(separator: " ", omittingEmptySubsequences: false)
            #expect(fields.count == 3)
            #expect(hex(String(fields[1])) == random)
            #expect(fields[2].count == 96 && fields[2].allSatisfy { $0.isHexDigit && !$0.isUppercase })
        }
    }
}
