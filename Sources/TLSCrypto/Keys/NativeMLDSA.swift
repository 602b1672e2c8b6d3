// SPDX-License-Identifier: Apache-2.0

internal import CLibcrypto

/// libcrypto's ML-DSA, which releases from 3.5 on have.
enum NativeMLDSA {
    // Made once, only ever copied, never freed.
    private nonisolated(unsafe) static let maker44 = unsafe maker(.mlDSA44)
    private nonisolated(unsafe) static let maker65 = unsafe maker(.mlDSA65)
    private nonisolated(unsafe) static let maker87 = unsafe maker(.mlDSA87)

    private static func maker(_ set: MLDSAParameterSet) -> OpaquePointer? {
        let maker = unsafe EVP_PKEY_CTX_new_from_name(nil, set.name, nil)
        // Older releases say that they do not know the name.
        ErrorQueue.clear()
        return unsafe maker
    }

    /// Whether there are all parameter sets, and they are those of FIPS 204.
    ///
    /// The name alone is no promise: providers of other makers had drafts of the standard. Some 0.7 ms, once.
    static let isAvailable = MLDSAParameterSet.allCases.allSatisfy(makesExpectedKey)

    /// Whether a seed makes the public key that it should: the algorithm is FIPS 204's then, and keys can be given to it.
    private static func makesExpectedKey(_ set: MLDSAParameterSet) -> Bool {
        // SHA-256 of the keys of a seed of 32 bytes 0x5A.
        let expected: [UInt8] =
            switch set {
            case .mlDSA44:
                [
                    0x7C, 0x74, 0x83, 0x68, 0x30, 0x69, 0x92, 0xEB, 0xA3, 0x64, 0x9A, 0x53, 0x70, 0x57, 0x35, 0xCB,
                    0x7F, 0xFE, 0xF8, 0xF4, 0x21, 0x0B, 0x98, 0x52, 0xB2, 0xEF, 0xA2, 0x64, 0xD8, 0x0A, 0x8B, 0x27,
                ]
            case .mlDSA65:
                [
                    0x3C, 0x0C, 0x69, 0x3A, 0x14, 0xB7, 0xAD, 0x8F, 0xCC, 0x02, 0x72, 0xEA, 0xCC, 0xE5, 0x07, 0xB5,
                    0x14, 0xD8, 0x65, 0xA0, 0x6E, 0x80, 0x58, 0x08, 0x71, 0x30, 0xF5, 0x0F, 0xF4, 0x3C, 0xC0, 0x9B,
                ]
            case .mlDSA87:
                [
                    0x0D, 0x71, 0x6E, 0xAE, 0x51, 0x61, 0xD6, 0xC6, 0x43, 0x02, 0x8D, 0xE9, 0xF9, 0x83, 0xC0, 0x92,
                    0xA6, 0x59, 0xCE, 0x1B, 0xEB, 0x6C, 0xF7, 0x9D, 0x70, 0x9F, 0x51, 0xAB, 0x95, 0x75, 0xA2, 0x32,
                ]
            }
        let seed = [UInt8](repeating: 0x5A, count: 32)
        guard let key = key(set, seed.span, isSeed: true) else { return false }
        var publicKey = [UInt8](repeating: 0, count: set.publicKeyLength)
        let done = unsafe publicKey.withUnsafeMutableBufferPointer { output in
            guard let start = output.baseAddress else { return CInt(0) }
            return unsafe safetls_raw_public_key(key.pointer, start, output.count)
        }
        ErrorQueue.clear()
        guard done == 1, let digest = try? HashState.hash(.sha256, publicKey.span) else { return false }
        return isEqual(digest.bytes, expected.span)
    }

    /// A key of its public bytes, or its seed (RFC 9881 §4, §6).
    static func key(_ set: MLDSAParameterSet, _ bytes: Span<UInt8>, isSeed: Bool) -> NativeKey? {
        let maker =
            switch set {
            case .mlDSA44: unsafe maker44
            case .mlDSA65: unsafe maker65
            case .mlDSA87: unsafe maker87
            }
        guard let maker = unsafe maker else { return nil }
        let key = unsafe bytes.withUnsafeBufferPointer { bytes -> OpaquePointer? in
            guard let start = bytes.baseAddress else { return nil }
            return unsafe safetls_raw_key(maker, set.name, start, bytes.count, isSeed ? 1 : 0)
        }
        guard let key = unsafe key else {
            ErrorQueue.clear()
            return nil
        }
        return unsafe NativeKey(owning: key)
    }
}
