// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import SafeTLS

/// The examples of FoxIO's description of JA4.
@Suite("JA4 fingerprints")
struct JA4Tests {
    private static let suites: [UInt16] = [
        0x1301, 0x1302, 0x1303, 0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA9, 0xCCA8, 0xC013, 0xC014, 0x009C, 0x009D, 0x002F,
        0x0035,
    ]
    private static let extensions: [UInt16] = [
        0x001B, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002D, 0x000D, 0x0005, 0x0023, 0x0012, 0x002B, 0xFF01, 0x000B,
        0x000A, 0x0015,
    ]
    private static let schemes: [UInt16] = [0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601]

    private static func ja4(
        versions: [UInt16] = [0x0304, 0x0303],
        suites: [UInt16] = suites,
        extensions: [UInt16] = extensions,
        schemes: [UInt16] = schemes,
        firstProtocol: [UInt8] = Array("h2".utf8)
    ) -> JA4 {
        JA4(
            versions: versions,
            cipherSuites: suites,
            extensions: extensions,
            signatureSchemes: schemes,
            firstProtocol: firstProtocol
        )
    }

    @Test("The example, with and without GREASE")
    func example() throws {
        let expected = "t13d1516h2_8daaf6152771_e5627efa2ab1"
        #expect(try Self.ja4().text() == expected)
        let greased = Self.ja4(
            versions: [0x7A7A, 0x0304, 0x0303],
            suites: [0x2A2A] + Self.suites,
            extensions: [0xFAFA] + Self.extensions.reversed() + [0x0A0A],
            schemes: [0x1A1A] + Self.schemes
        )
        #expect(try greased.text() == expected)
    }

    @Test("Nothing to hash, too much to count, and no signature schemes")
    func edges() throws {
        #expect(try Self.ja4(schemes: []).lastPart() == "6d807ffa2a79")
        let empty = Self.ja4(versions: [0x0301], suites: [], extensions: [], schemes: [], firstProtocol: [])
        #expect(try empty.text() == "t10i000000_000000000000_000000000000")
        let many = Self.ja4(versions: [0x7F1C], suites: (0..<120).map { $0 }, extensions: [0, 16])
        #expect(try many.text().hasPrefix("t00d9902h2_"))
        #expect(try many.lastPart() == "000000000000")
    }

    @Test(
        "The first protocol's ends",
        arguments: [
            ([0xAB], "ab"), ([0x20], "20"), ([0xAB, 0xCD], "ad"), ([0x20, 0x61], "21"), ([0x30, 0xAB], "3b"),
            ([0x61, 0x20], "60"), ([0x30, 0x31, 0xAB, 0xCD], "3d"), ([0x30, 0xAB, 0xCD, 0x31], "01"), ([0x68], "hh"),
            (Array("http/1.1".utf8), "h1"), ([], "00"),
        ] as [([UInt8], String)]
    )
    func protocols(name: [UInt8], expected: String) {
        #expect(Self.ja4(firstProtocol: name).applicationProtocol == expected)
    }

    @Test("Of a ClientHello that waits for its driver")
    func waiting() throws {
        var pair = Pair()
        pair.client.applicationProtocols = ["http/1.1"]
        var client = try pair.makeClient()
        var server = try pair.makeServer(deferring: .clientHello)
        let record = Loopback.output(&client)
        try Loopback.feed(&server, record)
        guard case .clientHello(let info) = server.request else {
            Issue.record("no ClientHello waits")
            return
        }
        #expect(info.message == Array(record.dropFirst(5)))
        #expect(info.ja4?.hasPrefix("t13d") == true && info.ja4?.contains("h1_") == true)
        #expect(info.ja4?.utf8.count == 36)
    }
}
