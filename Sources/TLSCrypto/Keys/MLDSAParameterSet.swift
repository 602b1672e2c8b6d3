// SPDX-License-Identifier: Apache-2.0

/// A parameter set of ML-DSA (FIPS 204 §4), the signatures that a quantum computer does not forge.
///
/// Only libcrypto makes and verifies them, from OpenSSL 3.5 on: see ``isAvailable``.
public enum MLDSAParameterSet: String, Hashable, Sendable, CaseIterable {
    /// Keys of 1,312 bytes, signatures of 2,420; as strong as SHA-256 is against collisions.
    case mlDSA44 = "ML-DSA-44"
    /// Keys of 1,952 bytes, signatures of 3,309; as strong as AES-192.
    case mlDSA65 = "ML-DSA-65"
    /// Keys of 2,592 bytes, signatures of 4,627; as strong as AES-256.
    case mlDSA87 = "ML-DSA-87"

    /// The name in FIPS 204, which is also libcrypto's.
    public var name: String { rawValue }

    /// The length of a public key, in bytes.
    public var publicKeyLength: Int {
        switch self {
        case .mlDSA44: 1312
        case .mlDSA65: 1952
        case .mlDSA87: 2592
        }
    }

    /// The length of a signature, in bytes.
    public var signatureLength: Int {
        switch self {
        case .mlDSA44: 2420
        case .mlDSA65: 3309
        case .mlDSA87: 4627
        }
    }

    /// Whether the libcrypto that the program runs with has ML-DSA.
    public static var isAvailable: Bool { NativeMLDSA.isAvailable }

    /// Why keys and signatures of this kind cannot be used here, as the end of a sentence; nil where they can.
    package var obstacle: String? {
        MLDSAParameterSet.isAvailable
            ? nil : "\(name) takes an OpenSSL that has it, 3.5 or later, and this is OpenSSL \(LibcryptoVersion.name)"
    }

    /// The error of an operation that libcrypto does not have.
    var unavailable: CryptoError { .unsupported((obstacle ?? "\(name) is not available") + ".") }
}

extension MLDSAParameterSet {
    /// The contents of the object identifiers, but for their last byte: 2.16.840.1.101.3.4.3 (RFC 9881 §2).
    private static let arc: [UInt8] = [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03]

    /// The set that the contents of an object identifier name.
    init?(objectIdentifier: Span<UInt8>) {
        guard objectIdentifier.count == Self.arc.count + 1,
            isEqual(objectIdentifier.extracting(0..<Self.arc.count), Self.arc.span)
        else { return nil }
        switch objectIdentifier[Self.arc.count] {
        case 17: self = .mlDSA44
        case 18: self = .mlDSA65
        case 19: self = .mlDSA87
        default: return nil
        }
    }

    /// The set that a private key in PKCS#8 form is of (RFC 5958 §2), for a libcrypto that cannot read it.
    init?(ofPKCS8 der: Span<UInt8>) {
        // A sequence of any length, a version of one byte, and the sequence that begins with the identifier.
        guard der.count > 2, der[0] == 0x30 else { return nil }
        let start = 2 + (der[1] & 0x80 == 0 ? 0 : Int(der[1] & 0x7F))
        let identifier = start + 7
        guard identifier + 9 <= der.count, der[start] == 0x02, der[start + 1] == 1, der[start + 3] == 0x30,
            der[start + 5] == 0x06, der[start + 6] == 9
        else { return nil }
        self.init(objectIdentifier: der.extracting(identifier..<identifier + 9))
    }
}
