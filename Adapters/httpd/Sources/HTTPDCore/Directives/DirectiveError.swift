// SPDX-License-Identifier: Apache-2.0

/// What is wrong with a directive's arguments, or with the directives together: a sentence for the administrator.
public struct DirectiveError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The sentence, without the directive's name.
    public let description: String

    /// An error with this sentence.
    public init(_ description: String) {
        self.description = description
    }
}
