// SPDX-License-Identifier: Apache-2.0

internal import CLibcrypto
internal import MLKEM

/// Bytes that were drawn at once from another source, given out in parts: a call of libcrypto's generator costs 0.5 to 0.9 µs,
/// whether it is for 4 bytes or for 100.
///
/// For one call of the library, in one thread, which drops it before it returns: what is left over is wiped then. Kept any
/// longer, it would be in two processes after a `fork()`.
@safe package final class DrawnRandom: RandomSource, @unchecked Sendable {
    // Enough for a client's random, session ID and two keys.
    private var bytes: [320 of UInt8]
    private let count: Int
    private var offset = 0
    private let source: any RandomSource

    /// Draws `count` bytes, or as many as there is room for.
    ///
    /// - Throws: ``CryptoError/randomUnavailable``.
    package init(count: Int, from source: any RandomSource) throws(CryptoError) {
        self.source = source
        bytes = .init(repeating: 0)
        self.count = min(max(count, 0), bytes.count)
        try unsafe withUnsafeMutableBytes(of: &bytes) { bytes throws(CryptoError) in
            let elements = unsafe bytes.bindMemory(to: UInt8.self)
            let part = unsafe UnsafeMutableBufferPointer(rebasing: elements[0..<self.count])
            var drawn = unsafe MutableSpan(_unsafeElements: part)
            try source.fill(&drawn)
        }
    }

    deinit {
        unsafe withUnsafeMutableBytes(of: &bytes) { unsafe OPENSSL_cleanse($0.baseAddress, $0.count) }
    }

    /// Takes the next bytes, or where there are not as many left, new ones from the source.
    package func fill(_ output: inout MutableSpan<UInt8>) throws(CryptoError) {
        guard output.count <= count - offset else {
            try source.fill(&output)
            return
        }
        // In place: a span of an array in a class is one of a copy, which nobody would wipe.
        let range = offset..<offset + output.count
        unsafe output.withUnsafeMutableBytes { output in
            unsafe withUnsafeMutableBytes(of: &bytes) { bytes in
                unsafe output.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[range]))
            }
        }
        offset = range.upperBound
    }
}

extension KeyExchangeGroup {
    /// How many random bytes a key takes, but for a scalar of a curve that has to be drawn again.
    package var randomLength: Int { scalarLength + (parameters == nil ? 0 : ParameterSet.seedLength) }

    /// How many a response takes.
    package var responseRandomLength: Int { scalarLength + (parameters == nil ? 0 : ParameterSet.messageLength) }
}
