// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// The parts of a certificate's public key, by position in the certificate (RFC 5280 §4.1.2.7).
struct SubjectPublicKeyInfo {
    enum Key {
        case rsa(modulus: Range<Int>, exponent: Range<Int>, isPSS: Bool)
        case ecdsa(KeyExchangeGroup, point: Range<Int>)
        case ed25519(Range<Int>)
        case mlDSA(MLDSAParameterSet, Range<Int>)
    }

    let key: Key
    let kind: KeyKind
    /// The only hash that an id-RSASSA-PSS key may sign with, nil if any (RFC 4055 §3.3).
    let requiredHash: HashAlgorithm?

    /// Reads a SubjectPublicKeyInfo; kinds and parameters that aren't accepted give an `invalidValue` error.
    init(_ bytes: Span<UInt8>, in range: Range<Int>) throws(DERError) {
        var outer = DERReader(bytes, in: range)
        var info = outer.reader(in: try outer.nextSequence())
        try outer.finish()
        var identifier = info.reader(in: try info.nextSequence())
        let keyBits = try info.nextOctetAlignedBitString()
        try info.finish()
        let algorithm = try identifier.nextObjectIdentifier()
        let parameters = identifier.isAtEnd ? nil : try identifier.next()
        try identifier.finish()

        var requiredHash: HashAlgorithm?
        switch algorithm.identifier {
        case .rsaEncryption:
            guard isNullOrAbsent(parameters) else { throw .invalidValue("the RSA key has parameters") }
            (key, kind) = try Self.rsa(bytes, keyBits, isPSS: false)
        case .rsaPSS:
            if let parameters {
                switch try RSAPSSParameters(parameters, in: identifier) {
                case .supported(let hash, let saltLength) where saltLength <= hash.digestLength: requiredHash = hash
                case .supported: throw .invalidValue("the key is for RSA-PSS with a salt longer than the hash")
                case .unsupported(let why): throw .invalidValue("the key is for RSA-PSS \(why)")
                }
            }
            (key, kind) = try Self.rsa(bytes, keyBits, isPSS: true)
        case .ecPublicKey:
            // RFC 5480 §2.1.1: named curves only.
            guard let parameters, parameters.tag == DERTag.objectIdentifier else {
                throw .invalidValue("the elliptic curve is not given by its name")
            }
            let curve = try ObjectIdentifier(identifier.span(parameters.content))
            switch curve {
            case .secp256r1: (key, kind) = (.ecdsa(.secp256r1, point: keyBits), .ecdsaP256)
            case .secp384r1: (key, kind) = (.ecdsa(.secp384r1, point: keyBits), .ecdsaP384)
            case .secp521r1: (key, kind) = (.ecdsa(.secp521r1, point: keyBits), .ecdsaP521)
            default:
                let name = ObjectIdentifier.dotted(identifier.span(parameters.content))
                throw .invalidValue("the elliptic curve \(name) is not supported")
            }
        case .ed25519:
            guard parameters == nil else { throw .invalidValue("the Ed25519 key has parameters") }
            (key, kind) = (.ed25519(keyBits), .ed25519)
        case .mlDSA44: (key, kind) = try Self.mlDSA(.mlDSA44, keyBits, parameters)
        case .mlDSA65: (key, kind) = try Self.mlDSA(.mlDSA65, keyBits, parameters)
        case .mlDSA87: (key, kind) = try Self.mlDSA(.mlDSA87, keyBits, parameters)
        default:
            let name = ObjectIdentifier.dotted(identifier.span(algorithm.content))
            throw .invalidValue("keys of the algorithm \(name) are not supported")
        }
        self.requiredHash = requiredHash
    }

    /// Reads an RSAPublicKey (RFC 8017 §A.1.1).
    private static func rsa(
        _ bytes: Span<UInt8>,
        _ range: Range<Int>,
        isPSS: Bool
    ) throws(DERError) -> (Key, KeyKind) {
        var outer = DERReader(bytes, in: range)
        var reader = outer.reader(in: try outer.nextSequence())
        try outer.finish()
        let modulus = try reader.nextPositiveInteger()
        let exponent = try reader.nextPositiveInteger()
        try reader.finish()
        let bits = modulus.count * 8 - bytes[modulus.lowerBound].leadingZeroBitCount
        // A long exponent is only a way to make verifying slow; real ones are 65537 or 3.
        guard exponent.count <= 8 else { throw .invalidValue("the RSA key's exponent has more than 64 bits") }
        let isOne = exponent.count == 1 && bytes[exponent.lowerBound] == 1
        guard bytes[exponent.upperBound - 1] & 1 == 1, !isOne else {
            throw .invalidValue("the RSA key's exponent is even or 1")
        }
        return (
            .rsa(modulus: modulus, exponent: exponent, isPSS: isPSS), isPSS ? .rsaPSS(bits: bits) : .rsa(bits: bits)
        )
    }

    /// Reads an ML-DSA key (RFC 9881 §2, §4).
    private static func mlDSA(
        _ set: MLDSAParameterSet,
        _ bytes: Range<Int>,
        _ parameters: DERElement?
    ) throws(DERError) -> (Key, KeyKind) {
        guard parameters == nil else { throw .invalidValue("the key for \(set.name) has parameters") }
        return (.mlDSA(set, bytes), .mlDSA(set))
    }

    /// The key, ready to verify signatures.
    func publicKey(in bytes: Span<UInt8>) throws(CryptoError) -> PublicKey {
        switch key {
        case .rsa(let modulus, let exponent, let isPSS):
            try PublicKey(
                rsaModulus: bytes.extracting(modulus),
                exponent: bytes.extracting(exponent),
                isPSS: isPSS,
                requiredHash: requiredHash
            )
        case .ecdsa(let group, let point):
            try PublicKey(ecdsaPoint: bytes.extracting(point), group: group)
        case .ed25519(let key):
            try PublicKey(ed25519: bytes.extracting(key))
        case .mlDSA(let set, let key):
            try PublicKey(mlDSA: bytes.extracting(key), set)
        }
    }
}
