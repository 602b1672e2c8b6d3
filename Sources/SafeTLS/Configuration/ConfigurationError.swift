// SPDX-License-Identifier: Apache-2.0

/// A configuration that cannot work or would not be secure, found before any connection exists.
public struct ConfigurationError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The file the mistake is in, when there is one.
    public let file: String?
    /// What is wrong, as a sentence without the file's name.
    public let reason: String

    /// Creates an error.
    public init(file: String? = nil, reason: String) {
        self.file = file
        self.reason = reason
    }

    /// The file and the reason in one line.
    public var description: String {
        guard let file else { return reason }
        return "\(file): \(reason)"
    }
}
