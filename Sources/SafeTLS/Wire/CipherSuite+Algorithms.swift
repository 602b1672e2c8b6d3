// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

extension CipherSuite {
    /// What kind of certificate a TLS 1.2 suite asks for.
    enum Authentication: Hashable, Sendable {
        /// ECDSA, and Ed25519 (RFC 8422 §5.10).
        case ecdsa
        case rsa
    }

    /// Whether this is a suite of TLS 1.3, the only ones there (RFC 9846 §B.4).
    package var isTLS13: Bool {
        switch self {
        case .aes128GCMSHA256, .aes256GCMSHA384, .chaCha20Poly1305SHA256: true
        default: false
        }
    }

    /// Whether this is a suite of TLS 1.2 that is supported.
    var isTLS12: Bool { authentication != nil }

    /// The version this suite belongs to; nil if it isn't supported.
    var version: ProtocolVersion? {
        isTLS13 ? .tls13 : isTLS12 ? .tls12 : nil
    }

    /// Record protection; nil if the suite isn't supported.
    var aead: AEADAlgorithm? {
        switch self {
        case .aes128GCMSHA256, .ecdheECDSAWithAES128GCMSHA256, .ecdheRSAWithAES128GCMSHA256: .aes128GCM
        case .aes256GCMSHA384, .ecdheECDSAWithAES256GCMSHA384, .ecdheRSAWithAES256GCMSHA384: .aes256GCM
        case .chaCha20Poly1305SHA256, .ecdheECDSAWithChaCha20Poly1305SHA256, .ecdheRSAWithChaCha20Poly1305SHA256:
            .chaCha20Poly1305
        default: nil
        }
    }

    /// The hash of the transcript and the key schedule; nil if the suite isn't supported.
    var hash: HashAlgorithm? {
        switch aead {
        case .aes256GCM: .sha384
        case .aes128GCM, .chaCha20Poly1305: .sha256
        case nil: nil
        }
    }

    /// The certificate a TLS 1.2 suite asks for; nil for TLS 1.3, where signature schemes decide.
    var authentication: Authentication? {
        switch self {
        case .ecdheECDSAWithAES128GCMSHA256, .ecdheECDSAWithAES256GCMSHA384, .ecdheECDSAWithChaCha20Poly1305SHA256:
            .ecdsa
        case .ecdheRSAWithAES128GCMSHA256, .ecdheRSAWithAES256GCMSHA384, .ecdheRSAWithChaCha20Poly1305SHA256: .rsa
        default: nil
        }
    }
}
