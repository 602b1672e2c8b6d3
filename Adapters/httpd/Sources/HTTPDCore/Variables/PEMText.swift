// SPDX-License-Identifier: Apache-2.0

/// PEM for the variables that carry certificates (RFC 7468).
public enum PEMText {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// A certificate with its frame, 64 characters a line.
    public static func certificate(_ der: [UInt8]) -> String {
        var text: [UInt8] = []
        var column = 0
        for start in stride(from: 0, to: der.count, by: 3) {
            let count = min(3, der.count - start)
            var group = 0
            for index in 0..<3 {
                group = group << 8 | (index < count ? Int(der[start + index]) : 0)
            }
            for index in 0..<4 {
                text.append(index <= count ? alphabet[group >> (18 - 6 * index) & 63] : UInt8(ascii: "="))
            }
            column += 4
            if column == 64 {
                text.append(UInt8(ascii: "\n"))
                column = 0
            }
        }
        if column > 0 { text.append(UInt8(ascii: "\n")) }
        return "-----BEGIN CERTIFICATE-----\n\(String(decoding: text, as: UTF8.self))-----END CERTIFICATE-----\n"
    }
}
