// SPDX-License-Identifier: Apache-2.0

import Testing
import TestSupport

/// What one side of a connection insists on, so that a test knows what must come out of the handshake.
struct Offer: Sendable, CustomTestStringConvertible {
    enum Version: CaseIterable, Sendable {
        case tls12, tls13
    }

    enum AEAD: CaseIterable, Sendable {
        case aes128GCM, aes256GCM, chaCha20Poly1305
    }

    enum Group: String, CaseIterable, Sendable {
        case x25519, secp256r1, secp384r1, secp521r1
    }

    var version: Version
    var aead: AEAD?
    var group: Group?
    /// The key of the server's certificate.
    var key: TestCertificates.KeyType = .ecdsaP256
    /// Only RSASSA-PKCS1-v1_5 for the server's signature, which TLS 1.2 alone knows.
    var requiresPKCS1 = false

    /// Each version with each suite, each group, each kind of key.
    static let all: [Offer] = Version.allCases.flatMap { version in
        var offers: [Offer] = []
        for aead in AEAD.allCases {
            offers.append(Offer(version: version, aead: aead))
            if version == .tls12 { offers.append(Offer(version: version, aead: aead, key: .rsa)) }
        }
        for group in Group.allCases {
            // In TLS 1.2 the groups also limit the curve of an ECDSA certificate (RFC 8422 §5.1.1).
            offers.append(Offer(version: version, group: group, key: version == .tls12 ? .rsa : .ecdsaP256))
        }
        for key in TestCertificates.KeyType.allCases {
            offers.append(Offer(version: version, key: key))
        }
        if version == .tls12 { offers.append(Offer(version: version, key: .rsa, requiresPKCS1: true)) }
        return offers
    }

    /// The offers that a program can make which chooses neither groups nor signatures, nor TLS 1.3's suites.
    static let coarse = all.filter { $0.group == nil && !$0.requiresPKCS1 && ($0.version == .tls12 || $0.aead == nil) }

    var testDescription: String {
        var words = [versionName]
        if let aead { words.append("\(aead)") }
        if let group { words.append(group.rawValue) }
        words.append(key.rawValue)
        if requiresPKCS1 { words.append("PKCS1") }
        return words.joined(separator: " ")
    }

    var versionName: String { version == .tls13 ? "TLSv1.3" : "TLSv1.2" }

    private var authentication: String { key == .rsa || key == .rsaPSS ? "RSA" : "ECDSA" }

    /// The suite's name in OpenSSL's spelling, which for TLS 1.3 is the RFC's.
    var opensslSuite: String? {
        guard let aead else { return nil }
        return switch (version, aead) {
        case (.tls13, .aes128GCM): "TLS_AES_128_GCM_SHA256"
        case (.tls13, .aes256GCM): "TLS_AES_256_GCM_SHA384"
        case (.tls13, .chaCha20Poly1305): "TLS_CHACHA20_POLY1305_SHA256"
        case (.tls12, .aes128GCM): "ECDHE-\(authentication)-AES128-GCM-SHA256"
        case (.tls12, .aes256GCM): "ECDHE-\(authentication)-AES256-GCM-SHA384"
        case (.tls12, .chaCha20Poly1305): "ECDHE-\(authentication)-CHACHA20-POLY1305"
        }
    }

    /// The suite's name in the IANA registry.
    var ianaSuite: String? {
        guard let aead, version == .tls12 else { return opensslSuite }
        return switch aead {
        case .aes128GCM: "TLS_ECDHE_\(authentication)_WITH_AES_128_GCM_SHA256"
        case .aes256GCM: "TLS_ECDHE_\(authentication)_WITH_AES_256_GCM_SHA384"
        case .chaCha20Poly1305: "TLS_ECDHE_\(authentication)_WITH_CHACHA20_POLY1305_SHA256"
        }
    }

    /// The offer as a GnuTLS priority string.
    var gnutlsPriority: String {
        var words = ["NORMAL", "-VERS-ALL", version == .tls13 ? "+VERS-TLS1.3" : "+VERS-TLS1.2"]
        switch aead {
        case .aes128GCM: words += ["-CIPHER-ALL", "+AES-128-GCM"]
        case .aes256GCM: words += ["-CIPHER-ALL", "+AES-256-GCM"]
        case .chaCha20Poly1305: words += ["-CIPHER-ALL", "+CHACHA20-POLY1305"]
        case nil: break
        }
        if let group {
            words += ["-GROUP-ALL", "+GROUP-\(group.rawValue.uppercased())"]
        }
        if requiresPKCS1 {
            words += ["-SIGN-ALL", "+SIGN-RSA-SHA256", "+SIGN-ECDSA-SHA256"]
        }
        return words.joined(separator: ":")
    }
}
