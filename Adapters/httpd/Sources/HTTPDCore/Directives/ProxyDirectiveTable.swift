// SPDX-License-Identifier: Apache-2.0
import SafeTLS

/// The directives for connections to proxied servers, of both faces, as a table onto ``ProxyValues``.
enum ProxyDirectiveTable {
    typealias Directive = HTTPDCore.Directive<ProxyValues>

    /// By name in lower case.
    static let all: [String: Directive] =
        Directive.ofConnections("sslproxy", verification: "sslproxyverify", at: \.connection)
        .merging(ofSSL) { $1 }.merging(ofTLS) { $1 }

    private static let ofSSL: [String: Directive] = [
        "sslproxyengine": .flag(\.isEngineOn),
        "sslproxycheckpeername": .flag(\.checksName),
        "sslproxycheckpeercn": .flag(\.checksCommonName),
        "sslproxycheckpeerexpire": .flag(\.checksExpiry),
        "sslproxymachinecertificatefile": .path { $0.machineFiles.append($1) },
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
    ]

    private static let ofTLS: [String: Directive] = [
        "tlsproxyengine": .one { values, text throws(DirectiveError) in
            values.isEngineOn = try Directive.isOn(text)
            values.isOfTLS = true
        },
        "tlsproxyca": Directive(arguments: 1...1) { values, arguments, line throws(DirectiveError) in
            values.trustsSystem = arguments[0].lowercased() == "default"
            values.connection.authorityFile = values.trustsSystem ? nil : line.resolve(arguments[0])
            return nil
        },
        "tlsproxyprotocol": .one { values, text throws(DirectiveError) in
            values.connection.versions = try ProtocolRange.parse(text)
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
