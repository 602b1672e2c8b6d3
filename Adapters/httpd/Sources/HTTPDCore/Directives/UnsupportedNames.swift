// SPDX-License-Identifier: Apache-2.0
import SafeTLS

/// What lists in OpenSSL's language name and this library has not: passed over, as OpenSSL passes over what it does not know,
/// but not without a word.
///
/// Only names of single suites, groups and signature algorithms count. Words for whole classes, such as `HIGH` or `RC4`, and
/// what is to be left out, ask for nothing that there has to be.
enum UnsupportedNames {
    /// A sentence about the names, nil when there are none.
    static func warning(_ names: [String]) -> String? {
        guard !names.isEmpty else { return nil }
        let shown = 8
        let rest = names.count > shown ? " and \(names.count - shown) more" : ""
        return "not supported, and never used: \(names.prefix(shown).joined(separator: ", "))\(rest)"
    }

    /// Cipher suites of TLS 1.2 in a list like `HIGH:ECDHE-RSA-AES128-SHA:!aNULL`.
    static func suites(in text: String) -> [String] {
        words(text).filter { word in
            guard let first = word.first, first.isLetter || first.isNumber, CipherSuite(name: word) == nil else {
                return false
            }
            return word.contains("-") || word.uppercased().hasPrefix("TLS_")
        }
    }

    /// Cipher suites of TLS 1.3.
    static func suitesTLS13(in text: String) -> [String] {
        words(text).filter { CipherSuite(name: $0).map { $0.rawValue >> 8 != 0x13 } ?? true }
    }

    /// A sentence about a list of suites of TLS 1.2: about the names in it, and its level of security.
    static func warning(aboutSuites text: String) -> String? {
        let sentences = [warning(suites(in: text)), OpenSSLCipherString.levelWarning(SystemProfile.expand(text))]
        let said = sentences.compactMap { $0 }
        return said.isEmpty ? nil : said.joined(separator: "; ")
    }

    /// The same about the arguments of `SSLCipherSuite` and `SSLProxyCipherSuite`.
    static func warning(aboutSuites arguments: [String]) -> String? {
        guard arguments.count == 2, arguments[0].lowercased() == "tlsv1.3" else {
            return warning(aboutSuites: arguments.last ?? "")
        }
        return warning(suitesTLS13(in: arguments[1]))
    }

    /// Key exchange groups. A question mark is OpenSSL's for what may be unknown.
    static func groups(in text: String) -> [String] {
        text.split(whereSeparator: { ":,/".contains($0) || $0.isWhitespace }).map(String.init).filter { word in
            let name = String(word.drop { "*+".contains($0) })
            guard let first = name.first, first != "-", first != "?" else { return false }
            return NamedGroup(name: name) == nil && !["automatic", "auto", "default"].contains(name.lowercased())
        }
    }

    /// Signature algorithms, also those that libcrypto lacks, with the reason.
    static func signatureSchemes(in text: String) -> [String] {
        words(text).filter { !$0.hasPrefix("?") }.compactMap { word in
            guard let scheme = NameLists.schemes(word.lowercased()).first else { return word }
            return scheme.obstacle.map { "\(word) (\($0))" }
        }
    }

    private static func words(_ text: String) -> [String] {
        text.split(whereSeparator: { ":,;".contains($0) || $0.isWhitespace }).map(String.init)
    }
}
