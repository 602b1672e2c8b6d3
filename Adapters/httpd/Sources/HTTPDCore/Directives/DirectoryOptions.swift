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

        /// mod_ssl: a client's certificate as a user with a password.
        public static let fakeBasicAuthentication = Option(rawValue: 4)
        /// mod_ssl: what `SSLRequireSSL` and `SSLRequire` refuse stays refused, whatever `Satisfy` says.
        public static let strictRequirements = Option(rawValue: 8)
        /// mod_ssl: about renegotiation, which there is none of.
        public static let optimizedRenegotiation = Option(rawValue: 16)
        /// mod_ssl: distinguished names in OpenSSL's old form.
        public static let legacyNames = Option(rawValue: 32)

        static let all = Option(rawValue: 63)

        init?(name: some StringProtocol, _ language: Language) {
            switch (name.lowercased(), language) {
            case ("stdenvvars", _): self = .standardVariables
            case ("exportcertdata", _): self = .certificateData
            case ("fakebasicauth", .ssl): self = .fakeBasicAuthentication
            case ("strictrequire", .ssl): self = .strictRequirements
            case ("optrenegotiate", .ssl): self = .optimizedRenegotiation
            case ("legacydnstringformat", .ssl): self = .legacyNames
            default: return nil
            }
        }
    }

    /// Whose directive names the options.
    public enum Language: Sendable {
        /// `TLSOptions`: a line with an option without a sign replaces what was inherited.
        case tls
        /// `SSLOptions`: options without a sign replace those that were inherited.
        case ssl
    }

    /// Options switched on here.
    public private(set) var enabled: Option = []
    /// Options switched off here.
    public private(set) var disabled: Option = []

    /// Everything inherited.
    public init() {}

    /// Applies the arguments of `SSLOptions`. As with mod_ssl, one without a sign replaces whatever stands before it, on
    /// its line, too.
    public mutating func apply(ssl arguments: [String]) throws(DirectiveError) {
        for argument in arguments {
            if !argument.hasPrefix("+"), !argument.hasPrefix("-") {
                enabled = []
                disabled = .all
            }
            try apply(argument, .ssl)
        }
    }

    /// Applies the arguments of `TLSOptions`: `Name`, `+Name`, `-Name` or `Defaults`. As with mod_tls, a line on which any of
    /// them has no sign begins with none of what was inherited.
    public mutating func apply(tls arguments: [String]) throws(DirectiveError) {
        if arguments.contains(where: { !$0.hasPrefix("+") && !$0.hasPrefix("-") }) {
            enabled = []
            disabled = .all
        }
        for argument in arguments { try apply(argument, .tls) }
    }

    private mutating func apply(_ argument: String, _ language: Language) throws(DirectiveError) {
        if language == .tls && argument.lowercased() == "defaults" {
            enabled = []
            disabled = .all
            return
        }
        let name = argument.hasPrefix("+") || argument.hasPrefix("-") ? argument.dropFirst() : argument[...]
        guard let option = Option(name: name, language) else {
            let names =
                language == .tls
                ? "StdEnvVars, ExportCertData and Defaults"
                : "StdEnvVars, ExportCertData, FakeBasicAuth, StrictRequire, OptRenegotiate and LegacyDNStringFormat"
            throw DirectiveError("unknown option '\(argument)'; there are \(names)")
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
