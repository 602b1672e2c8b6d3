// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import SafeTLSCommand

struct OutputTests {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00Z"),
        (951_782_399, "2000-02-28T23:59:59Z"),
        (951_782_400, "2000-02-29T00:00:00Z"),
        (1_795_446_245, "2026-11-23T15:04:05Z"),
        (4_107_542_400, "2100-03-01T00:00:00Z"),
        (-1, "1969-12-31T23:59:59Z"),
        (253_402_300_799, "9999-12-31T23:59:59Z"),
    ])
    func dates(seconds: Int64, text: String) {
        #expect(date(seconds) == text)
    }

    @Test func findsTheEndOfAnHTTPHead() {
        #expect(endOfHead(in: Array("HTTP/1.1 200 OK\r\n\r\nbody".utf8)) == 19)
        #expect(endOfHead(in: Array("HTTP/1.1 200 OK\r\n\r".utf8)) == nil)
        #expect(endOfHead(in: Array("\r\n\r\n".utf8)) == 4)
        #expect(endOfHead(in: []) == nil)
    }

    @Test func writesJSON() throws {
        let text = "a\"b\\c\nd\u{1B}[2J\u{202E}\u{E0001}é"
        let value = JSON.object([
            ("text", .string(text)), ("none", JSON(nil)), ("list", .array([.number(-1), .bool(true), .array([])])),
            ("empty", .object([])),
        ])
        let parsed = try JSONSerialization.jsonObject(with: Data(value.text.utf8)) as? [String: Any]
        #expect(parsed?["text"] as? String == text)
        #expect(parsed?["none"] is NSNull)
        #expect((parsed?["list"] as? [Any])?.first as? Int == -1)
        #expect((parsed?["empty"] as? [String: Any])?.isEmpty == true)
        // What a terminal would act upon is not in it.
        #expect(!value.text.unicodeScalars.contains { $0.isInvisible && $0 != "\n" })
    }

    @Test func writesPEM() throws {
        for count in [0, 1, 2, 3, 47, 48, 49, 100] {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37) }
            #expect(base64(bytes) == Data(bytes).base64EncodedString())
            #expect(pem(bytes).split(separator: "\n").allSatisfy { $0.utf8.count <= 64 })
        }
    }

    @Test func showsWhatTerminalsWouldActUpon() {
        #expect(printable("a\u{1B}[2Jb\u{202E}\u{200B}é") == "a\\u{1b}[2Jb\\u{202e}\\u{200b}é")
        #expect(printable([0xFF, 0x61]) == "\u{FFFD}a")
        #expect(fingerprint([0, 10, 255]) == "00:0A:FF")
    }
}
