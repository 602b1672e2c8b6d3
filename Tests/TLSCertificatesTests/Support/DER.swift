// SPDX-License-Identifier: Apache-2.0

/// Writes DER, for certificates that no tool would make.
enum DER {
    static func value(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
        var length: [UInt8] = []
        var rest = content.count
        while rest > 0 {
            length.insert(UInt8(rest & 0xFF), at: 0)
            rest >>= 8
        }
        if content.count < 0x80 { return [tag, UInt8(content.count)] + content }
        return [tag, 0x80 | UInt8(length.count)] + length + content
    }

    static func sequence(_ parts: [UInt8]...) -> [UInt8] { value(0x30, parts.flatMap { $0 }) }
    static func sequence(of parts: [[UInt8]]) -> [UInt8] { value(0x30, parts.flatMap { $0 }) }
    static func set(_ parts: [UInt8]...) -> [UInt8] { value(0x31, parts.flatMap { $0 }) }
    static func context(_ number: UInt8, _ content: [UInt8]) -> [UInt8] { value(0x80 | number, content) }
    static func explicit(_ number: UInt8, _ content: [UInt8]) -> [UInt8] { value(0xA0 | number, content) }
    static func integer(_ number: UInt8) -> [UInt8] { value(2, number < 0x80 ? [number] : [0, number]) }
    static func boolean(_ flag: Bool) -> [UInt8] { value(1, [flag ? 0xFF : 0x00]) }
    static func octets(_ content: [UInt8]) -> [UInt8] { value(4, content) }
    static func bits(_ content: [UInt8], unused: UInt8 = 0) -> [UInt8] { value(3, [unused] + content) }
    static func utf8(_ text: String) -> [UInt8] { value(0x0C, Array(text.utf8)) }
    static func printable(_ text: String) -> [UInt8] { value(0x13, Array(text.utf8)) }
    static let null: [UInt8] = [5, 0]

    static func object(_ dotted: String) -> [UInt8] {
        let arcs = dotted.split(separator: ".").compactMap { UInt64($0) }
        var content: [UInt8] = []
        for arc in [arcs[0] * 40 + arcs[1]] + arcs.dropFirst(2) {
            var digits = [UInt8(arc & 0x7F)]
            var rest = arc >> 7
            while rest > 0 {
                digits.insert(UInt8(rest & 0x7F) | 0x80, at: 0)
                rest >>= 7
            }
            content += digits
        }
        return value(6, content)
    }

    /// A Name of one common name per argument, the first one outermost.
    static func name(_ commonNames: String...) -> [UInt8] {
        sequence(of: commonNames.map { set(sequence(object("2.5.4.3"), utf8($0))) })
    }

    /// A UTCTime or GeneralizedTime from its digits.
    static func time(_ digits: String) -> [UInt8] { value(digits.count == 13 ? 0x17 : 0x18, Array(digits.utf8)) }
}

/// Reads Base64, without padding checks.
func base64(_ text: String) -> [UInt8] {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var bits: UInt32 = 0
    var count = 0
    var result: [UInt8] = []
    for byte in text.utf8 {
        guard let value = alphabet.firstIndex(of: byte) else { continue }
        bits = bits << 6 | UInt32(value)
        count += 6
        if count >= 8 {
            count -= 8
            result.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
        }
    }
    return result
}

enum DERText {
    /// Writes Base64 without padding.
    static func base64(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        var result = ""
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let part = bytes[start..<min(start + 3, bytes.count)]
            let bits = part.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << UInt32(8 * (3 - part.count))
            for index in 0...part.count { result.append(alphabet[Int(bits >> UInt32(18 - 6 * index) & 63)]) }
        }
        return result
    }
}
