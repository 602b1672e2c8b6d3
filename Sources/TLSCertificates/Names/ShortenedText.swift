// SPDX-License-Identifier: Apache-2.0

extension String {
    /// At most so many Unicode scalars, then an ellipsis: for names that somebody else may have chosen.
    func shortened(to count: Int) -> String {
        guard let end = unicodeScalars.index(startIndex, offsetBy: count, limitedBy: endIndex), end < endIndex else {
            return self
        }
        return String(unicodeScalars[..<end]) + "…"
    }
}
