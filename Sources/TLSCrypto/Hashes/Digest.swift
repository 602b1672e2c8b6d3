// SPDX-License-Identifier: Apache-2.0

/// A digest or message authentication code of at most 64 bytes, stored inline.
///
/// Not `Equatable`: codes are compared with ``constantTimeEquals(_:_:)``.
public struct Digest: Sendable {
    private var storage: [64 of UInt8]

    /// The number of bytes.
    public let count: Int

    init(count: Int, _ body: (UnsafeMutablePointer<UInt8>) -> Void) {
        precondition(count <= 64)
        self.count = count
        storage = InlineArray(repeating: 0)
        var span = storage.mutableSpan
        unsafe span.withUnsafeMutableBufferPointer { buffer in
            if let base = buffer.baseAddress {
                unsafe body(base)
            }
        }
    }

    /// The bytes.
    public var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            storage.span.extracting(0..<count)
        }
    }
}
