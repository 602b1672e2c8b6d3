// SPDX-License-Identifier: Apache-2.0
public import SafeTLS

/// Arguments of `TLSCiphersPrefer` and `TLSCiphersSuppress`.
public enum CipherSuiteList {
    /// Parses names in IANA's or OpenSSL's spelling or as numbers (`TLS_CIPHER_0xc02f`), any case, separated by colons, commas
    /// or spaces; gives a sentence for those that are not supported.
    ///
    /// An unknown name is an error, because a typing mistake must not leave a suite in use that was to be suppressed.
    public static func parse(
        _ arguments: [String]
    ) throws(DirectiveError) -> (suites: [CipherSuite], warning: String?) {
        var suites: [CipherSuite] = []
        var unsupported: [String] = []
        for argument in arguments {
            for name in argument.split(whereSeparator: { $0 == ":" || $0 == "," || $0.isWhitespace }) {
                guard let suite = try suite(String(name)) else {
                    unsupported.append(String(name))
                    continue
                }
                if !suites.contains(suite) {
                    suites.append(suite)
                }
            }
        }
        guard !suites.isEmpty || !unsupported.isEmpty else { throw DirectiveError("no cipher suite is named") }
        let warning =
            unsupported.isEmpty
            ? nil : "not supported, and never used anyway: \(unsupported.joined(separator: ", "))"
        return (suites, warning)
    }

    /// The same, or the single word `default` for none.
    static func parseOrDefault(
        _ arguments: [String]
    ) throws(DirectiveError) -> (suites: [CipherSuite], warning: String?) {
        arguments.map({ $0.lowercased() }) == ["default"] ? ([], nil) : try parse(arguments)
    }

    /// A suite by its name; nil for one that exists and is not supported.
    private static func suite(_ name: String) throws(DirectiveError) -> CipherSuite? {
        if let suite = CipherSuite(name: name) { return suite }
        let lower = name.lowercased()
        // The names of mod_tls for the suites of TLS 1.3.
        if lower.hasPrefix("tls13_"), let suite = CipherSuite(name: "tls_" + lower.dropFirst(6)) { return suite }
        if lower.hasPrefix("tls_cipher_0x"), lower.utf8.count == 17, let number = UInt16(lower.suffix(4), radix: 16) {
            return CipherSuite.supported.first { $0.rawValue == number }
        }
        guard isKnown(lower) else { throw DirectiveError("unknown cipher suite '\(name)'") }
        return nil
    }

    /// Whether a name is made as those of suites are: key exchange, authentication, cipher and hash that there once were.
    private static func isKnown(_ name: String) -> Bool {
        let parts = name.split(whereSeparator: { $0 == "-" || $0 == "_" }).map(String.init)
        guard parts.count >= 2 else { return false }
        let words: Set<String> = [
            "tls", "ssl", "fips", "with", "dhe", "ecdhe", "dh", "ecdh", "edh", "adh", "aecdh", "rsa", "ecdsa", "dss",
            "psk", "anon",
            "srp",
            "krb5", "kx", "exp", "export", "gost", "aes", "aes128", "aes256", "128", "256", "40", "56", "cbc", "cbc3",
            "ede",
            "gcm", "ccm", "ccm8", "8", "3des", "des", "rc4", "rc2", "idea", "seed", "camellia", "camellia128",
            "camellia256",
            "aria", "aria128", "aria256", "aria128gcm", "aria256gcm", "chacha20", "poly1305", "null", "md5", "sha",
            "sha1",
            "sha256", "sha384", "sm3", "sm4", "eccpwd", "1024", "export1024", "ecdhepsk", "dhepsk", "rsapsk", "old",
        ]
        return parts.allSatisfy(words.contains)
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
