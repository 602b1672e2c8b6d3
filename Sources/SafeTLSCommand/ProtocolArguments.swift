// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import SafeTLS

/// What both commands let one choose about the protocol.
struct ProtocolArguments: ParsableArguments {
    @Flag(name: .customLong("tls1.2"), help: "Offer TLS 1.2 (alone, unless --tls1.3 is given too).")
    var tls12 = false

    @Flag(name: .customLong("tls1.3"), help: "Offer TLS 1.3 (alone, unless --tls1.2 is given too).")
    var tls13 = false

    @Option(help: ArgumentHelp("Application protocols in order of preference, as in h2,http/1.1.", valueName: "names"))
    var alpn: String?

    @Option(help: ArgumentHelp("Cipher suites by IANA or OpenSSL name, in order of preference.", valueName: "names"))
    var ciphers: String?

    @Option(
        help: ArgumentHelp("Key exchange groups in order of preference, as in x25519,secp256r1.", valueName: "names")
    )
    var groups: String?

    @Option(
        name: .customLong("sigalgs"),
        help: ArgumentHelp("Signature schemes in order of preference, as in ed25519.", valueName: "names")
    )
    var signatureSchemes: String?

    @Option(help: ArgumentHelp("Append the secrets of the connections, for Wireshark and the like.", valueName: "file"))
    var keylog: String?

    var versions: ClosedRange<ProtocolVersion> {
        (tls12 || !tls13 ? .tls12 : .tls13)...(tls13 || !tls12 ? .tls13 : .tls12)
    }

    var applicationProtocols: [String] { alpn.map(names) ?? [] }

    var cipherSuites: [CipherSuite]? {
        get throws { try ciphers.map { try known($0, "cipher suite", CipherSuite.init(name:)) } }
    }

    var namedGroups: [NamedGroup]? {
        get throws { try groups.map { try known($0, "group", NamedGroup.init(name:)) } }
    }

    var schemes: [SignatureScheme]? {
        get throws { try signatureSchemes.map { try known($0, "signature scheme", SignatureScheme.init(name:)) } }
    }

    var keyLog: (any KeyLog)? {
        get throws { try keylog.map { try FileKeyLog(path: $0) } }
    }

    /// Unknown names are mistakes in the command line.
    func validate() throws {
        _ = try (cipherSuites, namedGroups, schemes)
    }

    private func names(in list: String) -> [String] {
        list.split { $0 == "," || $0 == ":" }.map(String.init)
    }

    private func known<Value>(_ list: String, _ kind: String, _ find: (String) -> Value?) throws -> [Value] {
        try names(in: list).map { name in
            guard let value = find(name) else { throw ValidationError("\(name) is not a \(kind) of this library.") }
            return value
        }
    }
}
