// SPDX-License-Identifier: Apache-2.0
public import SafeTLS

/// Arguments of `TLSCiphersPrefer` and `TLSCiphersSuppress`.
public enum CipherSuiteList {
    /// Parses names in IANA's or OpenSSL's spelling, any case, separated by colons, commas or spaces.
    ///
    /// An unknown name is an error, because a typing mistake must not leave a suite in use that was to be suppressed.
    public static func parse(_ arguments: [String]) throws(DirectiveError) -> [CipherSuite] {
        var suites: [CipherSuite] = []
        for argument in arguments {
            for name in argument.split(whereSeparator: { $0 == ":" || $0 == "," || $0.isWhitespace }) {
                guard let suite = CipherSuite(name: String(name)) else {
                    throw DirectiveError("unknown or unsupported cipher suite '\(name)'")
                }
                if !suites.contains(suite) {
                    suites.append(suite)
                }
            }
        }
        guard !suites.isEmpty else { throw DirectiveError("no cipher suite is named") }
        return suites
    }

    /// The supported suites in their order of preference after both directives were applied.
    public static func resolve(preferred: [CipherSuite], suppressed: [CipherSuite]) -> [CipherSuite] {
        let rest = CipherSuite.supported.filter { !preferred.contains($0) }
        return (preferred + rest).filter { !suppressed.contains($0) }
    }

    /// Whether none of the suites can be used with a version: those of TLS 1.3 have numbers of their own.
    static func isEmpty(_ suites: [CipherSuite], for version: ProtocolVersion) -> Bool {
        !suites.contains { ($0.rawValue >> 8 == 0x13) == (version == .tls13) }
    }
}
