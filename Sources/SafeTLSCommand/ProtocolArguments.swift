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

    @Option(
        help: ArgumentHelp(
            "Cipher suites by IANA or OpenSSL name, in order of preference; those of one version alone mean that version.",
            valueName: "names"
        )
    )
    var ciphers: String?

    @Option(
        help: ArgumentHelp(
            "Key exchange groups in order of preference, as in X25519MLKEM768,x25519.",
            valueName: "names"
        )
    )
    var groups: String?

    @Option(
        name: .customLong("sigalgs"),
        help: ArgumentHelp("Signature schemes in order of preference, as in ed25519.", valueName: "names")
    )
    var signatureSchemes: String?

    @Option(
        help: ArgumentHelp(
            "An external pre-shared key: a name and the key in hexadecimal. May be repeated.",
            valueName: "name:key"
        )
    )
    var psk: [String] = []

    @Flag(help: "Refuse peers without one of the --psk keys; implies TLS 1.3.")
    var requirePsk = false

    @Option(
        help: ArgumentHelp("Ask the peer for records of at most this many bytes (64 to 16385).", valueName: "bytes")
    )
    var recordSizeLimit: Int?

    @Option(
        help: ArgumentHelp("Append the secrets of the connections, for Wireshark and the like.", valueName: "file"),
        completion: .file()
    )
    var keylog: String?

    var versions: ClosedRange<ProtocolVersion> {
        if requirePsk { return .tls13 ... .tls13 }
        // Suites of one version alone mean that version.
        if !tls12, !tls13, let suites = try? cipherSuites, let isTLS13 = suites.first?.isTLS13,
            suites.allSatisfy({ $0.isTLS13 == isTLS13 })
        {
            return isTLS13 ? .tls13 ... .tls13 : .tls12 ... .tls12
        }
        return (tls12 || !tls13 ? .tls12 : .tls13)...(tls13 || !tls12 ? .tls13 : .tls12)
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

    var preSharedKeys: [ExternalPSK] {
        get throws {
            try psk.map { text in
                guard let colon = text.lastIndex(of: ":"),
                    let key = bytes(inHexadecimal: text[text.index(after: colon)...])
                else { throw ValidationError("\(text) is not a name, a colon and a key in hexadecimal.") }
                return try ExternalPSK(identity: Array(text[..<colon].utf8), key: key.span)
            }
        }
    }

    var records: RecordOptions {
        var records = RecordOptions()
        records.sizeLimit = recordSizeLimit
        return records
    }

    private func bytes(inHexadecimal text: Substring) -> [UInt8]? {
        let digits = text.compactMap(\.hexDigitValue)
        guard digits.count == text.count, digits.count.isMultiple(of: 2) else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }

    var keyLog: (any KeyLog)? {
        get throws { try keylog.map { try FileKeyLog(path: $0) } }
    }

    /// Unknown names are mistakes in the command line.
    func validate() throws {
        _ = try (cipherSuites, namedGroups, schemes, preSharedKeys)
        guard !requirePsk || !psk.isEmpty else { throw ValidationError("--require-psk needs --psk.") }
        guard !requirePsk || !tls12 else { throw ValidationError("--require-psk does not go with --tls1.2.") }
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
