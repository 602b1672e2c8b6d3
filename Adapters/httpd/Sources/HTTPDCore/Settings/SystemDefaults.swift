// SPDX-License-Identifier: Apache-2.0
public import SafeTLS

/// What the system's OpenSSL configuration says of all TLS, which counts where mod_ssl's directives say nothing.
public final class SystemDefaults: Sendable {
    let values: SSLValues
    /// What cannot be obeyed, for the log.
    public let warnings: [String]

    /// Commands as `openssl.cnf` has them.
    public convenience init(_ policy: SystemPolicy) {
        self.init(path: policy.path, policy.commands.map { ($0.name, $0.value) })
    }

    init(path: String, _ commands: [(name: String, value: String)]) {
        var values = SSLValues()
        var warnings: [String] = []
        // Those of DTLS are no business of ours.
        for (name, value) in commands where !value.uppercased().hasPrefix("DTLS") {
            do throws(DirectiveError) {
                // What it names and we have not is the system's list, not the administrator's of this server.
                _ = try OpenSSLCommand(name: name, value: value).apply(to: &values)
                if name.lowercased() == "cipherstring",
                    let warning = OpenSSLCipherString.levelWarning(SystemProfile.expand(value))
                {
                    warnings.append("\(name) = \(value) in \(path), the system's policy: \(warning)")
                }
            } catch {
                warnings.append("\(name) = \(value) in \(path), the system's policy, is not obeyed: \(error)")
            }
        }
        if values.hasVersionWords, Self.versions(values) == nil {
            warnings.append(
                "the versions that \(path), the system's policy, leaves are none that is supported: not obeyed"
            )
        }
        self.values = values
        self.warnings = warnings
    }

    /// The versions that the system leaves of those that are supported; nil when it says nothing of them, or leaves none.
    var versions: ClosedRange<ProtocolVersion>? { Self.versions(values) }

    private static func versions(_ values: SSLValues) -> ClosedRange<ProtocolVersion>? {
        guard values.hasVersionWords else { return nil }
        let (lowest, highest) = (values.lowestVersion ?? .tls12, values.highestVersion ?? .tls13)
        let left = [ProtocolVersion.tls12, .tls13].filter {
            lowest <= $0 && $0 <= highest && values.versionsOff?.contains($0) != true
        }
        guard let first = left.first, let last = left.last else { return nil }
        return first...last
    }
}

extension SSLValues {
    /// Whether commands say something of versions.
    fileprivate var hasVersionWords: Bool { lowestVersion != nil || highestVersion != nil || versionsOff != nil }

    /// The values with those of the system where nothing is said.
    func completed(by system: SystemDefaults?) -> SSLValues {
        guard let system else { return self }
        var complete = self
        complete.connection.versions = connection.versions ?? system.versions
        complete.connection.inherit(from: system.values.connection, \.suitesTLS12, \.suitesTLS13)
        complete.inherit(
            from: system.values,
            \.groups,
            \.signatureSchemes,
            \.clientSignatureSchemes,
            \.honorsServerOrder,
            \.givesTickets,
            \.paddingMultiple,
            \.ticketCount
        )
        return complete
    }
}

/// The words that stand for the system's list of cipher suites: `PROFILE=SYSTEM` (Fedora, RHEL), `DEFAULT_SUSE`.
public enum SystemProfile {
    private static let words = ["PROFILE=SYSTEM", "DEFAULT_SUSE"]

    /// The list with what these words stand for. On systems without such a list that is OpenSSL's default.
    public static func expand(
        _ text: String,
        _ profile: @autoclosure () -> String? = SystemPolicy.cipherSuiteProfile
    ) -> String {
        guard words.contains(where: { text.uppercased().has($0) }) else { return text }
        let profile = profile() ?? "DEFAULT"
        // Words end as in OpenSSL's lists; the commands behind them stay.
        return OpenSSLCipherString.words(text).map { word in
            words.contains(word.uppercased()) ? profile : String(word)
        }.joined(separator: ":")
    }
}
