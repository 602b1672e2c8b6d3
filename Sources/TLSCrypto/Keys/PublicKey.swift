// SPDX-License-Identifier: Apache-2.0

internal import CLibcrypto

/// A key that verifies signatures; many threads may use it at once.
public final class PublicKey: Sendable {
    /// What the key is.
    public let kind: KeyKind

    private let key: Implementation
    private let requiredHash: HashAlgorithm?

    private enum Implementation: Sendable {
        case native(NativeKey)
        /// Of a curve: the object that verifies, and the point, of which the native one is made where it is asked for.
        case curve(CurveKey, point: [UInt8], KeyExchangeGroup)
    }

    init(_ key: NativeKey, kind: KeyKind) {
        self.key = .native(key)
        self.kind = kind
        requiredHash = nil
    }

    /// Makes an RSA key from the big-endian numbers of an RSAPublicKey (RFC 8017 §A.1.1); leading zeros are allowed.
    ///
    /// - Parameters:
    ///   - rsaModulus: 1024 to 16384 bits. Which of them will do is for the caller to say, see ``KeyLimits``.
    ///   - exponent: Odd, 3 to 2³³: a longer one would make verification slow.
    ///   - isPSS: The key is for RSASSA-PSS alone (id-RSASSA-PSS).
    ///   - requiredHash: The only hash that signatures may be of, nil if any will do (RFC 4055 §3.3).
    /// - Throws: ``CryptoError/invalidKey(_:)``.
    public init(
        rsaModulus: Span<UInt8>,
        exponent: Span<UInt8>,
        isPSS: Bool = false,
        requiredHash: HashAlgorithm? = nil
    ) throws(CryptoError) {
        let modulus = Self.withoutLeadingZeros(rsaModulus)
        let exponent = Self.withoutLeadingZeros(exponent)
        guard !modulus.isEmpty else { throw .invalidKey("The RSA modulus is 0.") }
        let bits = modulus.count * 8 - modulus[0].leadingZeroBitCount
        guard bits >= KeyLimits.rsaBits, bits <= KeyLimits.longestRSABits else {
            throw .invalidKey("An RSA key of \(bits) bits is not accepted; 1024 to 16384 are.")
        }
        guard modulus[modulus.count - 1] & 1 == 1 else { throw .invalidKey("The RSA modulus is even.") }
        var e: UInt64 = 0
        for i in 0..<min(exponent.count, 5) {
            e = e << 8 | UInt64(exponent[i])
        }
        guard exponent.count <= 5, e & 1 == 1, e >= 3, e <= 1 << 33 else {
            throw .invalidKey("The RSA exponent is not an odd number from 3 to 2^33.")
        }
        guard let maker = isPSS ? unsafe KeyMaker.rsaPSS : unsafe KeyMaker.rsa else {
            ErrorQueue.clear()
            throw .unsupported("This libcrypto lacks RSA.")
        }
        let name = isPSS ? "RSA-PSS" : "RSA"
        let pointer = unsafe modulus.withUnsafeBufferPointer { modulus -> OpaquePointer? in
            unsafe exponent.withUnsafeBufferPointer { exponent -> OpaquePointer? in
                guard let n = modulus.baseAddress, let e = exponent.baseAddress else { return nil }
                return unsafe safetls_rsa_public_key(maker, name, n, modulus.count, e, exponent.count)
            }
        }
        guard let pointer = unsafe pointer else {
            ErrorQueue.clear()
            throw .invalidKey("The RSA key is not valid.")
        }
        key = .native(unsafe NativeKey(owning: pointer))
        kind = isPSS ? .rsaPSS(bits: bits) : .rsa(bits: bits)
        self.requiredHash = requiredHash
    }

    /// Makes an ECDSA key from a point, uncompressed or compressed (RFC 5480 §2.2).
    ///
    /// A compressed point is decompressed here, once; that takes a third of the time of a signature on P-256.
    ///
    /// - Throws: ``CryptoError/invalidKey(_:)`` when the point is not one of the curve.
    public init(ecdsaPoint: Span<UInt8>, group: KeyExchangeGroup) throws(CryptoError) {
        switch group {
        case .x25519: throw .invalidKey("X25519 is not for signatures.")
        case .x25519MLKEM768, .secp256r1MLKEM768, .secp384r1MLKEM1024:
            throw .invalidKey("ML-KEM is not for signatures.")
        case .secp256r1: kind = .ecdsaP256
        case .secp384r1: kind = .ecdsaP384
        case .secp521r1: kind = .ecdsaP521
        }
        guard Self.isPoint(ecdsaPoint, of: group) else { throw Self.noPoint }
        requiredHash = nil
        guard CurveKey.isAllowed else {
            key = .native(try Self.native(ecdsaPoint, group))
            return
        }
        guard let curveKey = try CurveKey(ecdsaPoint, group: group) else { throw Self.noPoint }
        key = .curve(curveKey, point: copyBytes(ecdsaPoint), group)
    }

    private static let noPoint = CryptoError.invalidKey("The ECDSA key is not a point of its curve.")

    /// EVP's key of a point.
    private static func native(_ point: Span<UInt8>, _ group: KeyExchangeGroup) throws(CryptoError) -> NativeKey {
        let parameters =
            switch group {
            case .secp256r1: unsafe KeyMaker.p256
            case .secp384r1: unsafe KeyMaker.p384
            case .secp521r1: unsafe KeyMaker.p521
            default: unsafe OpaquePointer?.none
            }
        guard let parameters = unsafe parameters else {
            ErrorQueue.clear()
            throw .unsupported("This libcrypto lacks the curve.")
        }
        let pointer = unsafe point.withUnsafeBufferPointer { point -> OpaquePointer? in
            guard let bytes = point.baseAddress else { return nil }
            return unsafe safetls_ec_public_key(parameters, bytes, point.count)
        }
        guard let pointer = unsafe pointer else {
            ErrorQueue.clear()
            throw noPoint
        }
        return unsafe NativeKey(owning: pointer)
    }

