// SPDX-License-Identifier: Apache-2.0

extension String {
    /// The first place of `part`, byte by byte.
    ///
    /// What the standard library has for this belongs to its regular expressions, whose engine would come along: a seventh of
    /// the module.
    func firstPlace(of part: String) -> Range<Index>? {
        var start = utf8.startIndex
        while !utf8[start...].starts(with: part.utf8) {
            guard start < utf8.endIndex else { return nil }
            start = utf8.index(after: start)
        }
        return start..<utf8.index(start, offsetBy: part.utf8.count)
    }

    /// Whether `part` is anywhere in the string, byte by byte.
    func has(_ part: String) -> Bool { firstPlace(of: part) != nil }
}
