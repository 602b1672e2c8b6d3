// SPDX-License-Identifier: Apache-2.0

/// What is wrong with a directive's arguments, or with the directives together: a sentence for the administrator.
public struct DirectiveError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The sentence, without the directive's name.
    public let description: String

    /// Whether it may be gone without a change of what is read: as when a process has as many files open as it may have.
    public let isPassing: Bool

    /// An error with this sentence.
    public init(_ description: String, isPassing: Bool = false) {
        self.description = description
        self.isPassing = isPassing
    }
}