    /// Makes an Ed25519 key from its 32 bytes (RFC 8410 §4).
    ///
    /// - Throws: ``CryptoError/invalidKey(_:)`` when the count is another.
    public init(ed25519: Span<UInt8>) throws(CryptoError) {
        guard ed25519.count == 32 else {
            throw .invalidKey("An Ed25519 key has 32 bytes, not \(ed25519.count).")
        }
        let pointer = unsafe ed25519.withUnsafeBufferPointer { bytes in
            unsafe EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, bytes.baseAddress, bytes.count)
        }
        guard let pointer = unsafe pointer else {
            ErrorQueue.clear()
            throw .unsupported("This libcrypto lacks Ed25519.")
        }
        key = .native(unsafe NativeKey(owning: pointer))
        kind = .ed25519
        requiredHash = nil
    }

    /// Makes an ML-DSA key from its bytes (RFC 9881 §4).
    ///
    /// - Throws: ``CryptoError/invalidKey(_:)`` when the count is another; ``CryptoError/unsupported(_:)`` when libcrypto
    ///   has no ML-DSA.
    public init(mlDSA bytes: Span<UInt8>, _ set: MLDSAParameterSet) throws(CryptoError) {
        guard bytes.count == set.publicKeyLength else {
            throw .invalidKey("A key for \(set.name) has \(set.publicKeyLength) bytes, not \(bytes.count).")
        }
        guard MLDSAParameterSet.isAvailable else { throw set.unavailable }
        guard let native = NativeMLDSA.key(set, bytes, isSeed: false) else {
            throw .internalFailure("A key for \(set.name) could not be made.")
        }
        key = .native(native)
        kind = .mlDSA(set)
        requiredHash = nil
    }

    /// Checks that `signature` is one of this key over `message`.
    ///
    /// - Throws: ``CryptoError/invalidSignature``; ``CryptoError/unsupported(_:)`` when the key's kind does not go
    ///   with the algorithm.
    public func verify(
        signature: Span<UInt8>,
        message: Span<UInt8>,
        algorithm: SignatureAlgorithm
    ) throws(CryptoError) {
        guard kind.supports(algorithm) else {
            throw .unsupported("The key is not for signatures of this algorithm.")
        }
        if let requiredHash, requiredHash != algorithm.hash { throw .invalidSignature }
        let isValid: Bool
        switch (key, algorithm.hash) {
        case (.curve(let key, _, _), let hash?) where hash != .sha1:
            let digest = try HashState.hash(hash, message)
            isValid = key.verifies(signature, digest: digest.bytes)
        case (.native(let key), let hash?):
            let digest = try HashState.hash(hash, message)
            guard let verdict = key.verifies(signature, digest: digest.bytes, algorithm: algorithm) else {
                throw .unsupported("The key is not for signatures of this algorithm.")
            }
            isValid = verdict
        case (.native(let key), nil):
            isValid = unsafe message.withUnsafeBufferPointer { message in
                unsafe signature.withUnsafeBufferPointer { signature in
                    guard let bytes = signature.baseAddress else { return false }
                    return unsafe safetls_verify_message(
                        key.pointer,
                        message.baseAddress,
                        message.count,
                        bytes,
                        signature.count
                    ) == 1
                }
            }
        case (.curve, _): throw .unsupported("The key is not for signatures of this algorithm.")
        }
        guard isValid else {
            ErrorQueue.clear()
            throw .invalidSignature
        }
    }

    /// Whether `other` is the same key.
    public func isSameKey(as other: PublicKey) -> Bool {
        guard let key = native, let otherKey = other.native else { return false }
        let isSame = unsafe EVP_PKEY_eq(key.pointer, otherKey.pointer) == 1
        ErrorQueue.clear()
        return isSame
    }

    /// EVP's key.
    private var native: NativeKey? {
        switch key {
        case .native(let key): key
        case .curve(_, let point, let group): try? Self.native(point.span, group)
        }
    }

    /// Whether the first byte goes with the length. The hybrid form of X9.62 is none that certificates may have.
    private static func isPoint(_ point: Span<UInt8>, of group: KeyExchangeGroup) -> Bool {
        guard !point.isEmpty else { return false }
        switch point[0] {
        case 2, 3: return point.count == 1 + (group.publicKeyLength - 1) / 2
        case 4: return point.count == group.publicKeyLength
        default: return false
        }
    }

    @_lifetime(copy bytes)
    private static func withoutLeadingZeros(_ bytes: Span<UInt8>) -> Span<UInt8> {
        var start = 0
        while start < bytes.count, bytes[start] == 0 { start += 1 }
        return bytes.extracting(start..<bytes.count)
    }
}

/// What libcrypto makes keys with, each fetched once; only ever copied from; never freed.
enum KeyMaker {
    nonisolated(unsafe) static let rsa = unsafe EVP_PKEY_CTX_new_from_name(nil, "RSA", nil)
    nonisolated(unsafe) static let rsaPSS = unsafe EVP_PKEY_CTX_new_from_name(nil, "RSA-PSS", nil)
    nonisolated(unsafe) static let ec = unsafe EVP_PKEY_CTX_new_from_name(nil, "EC", nil)
    nonisolated(unsafe) static let p256 = unsafe safetls_curve_parameters("P-256")
    nonisolated(unsafe) static let p384 = unsafe safetls_curve_parameters("P-384")
    nonisolated(unsafe) static let p521 = unsafe safetls_curve_parameters("P-521")
}
