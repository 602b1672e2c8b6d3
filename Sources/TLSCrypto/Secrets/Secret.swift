// SPDX-License-Identifier: Apache-2.0

internal import CLibcrypto

/// Secret bytes on the heap, wiped when they go out of scope.
///
/// It cannot be copied by accident, compared with `==` or printed.
@safe public struct Secret: ~Copyable, Sendable {
    // Owned by this value alone; valid for `count` bytes until `deinit`.
    private nonisolated(unsafe) let storage: UnsafeMutablePointer<UInt8>

    /// The number of bytes.
    public let count: Int

    /// Makes a secret of `count` zero bytes, to be filled through ``mutableBytes``.
    public init(zeroed count: Int) {
        self.count = max(count, 0)
        unsafe storage = unsafe safetls_secret_new(self.count)
    }

    /// Makes a secret with the contents of `bytes`.
    public init(copying bytes: Span<UInt8>) {
        count = bytes.count
        let storage = unsafe safetls_secret_new(count)
        unsafe bytes.withUnsafeBufferPointer { source in
            if let base = source.baseAddress {
                unsafe storage.update(from: base, count: source.count)
            }
        }
        unsafe self.storage = unsafe storage
    }

    deinit {
        unsafe safetls_secret_free(storage, count)
    }

    /// The secret's bytes.
    public var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            let span = unsafe Span(_unsafeStart: UnsafePointer(storage), count: count)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// The secret's bytes, to be written.
    public var mutableBytes: MutableSpan<UInt8> {
        @_lifetime(&self)
        mutating get {
            let span = unsafe MutableSpan(_unsafeStart: storage, count: count)
            return unsafe _overrideLifetime(span, mutating: &self)
        }
    }

    /// Lends the bytes from an offset on to C.
    mutating func withUnsafeMutableBytes<Result>(
        from offset: Int,
        _ body: (UnsafeMutableRawBufferPointer) -> Result
    ) -> Result {
        let start = min(max(offset, 0), count)
        return unsafe body(UnsafeMutableRawBufferPointer(start: storage + start, count: count - start))
    }

    /// Makes a second secret with the same bytes.
    public func copy() -> Secret {
        Secret(copying: bytes)
    }
}
