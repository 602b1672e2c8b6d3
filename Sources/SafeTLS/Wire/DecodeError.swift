// SPDX-License-Identifier: Apache-2.0

/// Why a handshake message could not be read, and which alert says so.
struct DecodeError: Error, Equatable, Sendable, CustomStringConvertible {
    enum Problem: Equatable, Sendable {
        /// A length points past the end of what holds it.
        case truncated
        /// Bytes are left after the last field.
        case trailingBytes
        /// The bytes do not follow the message's grammar.
        case malformed(String)
        /// The grammar is followed and a value is not allowed (RFC 9846 §6.2, illegal_parameter).
        case illegalParameter(String)
    }

    let problem: Problem
    /// The extension in which it happened.
    var extensionType: ExtensionType?

    private init(_ problem: Problem, _ extensionType: ExtensionType? = nil) {
        self.problem = problem
        self.extensionType = extensionType
    }

    static let truncated = DecodeError(.truncated)
    static let trailingBytes = DecodeError(.trailingBytes)

    static func malformed(_ why: String) -> DecodeError {
        DecodeError(.malformed(why))
    }

    static func illegalParameter(_ why: String) -> DecodeError {
        DecodeError(.illegalParameter(why))
    }

    /// RFC 9846 §4.3 forbids a repeated type and names no alert: the message does decode, so the value is illegal.
    static func duplicateExtension(_ type: ExtensionType) -> DecodeError {
        DecodeError(.illegalParameter("appears twice"), type)
    }

    func located(in type: ExtensionType) -> DecodeError {
        DecodeError(problem, extensionType ?? type)
    }

    /// The alert to send: decode_error for grammar, illegal_parameter for values.
    var alert: AlertDescription {
        if case .illegalParameter = problem { .illegalParameter } else { .decodeError }
    }

    var description: String {
        let what =
            switch problem {
            case .truncated: "ends too early"
            case .trailingBytes: "has bytes after its end"
            case .malformed(let why), .illegalParameter(let why): why
            }
        guard let extensionType else { return what }
        return "extension \(extensionType.name): \(what)"
    }
}
