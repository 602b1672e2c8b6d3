// SPDX-License-Identifier: Apache-2.0

/// A text's lines, one at a time, without the white space around them.
struct PEMLines: ~Escapable {
    private let text: Span<UInt8>
    private var next = 0
    private var range = 0..<0

    /// The current line's number, from 1.
    private(set) var number = 0

    @_lifetime(copy text)
    init(_ text: Span<UInt8>) {
        self.text = text
    }

    /// The current line.
    var line: Span<UInt8> {
        @_lifetime(copy self)
        get { text.extracting(range) }
    }

    var isBlank: Bool { range.isEmpty }

    /// Goes to the next line, if there is one.
    @_lifetime(self: copy self)
    mutating func advance() -> Bool {
        guard next < text.count else { return false }
        var start = next
        var end = start
        while end < text.count, text[end] != UInt8(ascii: "\n") { end += 1 }
        next = end + 1
        // Editors begin files with a byte order mark, and files may stand one behind the other.
        if end - start >= 3, text[start] == 0xEF, text[start + 1] == 0xBB, text[start + 2] == 0xBF { start += 3 }
        while start < end, Self.isSpace(text[start]) { start += 1 }
        while end > start, Self.isSpace(text[end - 1]) { end -= 1 }
        range = start..<end
        number += 1
        return true
    }

    /// The label, when the line is `prefix`, a label and five dashes.
    func label(after prefix: String) -> String? {
        guard starts(with: prefix), range.count >= prefix.utf8.count + 5 else { return nil }
        let label = range.lowerBound + prefix.utf8.count..<range.upperBound - 5
        for i in range.upperBound - 5..<range.upperBound where text[i] != UInt8(ascii: "-") {
            return nil
        }
        var characters: [UInt8] = []
        for i in label {
            guard (0x20...0x7E).contains(text[i]) else { return nil }
            characters.append(text[i])
        }
        return String(decoding: characters, as: UTF8.self)
    }

    /// Whether the line is a header of RFC 1421.
    var hasHeader: Bool {
        for i in range where text[i] == UInt8(ascii: ":") {
            return true
        }
        return false
    }

    /// Whether the line is the header of a key that OpenSSL has encrypted in the old way.
    var saysEncrypted: Bool {
        starts(with: "Proc-Type:") && line.count >= 9 && text[range.upperBound - 1] == UInt8(ascii: "D")
    }

    private func starts(with prefix: String) -> Bool {
        guard range.count >= prefix.utf8.count else { return false }
        var i = range.lowerBound
        for byte in prefix.utf8 {
            if text[i] != byte { return false }
            i += 1
        }
        return true
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0D
    }
}
