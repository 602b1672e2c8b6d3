// SPDX-License-Identifier: Apache-2.0
import SafeTLS

/// The directives for connections to proxied servers, of both faces, as a table onto ``ProxyValues``.
enum ProxyDirectiveTable {
    typealias Directive = HTTPDCore.Directive<ProxyValues>

    /// By name in lower case.
    static let all: [String: Directive] = ofSSL.merging(ofTLS) { $1 }

    private static let ofSSL: [String: Directive] = [
        "sslproxyengine": .flag(\.isEngineOn),
        "sslproxyprotocol": Directive(arguments: 1...8) { values, arguments, _ throws(DirectiveError) in
            let (versions, warning) = try SSLProtocolList.parse(arguments)
            values.versions = versions
            return warning
        },
        "sslproxyciphersuite": Directive(arguments: 1...2) { values, arguments, _ throws(DirectiveError) in
            let suites = try OpenSSLCipherString.parse(arguments: arguments)
            values.suitesTLS12 = suites.tls12 ?? values.suitesTLS12
            values.suitesTLS13 = suites.tls13 ?? values.suitesTLS13
            return UnsupportedNames.warning(aboutSuites: arguments)
        },
        "sslproxyverify": .one { values, text throws(DirectiveError) in
            values.verification = try ClientVerification(text)
        },
        "sslproxyverifydepth": .one { values, text throws(DirectiveError) in
            values.depth = try ClientVerification.depth(text)
        },
        "sslproxycacertificatefile": .file(\.authorityFile),
        "sslproxycacertificatepath": .file(\.authorityPath),
        "sslproxycheckpeername": .flag(\.checksName),
        "sslproxycheckpeercn": .flag(\.checksCommonName),
        "sslproxycheckpeerexpire": .flag(\.checksExpiry),
        "sslproxymachinecertificatefile": Directive(arguments: 1...1) {
            values,
            arguments,
            line throws(DirectiveError) in
            values.machineFiles.append(line.resolve(arguments[0]))
            return nil
        },
        "sslproxymachinecertificatepath": Directive(arguments: 1...1) {
            values,
            arguments,
            line throws(DirectiveError) in
            let path = line.resolve(arguments[0])
            guard let files = line.list(path) else { throw DirectiveError("\(path): cannot be read") }
            values.machineFiles += files.sorted()
            return nil
        },
        "sslproxymachinecertificatechainfile": .file(\.machineChainFile),
        "sslproxycarevocationfile": .file(\.revocationFile),
        "sslproxycarevocationpath": .file(\.revocationPath),
        "sslproxycarevocationcheck": Directive(arguments: 1...2) { values, arguments, _ throws(DirectiveError) in
            values.revocationCheck = try RevocationChecking(arguments)
            return nil
        },
    ]

    private static let ofTLS: [String: Directive] = [
        "tlsproxyengine": .one { values, text throws(DirectiveError) in
            values.isEngineOn = try Directive.isOn(text)
            values.isOfTLS = true
        },
        "tlsproxyca": Directive(arguments: 1...1) { values, arguments, line throws(DirectiveError) in
            values.trustsSystem = arguments[0].lowercased() == "default"
            values.authorityFile = values.trustsSystem ? nil : line.resolve(arguments[0])
            return nil
        },
        "tlsproxyprotocol": .one { values, text throws(DirectiveError) in
            values.versions = try ProtocolRange.parse(text)
        },
        "tlsproxyciphersprefer": Directive(arguments: 1...64) { values, arguments, _ throws(DirectiveError) in
            let (suites, warning) = try CipherSuiteList.parseOrDefault(arguments)
            values.preferred = suites
            return warning
        },
        "tlsproxycipherssuppress": Directive(arguments: 1...64) { values, arguments, _ throws(DirectiveError) in
            let (suites, warning) = try CipherSuiteList.parseOrDefault(arguments)
            values.suppressed = suites
            return warning
        },
        "tlsproxymachinecertificate": Directive(arguments: 1...2) {
            values,
            arguments,
            line throws(DirectiveError) in
            values.machineFiles += arguments.map(line.resolve)
            return nil
        },
    ]
}
