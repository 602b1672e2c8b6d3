// SPDX-License-Identifier: Apache-2.0

/// Decodes Base64 (RFC 4648 §4) that comes in pieces.
///
/// It keeps no more than three bytes of what it decodes: the rest goes where its caller says, to an array or to memory that
/// is wiped.
struct Base64Groups {
    private var bits: UInt32 = 0
    private var characters = 0
    private var padding = 0

    /// Decodes `text`; false when a character does not belong there.
    ///
    /// White space is the only thing skipped.
    mutating func append(_ text: Span<UInt8>, to output: (UInt8) -> Void) -> Bool {
        for i in text.indices {
            let character = text[i]
            if character == UInt8(ascii: "=") {
                padding += 1
                guard padding <= 2 else { return false }
                continue
            }
            if character == 0x20 || character == 0x09 { continue }
            guard padding == 0, let value = Self.value(of: character) else { return false }
            bits = bits << 6 | UInt32(value)
            characters += 1
            if characters == 4 {
                output(UInt8(truncatingIfNeeded: bits >> 16))
                output(UInt8(truncatingIfNeeded: bits >> 8))
                output(UInt8(truncatingIfNeeded: bits))
                characters = 0
                bits = 0
            }
        }
        return true
    }

    /// Decodes what is left; false when the text stopped in the middle.
    mutating func finish(to output: (UInt8) -> Void) -> Bool {
        switch (characters, padding) {
        case (0, 0):
            break
        case (2, 2):
            output(UInt8(truncatingIfNeeded: bits >> 4))
        case (3, 1):
            output(UInt8(truncatingIfNeeded: bits >> 10))
            output(UInt8(truncatingIfNeeded: bits >> 2))
        default:
            return false
        }
        return true
    }

    private static func value(of character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): character - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): character - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}

/// Decodes Base64 that comes in pieces into an array: nothing secret.
package struct Base64Decoder {
    /// What is decoded so far.
    package private(set) var bytes: [UInt8] = []
    private var groups = Base64Groups()

    package init() {}

    /// Decodes `text`; false when a character does not belong there.
    package mutating func append(_ text: Span<UInt8>) -> Bool { groups.append(text) { bytes.append($0) } }

    /// The decoded bytes, or nil when the text stopped in the middle.
    package mutating func finish() -> [UInt8]? { groups.finish { bytes.append($0) } ? bytes : nil }
}
