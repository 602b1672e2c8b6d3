// SPDX-License-Identifier: Apache-2.0
import SafeTLS

/// The directives that mod_ssl has twice, for connections from clients and for those to proxied servers.
extension Directive {
    typealias Place = WritableKeyPath<Values, ConnectionValues> & Sendable

    /// By name in lower case.
    ///
    /// - Parameter prefix: `ssl` or `sslproxy`.
    static func ofConnections(_ prefix: String, verification: String, at place: any Place) -> [String: Self] {
        [
            "\(prefix)protocol": Self(arguments: 1...8) { values, arguments, _ throws(DirectiveError) in
                let (versions, warning) = try SSLProtocolList.parse(arguments)
                values[keyPath: place].versions = versions
                return warning
            },
            "\(prefix)ciphersuite": Self(arguments: 1...2) { values, arguments, _ throws(DirectiveError) in
                let suites = try OpenSSLCipherString.parse(arguments: arguments)
                if let tls12 = suites.tls12 { values[keyPath: place].suitesTLS12 = tls12 }
                if let tls13 = suites.tls13 { values[keyPath: place].suitesTLS13 = tls13 }
                return UnsupportedNames.warning(aboutSuites: arguments)
            },
            verification: .one { values, text throws(DirectiveError) in
                values[keyPath: place].verification = try ClientVerification(text)
            },
            "\(prefix)verifydepth": .one { values, text throws(DirectiveError) in
                values[keyPath: place].verificationDepth = try ClientVerification.depth(text)
            },
            "\(prefix)cacertificatefile": .path { $0[keyPath: place].authorityFile = $1 },
            "\(prefix)cacertificatepath": .path { $0[keyPath: place].authorityPath = $1 },
            "\(prefix)carevocationfile": .path { $0[keyPath: place].revocationFile = $1 },
            "\(prefix)carevocationpath": .path { $0[keyPath: place].revocationPath = $1 },
            "\(prefix)carevocationcheck": Self(arguments: 1...2) { values, arguments, _ throws(DirectiveError) in
                values[keyPath: place].revocationCheck = try StatusChecking(byLists: arguments)
                return nil
            },
        ]
    }
}
