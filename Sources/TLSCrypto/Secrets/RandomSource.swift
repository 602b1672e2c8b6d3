// SPDX-License-Identifier: Apache-2.0

internal import CLibcrypto

/// Where random bytes come from.
///
/// Everything but tests uses ``SystemRandomSource``.
public protocol RandomSource: Sendable {
    /// Fills all of `bytes`.
    ///
    /// - Throws: ``CryptoError/randomUnavailable``.
    func fill(_ bytes: inout MutableSpan<UInt8>) throws(CryptoError)
}

/// libcrypto's random generator, seeded by the operating system and safe across `fork()`.
public struct SystemRandomSource: RandomSource {
    /// Makes the source; it has no state of its own.
    public init() {}

    /// Fills all of `bytes`.
    public func fill(_ bytes: inout MutableSpan<UInt8>) throws(CryptoError) {
        guard !bytes.isEmpty else { return }
        let count = bytes.count
        let filled = unsafe bytes.withUnsafeMutableBufferPointer { buffer in
            unsafe count <= Int(CInt.max) && RAND_bytes(buffer.baseAddress, CInt(count)) == 1
        }
        guard filled else {
            ErrorQueue.clear()
            throw .randomUnavailable
        }
    }
}
