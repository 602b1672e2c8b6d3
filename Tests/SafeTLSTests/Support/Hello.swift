// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto

@testable import SafeTLS

/// A ClientHello of the tests' making, and a client that goes on from it.
struct Hello {
    var random = [UInt8](repeating: 0x52, count: 32)
    var sessionID: [UInt8] = []
    var cipherSuites: [CipherSuite] = [.aes128GCMSHA256]
    var compressionMethods: [UInt8] = [0]
    var versions: [ProtocolVersion]? = [.tls13]
    var groups: [NamedGroup]? = [.x25519]
    var schemes: [SignatureScheme]? = [.ecdsaSECP256R1SHA256]
    /// The groups of the key shares; nil leaves the extension out.
    var shares: [NamedGroup]? = [.x25519]
    var cookie: [UInt8]?
    var others: [(ExtensionType, [UInt8])] = []

    /// The whole message; the keys behind its shares are always the same.
    func message() throws -> [UInt8] {
        var extensions: [(ExtensionType, [UInt8])] = []
        if let groups { extensions.append((.supportedGroups, Self.list16(groups.map(\.rawValue)))) }
        if let schemes { extensions.append((.signatureAlgorithms, Self.list16(schemes.map(\.rawValue)))) }
        if let versions {
            let values = versions.flatMap { [UInt8($0.rawValue >> 8), UInt8($0.rawValue & 0xFF)] }
            extensions.append((.supportedVersions, [UInt8(values.count)] + values))
        }
        if let cookie { extensions.append((.cookie, Self.vector16(cookie))) }
        if let shares {
            var entries: [UInt8] = []
            for group in shares {
                guard let exchange = group.keyExchangeGroup else {
                    entries += Self.values([group.rawValue]) + Self.vector16([1, 2, 3])
                    continue
                }
                entries += Self.values([group.rawValue]) + Self.vector16(try Self.key(exchange).publicKey)
            }
            extensions.append((.keyShare, Self.vector16(entries)))
        }
        extensions += others
        var body: [UInt8] = [3, 3]
        body += random
        body += [UInt8(sessionID.count)] + sessionID
        body += Self.list16(cipherSuites.map(\.rawValue))
        body += [UInt8(compressionMethods.count)] + compressionMethods
        body += WireBytes.extensions(extensions)
        return WireBytes.message(.clientHello, body)
    }

    func record() throws -> [UInt8] { WireBytes.record(.handshake, try message(), version: 0x0301) }

    static func values(_ values: [UInt16]) -> [UInt8] { values.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] } }

    static func vector16(_ bytes: [UInt8]) -> [UInt8] { values([UInt16(bytes.count)]) + bytes }

    static func list16(_ list: [UInt16]) -> [UInt8] { vector16(values(list)) }

    static func key(_ group: KeyExchangeGroup) throws -> KeyExchangePrivateKey {
        try KeyExchangePrivateKey(group, random: SeededRandom(seed: 99))
    }

    /// A client session that has sent this hello, with the key of its first share.
    func client(_ pair: Pair, deferring: DeferredRequests = []) throws -> ClientSession {
        let message = try message()
        let body = Array(message.dropFirst(4))
        let types = try ClientHello(body.span).extensions.types
        let configuration = try ClientConfiguration(trustAnchors: TestCredentials.anchors, options: pair.client)
        guard let name = ServerName(pair.serverName), let group = shares?.first?.keyExchangeGroup else {
            throw ConfigurationError(reason: "no name or no share")
        }
        var fixed: [32 of UInt8] = .init(repeating: 0)
        for index in 0..<32 { fixed[index] = random[index] }
        let offer = ClientOffer(
            configuration: configuration,
            serverName: name,
            deferring: deferring,
            random: fixed,
            sessionID: sessionID,
            key: try Self.key(group),
            extensions: types
        )
        return try ClientSession(offer: offer, hello: message)
    }
}
