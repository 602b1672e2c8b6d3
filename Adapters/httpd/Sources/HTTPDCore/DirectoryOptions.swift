// SPDX-License-Identifier: Apache-2.0

/// `TLSOptions` of one server, directory or location: what it switches on, what it switches off, the rest inherited.
///
/// A trivial value, so that the merge that httpd does for every request costs no allocation.
public struct DirectoryOptions: Equatable, Sendable, BitwiseCopyable {
    /// The options there are.
    public struct Option: OptionSet, Sendable, BitwiseCopyable {
        /// One bit an option.
        public let rawValue: UInt8

        /// A set with these bits.
        public init(rawValue: UInt8) {
            self.rawValue = rawValue
        }

        /// The connection's properties as environment variables, `SSL_PROTOCOL` and so on.
        public static let standardVariables = Option(rawValue: 1)
        /// The certificates in PEM as environment variables.
        public static let certificateData = Option(rawValue: 2)

        static let all: Option = [.standardVariables, .certificateData]

        init?(name: some StringProtocol) {
            switch name.lowercased() {
            case "stdenvvars": self = .standardVariables
            case "exportcertdata": self = .certificateData
            default: return nil
            }
        }
    }

    /// Options switched on here.
    public private(set) var enabled: Option = []
    /// Options switched off here.
    public private(set) var disabled: Option = []

    /// Everything inherited.
    public init() {}

    /// Applies one argument of `TLSOptions`: `Name`, `+Name`, `-Name` or `Defaults`.
    public mutating func apply(_ argument: String) throws(DirectiveError) {
        if argument.lowercased() == "defaults" {
            enabled = []
            disabled = .all
            return
        }
        let name = argument.hasPrefix("+") || argument.hasPrefix("-") ? argument.dropFirst() : argument[...]
        guard let option = Option(name: name) else {
            throw DirectiveError("unknown option '\(argument)'; there are StdEnvVars, ExportCertData and Defaults")
        }
        if argument.hasPrefix("-") {
            enabled.subtract(option)
            disabled.formUnion(option)
        } else {
            enabled.formUnion(option)
            disabled.subtract(option)
        }
    }

    /// What holds where both apply and `self` is the inner of the two.
    public func merged(onto outer: DirectoryOptions) -> DirectoryOptions {
        var result = DirectoryOptions()
        result.enabled = outer.enabled.subtracting(disabled).union(enabled)
        result.disabled = outer.disabled.subtracting(enabled).union(disabled)
        return result
    }
}
