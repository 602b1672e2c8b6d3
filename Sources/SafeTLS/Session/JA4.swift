// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

extension ClientHelloInfo {
    /// The JA4 fingerprint of the client's software, as `t13d1516h2_8daaf6152771_e5627efa2ab1`; nil if hashing fails, and for
    /// lists of more than 512 elements, which no software sends.
    ///
    /// It says which version, suites, extensions, signature schemes and first protocol a client offers, without the order
    /// that browsers shuffle (github.com/FoxIO-LLC/ja4, technical_details/JA4.md). Who wants to look like another client can
    /// do so: it tells software apart that does not try.
    public var ja4: String? {
        do throws(DecodeError) {
            let hello = try ClientHello(message.span.extracting(droppingFirst: HandshakeMessage.headerLength))
            guard hello.cipherSuites.count <= JA4.longestList else { return nil }
            if let schemes = hello.signatureAlgorithms, schemes.count > JA4.longestList { return nil }
            var types: [UInt16] = []
            var iterator = hello.extensions.makeIterator()
            while let next = iterator.next() {
                guard types.count < JA4.longestList else { return nil }
                types.append(next.type.rawValue)
            }
            var firstProtocol: [UInt8] = []
            if var names = hello.applicationProtocols?.makeIterator(), let first = names.next() {
                firstProtocol = copyBytes(first)
            }
            return try? JA4(
                versions: (hello.supportedVersions?.array ?? [hello.legacyVersion]).map(\.rawValue),
                cipherSuites: hello.cipherSuites.array.map(\.rawValue),
                extensions: types,
                signatureSchemes: hello.signatureAlgorithms?.array.map(\.rawValue) ?? [],
                firstProtocol: firstProtocol
            ).text()
        } catch {
            return nil
        }
    }
}

/// What a JA4 fingerprint is made of, without the values of RFC 8701 (GREASE).
struct JA4 {
    /// Clients have below a hundred suites and some twenty extensions; each becomes text and is sorted.
    static let longestList = 512

    private let versions: [UInt16]
    private let cipherSuites: [UInt16]
    private let extensions: [UInt16]
    private let signatureSchemes: [UInt16]
    private let firstProtocol: [UInt8]

    init(
        versions: [UInt16],
        cipherSuites: [UInt16],
        extensions: [UInt16],
        signatureSchemes: [UInt16],
        firstProtocol: [UInt8]
    ) {
        self.versions = Self.withoutGREASE(versions)
        self.cipherSuites = Self.withoutGREASE(cipherSuites)
        self.extensions = Self.withoutGREASE(extensions)
        self.signatureSchemes = Self.withoutGREASE(signatureSchemes)
        self.firstProtocol = firstProtocol
    }

    func text() throws(CryptoError) -> String {
        let name = ExtensionType.serverName.rawValue
        let destination = extensions.contains(name) ? "d" : "i"
        let counts = Self.count(cipherSuites) + Self.count(extensions)
        let suites = cipherSuites.sorted().map(Self.digits).joined(separator: ",")
        // A server over TCP refuses a client with this extension.
        let transport = extensions.contains(ExtensionType.quicTransportParameters.rawValue) ? "q" : "t"
        return
            "\(transport)\(version)\(destination)\(counts)\(applicationProtocol)_\(try Self.hash(suites))_\(try lastPart())"
    }

    /// The extensions, without those that the first part is about, and the signature schemes in their order.
    func lastPart() throws(CryptoError) -> String {
        let told = [ExtensionType.serverName.rawValue, ExtensionType.applicationLayerProtocolNegotiation.rawValue]
        let types = extensions.filter { !told.contains($0) }.sorted().map(Self.digits).joined(separator: ",")
        guard !types.isEmpty, !signatureSchemes.isEmpty else { return try Self.hash(types) }
        return try Self.hash(types + "_" + signatureSchemes.map(Self.digits).joined(separator: ","))
    }

    private var version: String {
        switch versions.max() {
        case 0x0304: "13"
        case 0x0303: "12"
        case 0x0302: "11"
        case 0x0301: "10"
        case 0x0300: "s3"
        case 0x0002: "s2"
        default: "00"
        }
    }

    /// The first and the last character of the protocol's name, or those of its hexadecimal digits.
    var applicationProtocol: String {
        guard let first = firstProtocol.first, let last = firstProtocol.last else { return "00" }
        if Self.isAlphanumeric(first), Self.isAlphanumeric(last) {
            return String(decoding: [first, last], as: UTF8.self)
        }
        return String(first >> 4, radix: 16) + String(last & 15, radix: 16)
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"):
            true
        default: false
        }
    }

    private static func withoutGREASE(_ values: [UInt16]) -> [UInt16] {
        values.filter { $0 & 0x0F0F != 0x0A0A || $0 >> 8 != $0 & 0xFF }
    }

    /// Two decimal digits, 99 for more.
    private static func count(_ values: [UInt16]) -> String {
        let number = min(values.count, 99)
        return "\(number / 10)\(number % 10)"
    }

    private static func digits(_ value: UInt16) -> String { String(hexadecimal(value).dropFirst(2)) }

    /// The first twelve digits of a list's SHA-256, zeros for an empty one.
    private static func hash(_ list: String) throws(CryptoError) -> String {
        guard !list.isEmpty else { return String(repeating: "0", count: 12) }
        let text = Array(list.utf8)
        let digest = try HashState.hash(.sha256, text.span)
        let bytes = digest.bytes
        var digits = ""
        for index in 0..<6 {
            digits += String(bytes[index] >> 4, radix: 16) + String(bytes[index] & 15, radix: 16)
        }
        return digits
    }
}
