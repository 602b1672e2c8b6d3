// SPDX-License-Identifier: Apache-2.0
public import SafeTLS

/// Arguments of `SSLProtocol`: `all -SSLv3`, `-all +TLSv1.2 +TLSv1.3`, `TLSv1.3`.
public enum SSLProtocolList {
    private static let names = ["sslv2": 0, "sslv3": 1, "tlsv1": 2, "tlsv1.1": 3, "tlsv1.2": 4, "tlsv1.3": 5]

    /// The supported versions that a list leaves, and a sentence for what should be written otherwise.
    ///
    /// TLS 1.0 and 1.1 may be named; they are not supported, and not spoken.
    public static func parse(
        _ arguments: [String]
    ) throws(DirectiveError) -> (versions: ClosedRange<ProtocolVersion>, warning: String?) {
        var enabled: Set<Int> = []
        var warning: String?
        for argument in arguments.flatMap({ $0.split(whereSeparator: { $0 == "," || $0 == ":" }).map(String.init) }) {
            let sign = argument.first.flatMap { "+-".contains($0) ? $0 : nil }
            let word = (sign == nil ? argument : String(argument.dropFirst())).lowercased()
            let selected: Set<Int>
            if word == "all" {
                selected = [2, 3, 4, 5]
            } else if let number = names[word] {
                selected = [number]
            } else {
                throw DirectiveError("unknown protocol '\(argument)'")
            }
            if sign != "-", !selected.isDisjoint(with: [0, 1]) {
                throw DirectiveError("\(argument) is not supported: SSL is broken since 2014")
            }
            switch sign {
            case "+": enabled.formUnion(selected)
            case "-": enabled.subtract(selected)
            default:
                if !enabled.isEmpty {
                    warning = "'\(argument)' overrides what stands before it; write '+\(argument)' to add it"
                }
                enabled = selected
            }
        }
        guard let versions = range(tls12: enabled.contains(4), tls13: enabled.contains(5)) else {
            throw DirectiveError("'\(arguments.joined(separator: " "))' enables neither TLSv1.2 nor TLSv1.3")
        }
        return (versions, warning)
    }

    /// Which versions are off by OpenSSL's command `Protocol`: unlike `SSLProtocol` it begins with none, and a word without
    /// a sign only takes its version back.
    static func change(
        _ versions: Set<ProtocolVersion>,
        by text: String
    ) throws(DirectiveError) -> Set<ProtocolVersion> {
        var off = versions
        for word in text.split(whereSeparator: { $0 == "," || $0.isWhitespace }) {
            let isOff = word.hasPrefix("-")
            let name = isOff || word.hasPrefix("+") ? word.dropFirst() : word
            var selected: Set<ProtocolVersion> = [.tls12, .tls13]
            if name.lowercased() != "all" {
                if !isOff, name.lowercased() == "sslv3" {
                    throw DirectiveError("\(word) is not supported: SSL is broken since 2014")
                }
                selected = try version(String(name)).map { [$0] } ?? []
            }
            if isOff { off.formUnion(selected) } else { off.subtract(selected) }
        }
        guard off.count < 2 else { throw DirectiveError("Protocol '\(text)' enables neither TLSv1.2 nor TLSv1.3") }
        return off
    }

    private static func range(tls12: Bool, tls13: Bool) -> ClosedRange<ProtocolVersion>? {
        switch (tls12, tls13) {
        case (true, true): .tls12 ... .tls13
        case (true, false): .tls12 ... .tls12
        case (false, true): .tls13 ... .tls13
        case (false, false): nil
        }
    }

    /// One version by name, for `MinProtocol` and `MaxProtocol`; nil for those below TLS 1.2.
    static func version(_ name: String) throws(DirectiveError) -> ProtocolVersion? {
        switch name.lowercased() {
        case "tlsv1.2": return .tls12
        case "tlsv1.3": return .tls13
        case "tlsv1", "tlsv1.1", "sslv3", "none": return nil
        default: throw DirectiveError("unknown protocol '\(name)'")
        }
    }
}
