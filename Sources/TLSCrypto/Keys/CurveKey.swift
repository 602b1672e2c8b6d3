// SPDX-License-Identifier: Apache-2.0

internal import CLibcrypto

/// libcrypto's public key of a curve below its EVP objects, which take longer to make than all that a certificate's key else costs:
/// most such keys verify one signature or two.
///
/// `@unchecked`: the object is never changed after it was made.
@safe final class CurveKey: @unchecked Sendable {
    private let pointer: OpaquePointer

    /// Where EVP would do the same with another provider, it is to do so.
    static let isAllowed = safetls_curves_are_of_default_provider() == 1

    /// Nil when the point is none of the curve.
    init?(_ point: Span<UInt8>, group: KeyExchangeGroup) throws(CryptoError) {
        let curve = unsafe try SharedGroup.curve(group)
        let pointer = unsafe point.withUnsafeBufferPointer { point -> OpaquePointer? in
            guard let bytes = point.baseAddress else { return nil }
            return unsafe safetls_curve_key(curve, bytes, point.count)
        }
        guard let pointer = unsafe pointer else {
            ErrorQueue.clear()
            return nil
        }
        unsafe self.pointer = unsafe pointer
    }

    deinit {
        unsafe EC_KEY_free(pointer)
    }

    func verifies(_ signature: Span<UInt8>, digest: Span<UInt8>) -> Bool {
        unsafe digest.withUnsafeBufferPointer { digest in
            unsafe signature.withUnsafeBufferPointer { signature in
                guard let digestBytes = digest.baseAddress, let bytes = signature.baseAddress else { return false }
                return unsafe safetls_curve_verify(pointer, digestBytes, digest.count, bytes, signature.count) == 1
            }
        }
    }
}
