// SPDX-License-Identifier: Apache-2.0
import SafeTLS

/// The directives for connections to proxied servers, of both faces, as a table onto ``ProxyValues``.
struct ProxyDirective: Sendable {
    /// How many arguments it takes.
    let arguments: ClosedRange<Int>
    /// Sets the values; gives a sentence for what should be written otherwise.
    let apply: @Sendable (inout ProxyValues, [String], SSLLine) throws(DirectiveError) -> String?

    private static func one(
        _ body: @escaping @Sendable (inout ProxyValues, String) throws(DirectiveError) -> Void
    ) -> ProxyDirective {
        ProxyDirective(arguments: 1...1) { values, arguments, _ throws(DirectiveError) in
            try body(&values, arguments[0])
            return nil
        }
    }

    private static func flag(_ path: any WritableKeyPath<ProxyValues, Bool?> & Sendable) -> ProxyDirective {
        one { values, text throws(DirectiveError) in values[keyPath: path] = try SSLDirective.isOn(text) }
    }

    private static func file(_ path: any WritableKeyPath<ProxyValues, String?> & Sendable) -> ProxyDirective {
        ProxyDirective(arguments: 1...1) { values, arguments, line throws(DirectiveError) in
            values[keyPath: path] = line.resolve(arguments[0])
            return nil
        }
    }

    /// By name in lower case.
    static let all: [String: ProxyDirective] = ofSSL.merging(ofTLS) { $1 }

    private static let ofSSL: [String: ProxyDirective] = [
        "sslproxyengine": flag(\.isEngineOn),
        "sslproxyprotocol": ProxyDirective(arguments: 1...8) { values, arguments, _ throws(DirectiveError) in
            let (versions, warning) = try SSLProtocolList.parse(arguments)
            values.versions = versions
            return warning
        },
        "sslproxyciphersuite": ProxyDirective(arguments: 1...2) { values, arguments, _ throws(DirectiveError) in
            let suites = try OpenSSLCipherString.parse(arguments: arguments)
            values.suitesTLS12 = suites.tls12 ?? values.suitesTLS12
            values.suitesTLS13 = suites.tls13 ?? values.suitesTLS13
            return nil
        },
        "sslproxyverify": one { values, text throws(DirectiveError) in
            values.verification = try ClientVerification(text)
        },
        "sslproxyverifydepth": one { values, text throws(DirectiveError) in
            values.depth = try ClientVerification.depth(text)
        },
        "sslproxycacertificatefile": file(\.authorityFile),
        "sslproxycacertificatepath": file(\.authorityPath),
        "sslproxycheckpeername": flag(\.checksName),
        "sslproxycheckpeercn": flag(\.checksCommonName),
        "sslproxycheckpeerexpire": flag(\.checksExpiry),
        "sslproxymachinecertificatefile": ProxyDirective(arguments: 1...1) {
            values,
            arguments,
            line throws(DirectiveError) in
            values.machineFiles.append(line.resolve(arguments[0]))
            return nil
        },
        "sslproxymachinecertificatepath": ProxyDirective(arguments: 1...1) {
            values,
            arguments,
            line throws(DirectiveError) in
            let path = line.resolve(arguments[0])
            guard let files = line.list(path) else { throw DirectiveError("\(path): cannot be read") }
            values.machineFiles += files.sorted()
            return nil
        },
        "sslproxymachinecertificatechainfile": file(\.machineChainFile),
        "sslproxycarevocationfile": file(\.revocationFile),
        "sslproxycarevocationpath": file(\.revocationPath),
        "sslproxycarevocationcheck": ProxyDirective(arguments: 1...2) { values, arguments, _ throws(DirectiveError) in
            values.revocationCheck = try RevocationChecking(arguments)
            return nil
        },
    ]

    private static let ofTLS: [String: ProxyDirective] = [
        "tlsproxyengine": one { values, text throws(DirectiveError) in
            values.isEngineOn = try SSLDirective.isOn(text)
            values.isOfTLS = true
        },
        "tlsproxyca": ProxyDirective(arguments: 1...1) { values, arguments, line throws(DirectiveError) in
            values.trustsSystem = arguments[0].lowercased() == "default"
            values.authorityFile = values.trustsSystem ? nil : line.resolve(arguments[0])
            return nil
        },
        "tlsproxyprotocol": one { values, text throws(DirectiveError) in
            values.versions = try ProtocolRange.parse(text)
        },
        "tlsproxyciphersprefer": ProxyDirective(arguments: 1...64) { values, arguments, _ throws(DirectiveError) in
            let (suites, warning) = try CipherSuiteList.parseOrDefault(arguments)
            values.preferred = suites
            return warning
        },
        "tlsproxycipherssuppress": ProxyDirective(arguments: 1...64) { values, arguments, _ throws(DirectiveError) in
            let (suites, warning) = try CipherSuiteList.parseOrDefault(arguments)
            values.suppressed = suites
            return warning
        },
        "tlsproxymachinecertificate": ProxyDirective(arguments: 1...2) {
            values,
            arguments,
            line throws(DirectiveError) in
            values.machineFiles += arguments.map(line.resolve)
            return nil
        },
    ]
}
