// SPDX-License-Identifier: Apache-2.0

/// Reads as much of JSON as the files of mod_md need that are looked at. Anybody may have written them: words are bytes, since what
/// compares strings first brings their marks into an order, which takes minutes for some.
enum FlatJSON {
    /// Longer words are empty: no name and no value that is looked at has so many bytes.
    private static let longestWord = 256

    /// The strings, numbers and literals that are members of the outermost object and have one of these names. What is nested is
    /// passed over; of what is no JSON nothing is said.
    static func members(_ wanted: [String], of text: Span<UInt8>) -> [String: [UInt8]] {
        places(wanted, of: text).mapValues { word(in: text, at: $0) }
    }

    /// Where these members stand, strings without their quotes and as they are written.
    static func places(_ wanted: [String], of text: Span<UInt8>) -> [String: Range<Int>] {
        var members: [String: Range<Int>] = [:]
        var (depth, position) = (0, 0)
        var name: Range<Int>?
        while position < text.count, isBlank(text[position]) { position += 1 }
        guard position < text.count, text[position] == UInt8(ascii: "{") else { return members }
        while position < text.count {
            switch text[position] {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                position += 1
                name = nil
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                position += 1
            case UInt8(ascii: ","), UInt8(ascii: ":"):
                position += 1
            case let byte where isBlank(byte):
                position += 1
            default:
                guard let (place, end) = place(in: text, from: position) else { return members }
                position = end
                guard depth == 1 else { continue }
                if let known = name {
                    let bytes = word(in: text, at: known)
                    if let member = wanted.first(where: { $0.utf8.elementsEqual(bytes) }) { members[member] = place }
                    name = nil
                } else {
                    name = place
                }
            }
        }
        return members
    }

    private static func isBlank(_ byte: UInt8) -> Bool { " \n\r\t".utf8.contains(byte) }

    /// A string between its quotes, or what else stands between two marks, and where the text goes on.
    private static func place(in text: Span<UInt8>, from start: Int) -> (Range<Int>, next: Int)? {
        var position = start
        guard text[start] == UInt8(ascii: "\"") else {
            while position < text.count, !isBlank(text[position]), !",:]}\"[{".utf8.contains(text[position]) {
                position += 1
            }
            return (start..<position, max(position, start + 1))
        }
        position += 1
        while position < text.count {
            switch text[position] {
            case UInt8(ascii: "\""): return (start + 1..<position, position + 1)
            // Of what is escaped only quotes have to be told from the end.
            case UInt8(ascii: "\\"): position += 2
            default: position += 1
            }
        }
        return nil
    }

    private static func word(in text: Span<UInt8>, at place: Range<Int>) -> [UInt8] {
        var bytes: [UInt8] = []
        var position = place.lowerBound
        while position < place.upperBound {
            if text[position] == UInt8(ascii: "\\"), position + 1 < place.upperBound { position += 1 }
            guard bytes.count < longestWord else { return [] }
            bytes.append(text[position])
            position += 1
        }
        return bytes
    }
}
