// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import TLSCrypto

@Suite("PEM")
struct PEMTests {
    func blocks(_ text: String) throws -> [PEM.Block] {
        try PEM.blocks(in: Array(text.utf8).span)
    }

    func failure(_ text: String) -> String? {
        do {
            _ = try PEM.blocks(in: Array(text.utf8).span)
            return nil
        } catch {
            return error.description
        }
    }

    @Test("Blocks, in order, with text around them")
    func severalBlocks() throws {
        let found = try blocks(
            """
            subject=CN = one
            -----BEGIN CERTIFICATE-----
            AAEC
            AwQ=
            -----END CERTIFICATE-----
            some words -----BEGIN X-----
            \t-----BEGIN CERTIFICATE----- \r
              AA==\r
            -----END CERTIFICATE-----\r
            -----BEGIN EC PARAMETERS-----
            -----END EC PARAMETERS-----
            """
        )
        #expect(
            found == [
                PEM.Block(label: "CERTIFICATE", der: [0, 1, 2, 3, 4]),
                PEM.Block(label: "CERTIFICATE", der: [0]),
                PEM.Block(label: "EC PARAMETERS", der: []),
            ]
        )
    }

    @Test("Blocks that are not wanted are passed over, and not decoded")
    func wantedBlocks() throws {
        let text = """
            -----BEGIN PRIVATE KEY-----
            this is no Base64!
            -----END PRIVATE KEY-----
            -----BEGIN CERTIFICATE-----
            AAEC
            -----END CERTIFICATE-----
            -----BEGIN PRIVATE KEY-----
            -----BEGIN CERTIFICATE-----
            -----END PRIVATE KEY-----
            """
        func certificates(_ text: String) throws -> [PEM.Block] {
            try PEM.blocks(in: Array(text.utf8).span) { $0 == "CERTIFICATE" }
        }
        // What looks like a beginning inside a block is none.
        #expect(try certificates(text) == [PEM.Block(label: "CERTIFICATE", der: [0, 1, 2])])
        #expect(throws: PEMError.self) { try blocks(text) }
        // Their ends count.
        let begin = "-----BEGIN PRIVATE KEY-----\nAAEC\n"
        #expect(throws: PEMError.self) { try certificates(begin) }
        #expect(throws: PEMError.self) { try certificates(begin + "-----END CERTIFICATE-----\n") }
        #expect(try certificates(begin + "-----END PRIVATE KEY-----\n").isEmpty)
    }

    @Test("Files of editors that write a byte order mark, one behind the other")
    func byteOrderMarks() throws {
        let file = "\u{FEFF}-----BEGIN X-----\r\nAA==\r\n-----END X-----\r\n"
        #expect(try blocks(file + file).map(\.der) == [[0], [0]])
        #expect(try blocks("\u{FEFF}").isEmpty)
        #expect(failure("-----BEGIN X-----\nA\u{FEFF}A==\n-----END X-----") != nil)
    }

    @Test("Base64 of every length round-trips")
    func lengths() throws {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        for count in 0..<100 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 89 &+ count) }
            var text: [UInt8] = []
            for start in stride(from: 0, to: count, by: 3) {
                let group = Array(bytes[start..<min(start + 3, count)])
                let bits = (0..<3).reduce(0) { $0 << 8 | ($1 < group.count ? Int(group[$1]) : 0) }
                for i in 0..<4 {
                    text.append(i <= group.count ? alphabet[bits >> (18 - 6 * i) & 63] : UInt8(ascii: "="))
                }
            }
            for width in [4, 5, 64, 1000] {
                var lines = "-----BEGIN X-----\n"
                for start in stride(from: 0, to: text.count, by: width) {
                    lines += String(decoding: text[start..<min(start + width, text.count)], as: UTF8.self) + "\n"
                }
                #expect(try blocks(lines + "-----END X-----") == [PEM.Block(label: "X", der: bytes)])
            }
        }
    }

    @Test("Many lines move what was decoded only a few times")
    func manyLines() {
        var decoder = Base64Decoder()
        let line = [UInt8](repeating: UInt8(ascii: "A"), count: 64)
        var capacities: Set<Int> = []
        for _ in 0..<1000 {
            let isBase64 = decoder.append(line.span)
            #expect(isBase64)
            capacities.insert(decoder.bytes.capacity)
        }
        let decoded = decoder.finish()
        #expect(decoded?.count == 48_000)
        // Doubling from 48 bytes to 48 000 takes ten steps; one step for every line would be quadratic work.
        #expect(capacities.count < 30)
    }

    @Test("Headers end at an empty line")
    func headers() throws {
        let found = try blocks(
            """
            -----BEGIN RSA PRIVATE KEY-----
            Proc-Type: 4,ENCRYPTED
            DEK-Info: AES-256-CBC,00

            AAAA
            -----END RSA PRIVATE KEY-----
            """
        )
        #expect(found == [PEM.Block(label: "RSA PRIVATE KEY", der: [0, 0, 0], isEncrypted: true)])
    }

    @Test("Damage is named")
    func damage() {
        #expect(failure("-----BEGIN A-----\nAAAA\n") == "The PEM block A has no end.")
        #expect(failure("-----BEGIN A-----\nAAAA\n-----END B-----") == "The PEM block A ends as B.")
        #expect(failure("-----BEGIN A-----\nAA*A\n-----END A-----") == "Line 2, in the PEM block A, is not Base64.")
        #expect(failure("-----BEGIN A-----\n-----BEGIN A-----\n") == "Line 2, in the PEM block A, is not Base64.")
        for body in ["A", "AA", "AAA", "AA=", "AAAAA===", "AA==AA==", "=AAA", "====", "A==="] {
            #expect(failure("-----BEGIN A-----\n\(body)\n-----END A-----") != nil, "\(body)")
        }
        #expect(failure("-----BEGIN \u{7}-----\nx") == nil)
        #expect(failure("-----BEGIN -----") == "The PEM block  has no end.")
        #expect(failure("-----BEGIN ----") == nil)
    }
}
