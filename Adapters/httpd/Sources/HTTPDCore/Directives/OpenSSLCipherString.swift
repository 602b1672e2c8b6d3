// SPDX-License-Identifier: Apache-2.0
public import SafeTLS

/// Lists of cipher suites in OpenSSL's language, as `SSLCipherSuite` takes them: `HIGH:!aNULL`, `ECDHE+AESGCM`,
/// `EECDH+ECDSA+AESGCM !aNULL`, `PROFILE=SYSTEM`.
///
/// The words select among the suites of TLS 1.2 that are supported. Suites and words that are unknown, or stand for what
/// is not supported, select nothing, as in OpenSSL: the lists of administrators name many that came and went.
public enum OpenSSLCipherString {
    /// The suites of TLS 1.2 in OpenSSL's order of strength.
    static let all: [CipherSuite] = [
        .ecdheECDSAWithAES256GCMSHA384, .ecdheRSAWithAES256GCMSHA384, .ecdheECDSAWithChaCha20Poly1305SHA256,
        .ecdheRSAWithChaCha20Poly1305SHA256, .ecdheECDSAWithAES128GCMSHA256, .ecdheRSAWithAES128GCMSHA256,
    ]

    /// Evaluates a list.
    ///
    /// - Throws: `DirectiveError` when it is malformed, or nothing remains.
    public static func parse(_ text: String) throws(DirectiveError) -> [CipherSuite] {
        var list: [CipherSuite] = []
        var killed: Set<CipherSuite> = []
        var leastBits = 0
        for word in words(text) {
            if word.hasPrefix("@") {
                if word.uppercased() == "@STRENGTH" {
                    list = list.filter { bits($0) == 256 } + list.filter { bits($0) != 256 }
                } else {
                    leastBits = try bits(ofLevel: word)
                }
                continue
            }
            let sign = word.first.flatMap { "!-+".contains($0) ? $0 : nil }
            let selection = select(sign == nil ? word : word.dropFirst(), isFirst: list.isEmpty && killed.isEmpty)
            switch sign {
            case "!":
                killed.formUnion(selection)
                list.removeAll { killed.contains($0) }
            case "-": list.removeAll { selection.contains($0) }
            case "+":
                let moved = list.filter { selection.contains($0) }
                list = list.filter { !selection.contains($0) } + moved
            default: list += selection.filter { !list.contains($0) && !killed.contains($0) }
            }
        }
        list.removeAll { bits($0) < leastBits }
        guard !list.isEmpty else {
            throw DirectiveError(
                "'\(text)' selects no cipher suite of those that are supported: "
                    + all.map(\.opensslName).joined(separator: ", ")
            )
        }
        return list
    }

    /// The words of a list. Commands and exclusions also begin one where nothing separates them from what stands before,
    /// as in `DEFAULT@SECLEVEL=1`.
    static func words(_ text: String) -> [Substring] {
        text.split(whereSeparator: { ":,;".contains($0) || $0.isWhitespace }).flatMap { word in
            var words: [Substring] = []
            var rest = word
            while let next = rest.dropFirst().firstIndex(where: { "@!".contains($0) }) {
                words.append(rest[..<next])
                rest = rest[next...]
            }
            return words + [rest]
        }
    }

    /// The length of keys that `@SECLEVEL=n` asks for. Levels 4 and 5 have 192 and 256 bits; no suite has fewer than the
    /// 128 of level 3.
    private static func bits(ofLevel command: Substring) throws(DirectiveError) -> Int {
        guard let level = level(command) else {
            throw DirectiveError("unknown command '\(command)' in a list of cipher suites")
        }
        return level < 4 ? 0 : 192
    }

    /// The number in `@SECLEVEL=n`.
    private static func level(_ command: Substring) -> Int? {
        let upper = command.uppercased()
        guard upper.hasPrefix("@SECLEVEL="), upper.utf8.count == 11, let level = Int(upper.suffix(1)),
            (0...5).contains(level)
        else { return nil }
        return level
    }

    /// A sentence about what `@SECLEVEL=n` asks for beyond suites, where that is more than always holds here: level 2.
    static func levelWarning(_ text: String) -> String? {
        guard let level = words(text).compactMap(level).last, level > 2 else { return nil }
        let bits = [3: 3072, 4: 7680][level] ?? 15_360
        return "of @SECLEVEL=\(level) only the suites are obeyed: RSA keys of less than \(bits) bits, other groups and "
            + "signatures, and tickets stay allowed as at level 2"
    }

    private static func bits(_ suite: CipherSuite) -> Int { suite.ianaName.has("AES_128") ? 128 : 256 }

    /// The suites that a word, or several joined by `+`, stand for.
    private static func select(_ word: Substring, isFirst: Bool) -> [CipherSuite] {
        if let suite = CipherSuite(name: String(word)) { return all.contains(suite) ? [suite] : [] }
        var selected = all
        for part in word.split(separator: "+", omittingEmptySubsequences: false) {
            guard let predicate = predicate(part.uppercased(), isFirst: isFirst) else { return [] }
            selected.removeAll { !predicate($0) }
        }
        return selected
    }

    private static func predicate(_ word: String, isFirst: Bool) -> ((CipherSuite) -> Bool)? {
        switch word {
        case "ALL", "HIGH", "ECDHE", "EECDH", "KECDHE", "KEECDH", "ECDH", "TLSV1.2": { _ in true }
        // Only at the start of a list.
        case "DEFAULT", "PROFILE=SYSTEM": isFirst ? { _ in true } : nil
        case "FIPS", "AES": { $0.ianaName.has("AES") }
        case "AESGCM": { $0.ianaName.has("GCM") }
        case "AES128": { $0.ianaName.has("AES_128") }
        case "AES256": { $0.ianaName.has("AES_256") }
        case "CHACHA20": { $0.ianaName.has("CHACHA20") }
        case "ECDSA", "AECDSA": { $0.ianaName.has("ECDSA") }
        case "ARSA": { !$0.ianaName.has("ECDSA") }
        default: nil
        }
    }

    /// Evaluates the arguments of `SSLCipherSuite` and `SSLProxyCipherSuite`: a list, perhaps with `SSL` or `TLSv1.3` before
    /// it. Nil for the version that is not meant.
    static func parse(
        arguments: [String]
    ) throws(DirectiveError) -> (tls12: [CipherSuite]?, tls13: [CipherSuite]?) {
        guard arguments.count == 2 else { return (try parse(SystemProfile.expand(arguments[0])), nil) }
        switch arguments[0].lowercased() {
        case "ssl": return (try parse(SystemProfile.expand(arguments[1])), nil)
        case "tlsv1.3": return (nil, try parseTLS13(arguments[1]))
        default: throw DirectiveError("'\(arguments[0])' is neither SSL nor TLSv1.3")
        }
    }

    /// A list of TLS 1.3 suites, by name.
    public static func parseTLS13(_ text: String) throws(DirectiveError) -> [CipherSuite] {
        var list: [CipherSuite] = []
        for word in text.split(whereSeparator: { ":,;".contains($0) || $0.isWhitespace }) {
            guard let suite = CipherSuite(name: String(word)), suite.rawValue >> 8 == 0x13, !list.contains(suite)
            else { continue }
            list.append(suite)
        }
        guard !list.isEmpty else {
            throw DirectiveError("'\(text)' names no cipher suite of TLS 1.3 that is supported")
        }
        return list
    }
}
