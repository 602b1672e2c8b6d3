// SPDX-License-Identifier: Apache-2.0

internal import CLibcrypto

/// The scalar and the point of an ECDSA key, in the form that nearly all keys have: the curve by its name and the point
/// uncompressed, in PKCS #8 (RFC 5958 §2) or by itself (RFC 5915 §3).
///
/// Such keys need none of libcrypto's decoders, which take most of the time that a server with many hosts needs to start.
struct ECPrivateKeyParts {
    private let group: KeyExchangeGroup
    private let scalar: Range<Int>
    private let point: Range<Int>

    /// Looks for the parts in an encoding; nil for every other form.
    init?(of der: Span<UInt8>) {
        var fields = KeyFields(der)
        guard let whole = fields.next(KeyFields.sequence), fields.isAtEnd else { return nil }
        fields = KeyFields(der, in: whole)
        guard let version = fields.next(KeyFields.integer), version.count == 1 else { return nil }
        if fields.nextTag == KeyFields.octetString {
            self.init(der, in: whole, of: nil)
            return
        }
        guard der[version.lowerBound] <= 1, let algorithm = fields.next(KeyFields.sequence),
            let key = fields.next(KeyFields.octetString), fields.isAtEnd
        else { return nil }
        var parameters = KeyFields(der, in: algorithm)
        guard let kind = parameters.nextIdentifier(), Self.isECDSA(der, kind),
            let curve = parameters.nextIdentifier(), parameters.isAtEnd, let group = Self.group(der, curve)
        else { return nil }
        var contents = KeyFields(der, in: key)
        guard let sequence = contents.next(KeyFields.sequence), contents.isAtEnd else { return nil }
        self.init(der, in: sequence, of: group)
    }

    /// The contents of an ECPrivateKey; outside PKCS #8 it says its curve itself.
    private init?(_ der: Span<UInt8>, in range: Range<Int>, of outer: KeyExchangeGroup?) {
        var fields = KeyFields(der, in: range)
        guard let version = fields.next(KeyFields.integer), version.count == 1, der[version.lowerBound] == 1,
            let scalar = fields.next(KeyFields.octetString)
        else { return nil }
        var group = outer
        if fields.nextTag == Self.parameters, let range = fields.next(Self.parameters) {
            var parameters = KeyFields(der, in: range)
            guard let curve = parameters.nextIdentifier(), parameters.isAtEnd,
                let own = Self.group(der, curve), outer == nil || outer == own
            else { return nil }
            group = own
        }
        guard let group, scalar.count == group.scalarLength, let outside = fields.next(Self.publicKey), fields.isAtEnd
        else { return nil }
        var contents = KeyFields(der, in: outside)
        // Behind the number of bits that are not used.
        guard let bits = contents.next(Self.bitString), contents.isAtEnd, bits.count == 1 + group.publicKeyLength,
            der[bits.lowerBound] == 0, der[bits.lowerBound + 1] == 4
        else { return nil }
        (self.group, self.scalar, point) = (group, scalar, bits.lowerBound + 1..<bits.upperBound)
    }

    /// The key, whose halves belong together; nil for a scalar that is 0 or not below the order, or when libcrypto makes no
    /// key of the parts.
    func key(in der: Span<UInt8>) throws(CryptoError) -> NativeKey? {
        let (scalar, point) = (der.extracting(scalar), der.extracting(point))
        guard let computed = try CurveExchange.publicKey(group, scalar: scalar) else { return nil }
        guard isEqual(computed.span, point) else { throw .invalidKey(PrivateKey.strangers) }
        guard let maker = unsafe KeyMaker.ec else { return nil }
        let pointer = unsafe scalar.withUnsafeBufferPointer { scalar -> OpaquePointer? in
            unsafe computed.withUnsafeBufferPointer { point -> OpaquePointer? in
                guard let secret = scalar.baseAddress, let bytes = point.baseAddress else { return nil }
                return unsafe safetls_ec_private_key(maker, name, secret, scalar.count, bytes, point.count)
            }
        }
        ErrorQueue.clear()
        guard let pointer = unsafe pointer else { return nil }
        return unsafe NativeKey(owning: pointer, isConsistent: true)
    }

    private var name: String {
        switch group {
        case .secp384r1: "P-384"
        case .secp521r1: "P-521"
        default: "P-256"
        }
    }

    private static func isECDSA(_ der: Span<UInt8>, _ identifier: Range<Int>) -> Bool {
        let identifier = der.extracting(identifier)
        return PrivateKeyShape.isECDSA(identifier)
    }

    private static func group(_ der: Span<UInt8>, _ identifier: Range<Int>) -> KeyExchangeGroup? {
        let identifier = der.extracting(identifier)
        if isEqual(identifier, p256.span) { return .secp256r1 }
        if isEqual(identifier, p384.span) { return .secp384r1 }
        if isEqual(identifier, p521.span) { return .secp521r1 }
        return nil
    }

    private static let bitString: UInt8 = 0x03
    /// `parameters [0]` and `publicKey [1]` (RFC 5915 §3).
    private static let parameters: UInt8 = 0xA0
    private static let publicKey: UInt8 = 0xA1
    /// 1.2.840.10045.3.1.7, 1.3.132.0.34 and 1.3.132.0.35 (RFC 5480 §2.1.1.1).
    private static let p256: [UInt8] = [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07]
    private static let p384: [UInt8] = [0x2B, 0x81, 0x04, 0x00, 0x22]
    private static let p521: [UInt8] = [0x2B, 0x81, 0x04, 0x00, 0x23]
}
