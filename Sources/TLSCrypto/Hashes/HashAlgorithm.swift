// SPDX-License-Identifier: Apache-2.0

internal import CLibcrypto

/// A hash function of FIPS 180-4.
public enum HashAlgorithm: Sendable, Hashable {
    /// SHA-1, only for identifiers (OCSP, key identifiers): no signature made with it is accepted.
    case sha1
    /// SHA-256.
    case sha256
    /// SHA-384.
    case sha384
    /// SHA-512.
    case sha512

    /// The length of a digest, in bytes.
    public var digestLength: Int {
        switch self {
        case .sha1: 20
        case .sha256: 32
        case .sha384: 48
        case .sha512: 64
        }
    }

    var shimValue: CInt {
        switch self {
        case .sha1: CInt(SAFETLS_SHA1.rawValue)
        case .sha256: CInt(SAFETLS_SHA256.rawValue)
        case .sha384: CInt(SAFETLS_SHA384.rawValue)
        case .sha512: CInt(SAFETLS_SHA512.rawValue)
        }
    }
}
