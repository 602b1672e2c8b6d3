// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

extension SignatureScheme {
    /// The signature behind the code point; nil if it isn't supported.
    var algorithm: SignatureAlgorithm? {
        switch self {
        case .rsaPKCS1SHA256: .rsaPKCS1(.sha256)
        case .rsaPKCS1SHA384: .rsaPKCS1(.sha384)
        case .rsaPKCS1SHA512: .rsaPKCS1(.sha512)
        case .ecdsaSECP256R1SHA256: .ecdsa(.sha256)
        case .ecdsaSECP384R1SHA384: .ecdsa(.sha384)
        case .ecdsaSECP521R1SHA512: .ecdsa(.sha512)
        case .rsaPSSRSAESHA256, .rsaPSSPSSSHA256: .rsaPSS(.sha256)
        case .rsaPSSRSAESHA384, .rsaPSSPSSSHA384: .rsaPSS(.sha384)
        case .rsaPSSRSAESHA512, .rsaPSSPSSSHA512: .rsaPSS(.sha512)
        case .ed25519: .ed25519
        case .mldsa44: .mlDSA(.mlDSA44)
        case .mldsa65: .mlDSA(.mlDSA65)
        case .mldsa87: .mlDSA(.mlDSA87)
        default: nil
        }
    }

    /// Why the scheme cannot be used with this libcrypto, as the end of a sentence: it is one of ML-DSA, and libcrypto lacks
    /// that. Nil for all other schemes.
    public var obstacle: String? {
        if case .mlDSA(let set) = algorithm { set.obstacle } else { nil }
    }

    /// Whether handshake signatures of a version may use the scheme: RFC 9846 §4.3.3 leaves PKCS #1 to
    /// certificates, while TLS 1.2 takes the PSS schemes too and has no ML-DSA (draft-ietf-tls-mldsa).
    func isAllowed(in version: ProtocolVersion) -> Bool {
        switch algorithm {
        case .rsaPKCS1: version == .tls12
        case .rsaPSS, .ecdsa, .ed25519: version == .tls12 || version == .tls13
        case .mlDSA: version == .tls13
        case nil: false
        }
    }

    /// Whether a key can make or verify this scheme's handshake signatures in a version.
    ///
    /// TLS 1.3 binds each ECDSA scheme to its curve; in TLS 1.2 it names the hash only (RFC 9846 §4.3.3). An RSA
    /// modulus must have room for the encoded hash (RFC 8017 §9.1.1, §9.2).
    func isUsable(with kind: KeyKind, in version: ProtocolVersion) -> Bool {
        guard isAllowed(in: version) else { return false }
        switch (self, kind) {
        case (.rsaPKCS1SHA256, .rsa(let bits)): return bits >= 8 * (32 + 30)
        case (.rsaPKCS1SHA384, .rsa(let bits)): return bits >= 8 * (48 + 30)
        case (.rsaPKCS1SHA512, .rsa(let bits)): return bits >= 8 * (64 + 30)
        case (.rsaPSSRSAESHA256, .rsa(let bits)), (.rsaPSSPSSSHA256, .rsaPSS(let bits)):
            return Self.fitsPSS(bits: bits, digestLength: 32)
        case (.rsaPSSRSAESHA384, .rsa(let bits)), (.rsaPSSPSSSHA384, .rsaPSS(let bits)):
            return Self.fitsPSS(bits: bits, digestLength: 48)
        case (.rsaPSSRSAESHA512, .rsa(let bits)), (.rsaPSSPSSSHA512, .rsaPSS(let bits)):
            return Self.fitsPSS(bits: bits, digestLength: 64)
        case (.ecdsaSECP256R1SHA256, .ecdsaP256), (.ecdsaSECP384R1SHA384, .ecdsaP384),
            (.ecdsaSECP521R1SHA512, .ecdsaP521), (.ed25519, .ed25519):
            return true
        case (.ecdsaSECP256R1SHA256, .ecdsaP384), (.ecdsaSECP256R1SHA256, .ecdsaP521),
            (.ecdsaSECP384R1SHA384, .ecdsaP256), (.ecdsaSECP384R1SHA384, .ecdsaP521),
            (.ecdsaSECP521R1SHA512, .ecdsaP256), (.ecdsaSECP521R1SHA512, .ecdsaP384):
            return version == .tls12
        case (.mldsa44, .mlDSA(.mlDSA44)), (.mldsa65, .mlDSA(.mlDSA65)), (.mldsa87, .mlDSA(.mlDSA87)):
            return true
        default: return false
        }
    }

    /// emLen >= hLen + sLen + 2 with a salt as long as the hash, emLen being that of bits - 1.
    private static func fitsPSS(bits: Int, digestLength: Int) -> Bool {
        (bits - 1 + 7) / 8 >= 2 * digestLength + 2
    }
}

extension CipherSuite.Authentication {
    /// The authentication a key stands for in TLS 1.2; Ed25519 goes by ECDSA's suites (RFC 8422 §5.10).
    ///
    /// Nil for ML-DSA, which TLS 1.2 has not.
    init?(_ kind: KeyKind) {
        switch kind {
        case .rsa, .rsaPSS: self = .rsa
        case .ecdsaP256, .ecdsaP384, .ecdsaP521, .ed25519: self = .ecdsa
        case .mlDSA: return nil
        }
    }
}
