// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// IP addresses as text (RFC 3986 §3.2.2, RFC 5952) and as the bytes that certificates hold.
enum IPAddress {
    /// Reads `192.0.2.1`: four decimal numbers without leading zeros.
    static func parseIPv4(_ text: Span<UInt8>) -> UInt32? {
        guard text.count <= 15 else { return nil }
        var address: UInt32 = 0
        var parts = 0
        var value: UInt32 = 0
        var digits = 0
        for index in 0...text.count {
            let byte = index < text.count ? text[index] : UInt8(ascii: ".")
            switch byte {
            case UInt8(ascii: "."):
                guard digits > 0, parts < 4 else { return nil }
                address = address << 8 | value
                parts += 1
                value = 0
                digits = 0
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                // A leading zero means octal to some readers.
                guard digits == 0 || value > 0 else { return nil }
                value = value * 10 + UInt32(byte - UInt8(ascii: "0"))
                digits += 1
                guard value <= 255 else { return nil }
            default:
                return nil
            }
        }
        return parts == 4 ? address : nil
    }

    /// Reads `2001:db8::1`, with the last two groups possibly as IPv4; no zone, no brackets.
    static func parseIPv6(_ text: Span<UInt8>) -> UInt128? {
        guard (2...45).contains(text.count), contains(text, UInt8(ascii: ":")) else { return nil }
        var groups: [8 of UInt16] = .init(repeating: 0)
        var count = 0
        var gap: Int?
        var index = 0
        if text[0] == UInt8(ascii: ":") {
            guard text[1] == UInt8(ascii: ":") else { return nil }
            gap = 0
            index = 2
        }
        while index < text.count {
            guard count < 8 else { return nil }
            let start = index
            var value: UInt32 = 0
            while index < text.count, let digit = hexadecimalValue(text[index]) {
                guard index - start < 4 else { return nil }
                value = value << 4 | UInt32(digit)
                index += 1
            }
            if index < text.count, text[index] == UInt8(ascii: ".") {
                guard count <= 6, let tail = parseIPv4(text.extracting(start..<text.count)) else { return nil }
                groups[count] = UInt16(truncatingIfNeeded: tail >> 16)
                groups[count + 1] = UInt16(truncatingIfNeeded: tail)
                count += 2
                break
            }
            guard index > start else { return nil }
            groups[count] = UInt16(truncatingIfNeeded: value)
            count += 1
            guard index < text.count else { break }
            guard text[index] == UInt8(ascii: ":"), index + 1 < text.count else { return nil }
            index += 1
            if text[index] == UInt8(ascii: ":") {
                guard gap == nil else { return nil }
                gap = count
                index += 1
            }
        }
        // "::" stands for one group of zeros or more.
        guard gap == nil ? count == 8 : count < 8 else { return nil }
        let zeros = 8 - count
        var address: UInt128 = 0
        for position in 0..<8 {
            let group: UInt16
            switch gap {
            case .some(let gap) where position >= gap + zeros: group = groups[position - zeros]
            case .some(let gap) where position >= gap: group = 0
            default: group = groups[position]
            }
            address = address << 16 | UInt128(group)
        }
        return address
    }

    static func describe(ipv4 address: UInt32) -> String {
        (0..<4).map { String(address >> UInt32(24 - 8 * $0) & 0xFF) }.joined(separator: ".")
    }

    /// The form of RFC 5952: lower case, the longest run of two or more zero groups as "::", the first of equals.
    static func describe(ipv6 address: UInt128) -> String {
        let groups = (0..<8).map { UInt16(truncatingIfNeeded: address >> UInt128(112 - 16 * $0)) }
        var longest = 0..<0
        var run = 0..<0
        for (index, group) in groups.enumerated() {
            run = group == 0 ? (run.upperBound == index && !run.isEmpty ? run.lowerBound : index)..<index + 1 : 0..<0
            if run.count > longest.count { longest = run }
        }
        func text(_ range: Range<Int>) -> String {
            groups[range].map { String($0, radix: 16) }.joined(separator: ":")
        }
        guard longest.count >= 2 else { return text(0..<8) }
        return text(0..<longest.lowerBound) + "::" + text(longest.upperBound..<8)
    }

    /// An address of a certificate as text, its bytes in hexadecimal if it has neither 4 nor 16 of them.
    static func describe(_ bytes: [UInt8]) -> String {
        switch bytes.count {
        case 4: describe(ipv4: bytes.reduce(0) { $0 << 8 | UInt32($1) })
        case 16: describe(ipv6: bytes.reduce(0) { $0 << 8 | UInt128($1) })
        default: bytes.prefix(32).map(hexadecimal).joined()
        }
    }

    /// Whether the mask of a constraint is a run of ones followed by zeros (RFC 5280 §4.2.1.10, RFC 4632).
    static func isPrefixMask(_ mask: Span<UInt8>) -> Bool {
        var isEnded = false
        for index in mask.indices {
            let byte = mask[index]
            if isEnded && byte != 0 { return false }
            if byte != 0xFF {
                guard (~byte &+ 1) & ~byte == 0 else { return false }
                isEnded = true
            }
        }
        return true
    }

    private static func hexadecimalValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
