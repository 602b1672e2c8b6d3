// SPDX-License-Identifier: Apache-2.0

/// What an encoding of a private key is, seen before libcrypto parses it.
///
/// Parsing does arithmetic with some kinds of keys: the public half of a DSA or DH key is computed, for as long as its
/// numbers are. And each signature of an RSA key is made with numbers of which libcrypto bounds none.
enum PrivateKeyShape: Equatable {
    /// An EncryptedPrivateKeyInfo (RFC 5958 §3).
    case isEncrypted
    /// One that libcrypto may parse.
    case isUsable
    /// An RSA key of so many bits.
    case isTooLong(bits: Int)
    /// A key in PKCS#8 form of a kind that is not used.
    case isOfOtherKind
    /// None of the forms, or one with numbers that do not belong there.
    case isUnknown

    /// Longest encoding that is read, in bytes: an RSA key of 8192 bits takes 4.7 KB, one for ML-DSA-87 with both its forms 5 KB.
    static let longest = 65_535

    init(of der: Span<UInt8>) {
        var fields = KeyFields(der)
        guard der.count <= Self.longest, let whole = fields.next(KeyFields.sequence), fields.isAtEnd else {
            self = .isUnknown
            return
        }
        fields = KeyFields(der, in: whole)
        switch fields.nextTag {
        case KeyFields.sequence:
            let isSealed = fields.next(KeyFields.sequence) != nil && fields.next(KeyFields.octetString) != nil
            self = isSealed && fields.isAtEnd ? .isEncrypted : .isUnknown
        case KeyFields.integer:
            _ = fields.next(KeyFields.integer)
            self =
                switch fields.nextTag {
                // SEC1: libcrypto bounds the field of a curve, and reduces what is multiplied.
                case KeyFields.octetString: .isUsable
                case KeyFields.integer: Self.rsa(der, in: whole)
                default: Self.pkcs8(der, &fields)
                }
        default: self = .isUnknown
        }
    }

    /// Behind the version of a OneAsymmetricKey (RFC 5958 §2).
    private static func pkcs8(_ der: Span<UInt8>, _ fields: inout KeyFields) -> PrivateKeyShape {
        guard let algorithm = fields.next(KeyFields.sequence), let key = fields.next(KeyFields.octetString) else {
            return .isUnknown
        }
        var parts = KeyFields(der, in: algorithm)
        guard let range = parts.nextIdentifier() else { return .isUnknown }
        let identifier = der.extracting(range)
        if isEqual(identifier, rsaEncryption.span) || isEqual(identifier, rsaPSS.span) {
            var contents = KeyFields(der, in: key)
            guard let sequence = contents.next(KeyFields.sequence), contents.isAtEnd else { return .isUnknown }
            return rsa(der, in: sequence)
        }
        let isKnown =
            isECDSA(identifier) || isEqual(identifier, ed25519.span)
            || MLDSAParameterSet(objectIdentifier: identifier) != nil
        return isKnown ? .isUsable : .isOfOtherKind
    }

    /// Whether an object identifier is that of ECDSA keys.
    static func isECDSA(_ identifier: Span<UInt8>) -> Bool { isEqual(identifier, ecPublicKey.span) }

    /// Most bits of an RSA key's public exponent, as of a public key's.
    private static let exponentBits = 34
    /// Most primes of an RSA key: libcrypto's own limit.
    private static let mostPrimes = 5

    /// The contents of an RSAPrivateKey (RFC 8017 appendix A.1.2): no number is longer than the modulus, and all primes together
    /// are about as long as it is. A signature is made with each of them.
    private static func rsa(_ der: Span<UInt8>, in range: Range<Int>) -> PrivateKeyShape {
        var fields = KeyFields(der, in: range)
        guard fields.nextNumber() != nil, let bits = fields.nextBitCount() else { return .isUnknown }
        guard bits <= KeyLimits.longestTrustedRSABits else { return .isTooLong(bits: bits) }
        guard let exponent = fields.nextBitCount(), exponent <= exponentBits,
            let secret = fields.nextBitCount(), secret <= bits, let first = fields.nextBitCount(),
            let second = fields.nextBitCount()
        else { return .isUnknown }
        var (primes, count) = (first + second, 2)
        // What belongs to these primes.
        for _ in 0..<3 {
            guard let part = fields.nextBitCount(), part <= bits else { return .isUnknown }
        }
        if !fields.isAtEnd {
            guard let others = fields.next(KeyFields.sequence), fields.isAtEnd else { return .isUnknown }
            fields = KeyFields(der, in: others)
        }
        // Primes beyond two, each with its exponent and its coefficient.
        while !fields.isAtEnd {
            guard count < mostPrimes, let range = fields.next(KeyFields.sequence) else { return .isUnknown }
            var parts = KeyFields(der, in: range)
            guard let prime = parts.nextBitCount(), let exponent = parts.nextBitCount(), exponent <= bits,
                let coefficient = parts.nextBitCount(), coefficient <= bits, parts.isAtEnd
            else { return .isUnknown }
            primes += prime
            count += 1
        }
        return primes <= bits + count ? .isUsable : .isUnknown
    }

    /// 1.2.840.113549.1.1.1 (RFC 8017 appendix C).
    private static let rsaEncryption: [UInt8] = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01]
    /// 1.2.840.113549.1.1.10 (RFC 8017 appendix C).
    private static let rsaPSS: [UInt8] = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0A]
    /// 1.2.840.10045.2.1 (RFC 5480 §2.1.1).
    private static let ecPublicKey: [UInt8] = [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01]
    /// 1.3.101.112 (RFC 8410 §3).
    private static let ed25519: [UInt8] = [0x2B, 0x65, 0x70]
}
