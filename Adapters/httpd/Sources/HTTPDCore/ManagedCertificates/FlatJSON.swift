// SPDX-License-Identifier: Apache-2.0

/// Reads as much of JSON as the files of mod_md need that are looked at. Anybody may have written them: words are bytes, since what
/// compares strings first brings their marks into an order, which takes minutes for some.
enum FlatJSON {
    /// Longer words are empty: no name and no value that is looked at has so many bytes.
    private static let longestWord = 256

    /// The strings, numbers and literals that are members of the outermost object and have one of these names. What is nested is
    /// passed over; of what is no JSON nothing is said.
    static func members(_ wanted: [String], of text: [UInt8]) -> [String: [UInt8]] {
        guard text.first(where: { !" \n\r\t".utf8.contains($0) }) == UInt8(ascii: "{") else { return [:] }
        var members: [String: [UInt8]] = [:]
        var (depth, position) = (0, 0)
        var name: [UInt8]?
        while position < text.count {
            switch text[position] {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                position += 1
                name = nil
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                position += 1
            case UInt8(ascii: ","), UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"),
                UInt8(ascii: ":"):
                position += 1
            default:
                guard let (word, end) = word(in: text, at: position) else { return members }
                position = end
                guard depth == 1 else { continue }
                if let known = name {
                    if let member = wanted.first(where: { $0.utf8.elementsEqual(known) }) { members[member] = word }
                    name = nil
                } else {
                    name = word
                }
            }
        }
        return members
    }

    /// A string without its quotes, or what else stands between two marks, and where it ends.
    private static func word(in text: [UInt8], at start: Int) -> ([UInt8], end: Int)? {
        guard text[start] == UInt8(ascii: "\"") else {
            let end = text[start...].firstIndex { ",:]}\"[{ \n\r\t".utf8.contains($0) } ?? text.count
            return (end - start > longestWord ? [] : Array(text[start..<end]), max(end, start + 1))
        }
        var bytes: [UInt8] = []
        var position = start + 1
        while position < text.count {
            switch text[position] {
            case UInt8(ascii: "\""): return (bytes.count > longestWord ? [] : bytes, position + 1)
            case UInt8(ascii: "\\"):
                // Of what is escaped only quotes have to be told from the end.
                guard position + 1 < text.count else { return nil }
                bytes.append(text[position + 1])
                position += 2
            default:
                bytes.append(text[position])
                position += 1
            }
        }
        return nil
    }
}
