// SPDX-License-Identifier: Apache-2.0
import CHTTPD
import SafeTLS

/// The one buffer that records arrive in, are decrypted in and are lent from. Allocated when bytes arrive,
/// released when the connection falls idle.
///
/// ```
/// 0        plaintext        start               end        capacity
/// | consumed [ lent upward ] | ciphertext        | room       |
/// ```
@safe struct ReceiveBuffer: ~Copyable {
    /// The largest record of TLS 1.2: header, 2^14 bytes and at most 2048 bytes of expansion (RFC 5246 §6.2.3).
    static let capacity = 5 + 16_384 + 2_048

    private var memory: UnsafeMutablePointer<UInt8>?
    private var start = 0
    private var end = 0
    private(set) var plaintext = 0..<0

    init() {}

    deinit {
        unsafe free(memory)
    }

    /// Received bytes that the session has not taken yet.
    var ciphertextCount: Int { end - start }

    /// Bytes that can be received before something is taken.
    var room: Int { Self.capacity - end }

    /// A copy of the first bytes that the session has not taken yet.
    func ciphertextPrefix(_ count: Int) -> [UInt8] {
        guard let memory = unsafe memory else { return [] }
        return unsafe Array(UnsafeBufferPointer(start: memory + start, count: min(count, end - start)))
    }

    /// Allocates if need be and moves what is left to the front, so that a whole record finds room. False if memory
    /// is out. There must be no plaintext.
    mutating func makeRoom() -> Bool {
        if unsafe memory == nil {
            guard let fresh = unsafe malloc(Self.capacity) else { return false }
            unsafe memory = fresh.bindMemory(to: UInt8.self, capacity: Self.capacity)
        }
        guard let memory = unsafe memory, start > 0 else { return true }
        if start < end {
            unsafe memory.update(from: memory + start, count: end - start)
        }
        end -= start
        start = 0
        return true
    }

    /// Copies as much of `bytes` as there is room for, and returns how much that was.
    mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
        let count = min(bytes.count, room)
        guard count > 0, let memory = unsafe memory, let source = bytes.baseAddress else { return 0 }
        unsafe (memory + end).update(from: source, count: count)
        end += count
        return count
    }

    /// What was received, for the session to decrypt in place.
    var ciphertext: MutableSpan<UInt8> {
        @_lifetime(&self)
        mutating get {
            guard let memory = unsafe memory else { return MutableSpan() }
            let span = unsafe MutableSpan(_unsafeStart: memory + start, count: end - start)
            return unsafe _overrideLifetime(span, mutating: &self)
        }
    }

    /// Notes what the session made of `ciphertext`.
    mutating func take(_ received: Received) {
        let limit = end - start
        plaintext =
            (start + min(received.plaintext.lowerBound, limit))..<(start + min(received.plaintext.upperBound, limit))
        start += min(received.consumed, limit)
    }

    /// Replaces everything received by this plaintext.
    mutating func substitute(_ bytes: [UInt8]) {
        start = 0
        end = 0
        let count = unsafe bytes.withUnsafeBufferPointer { unsafe append($0) }
        plaintext = 0..<count
        start = count
    }

    /// The plaintext's first bytes, valid until the next `makeRoom` or `release`.
    func plaintextPrefix(_ count: Int) -> UnsafeBufferPointer<UInt8> {
        guard let memory = unsafe memory else { return unsafe UnsafeBufferPointer(start: nil, count: 0) }
        return unsafe UnsafeBufferPointer(start: memory + plaintext.lowerBound, count: min(count, plaintext.count))
    }

    /// Drops plaintext that was delivered.
    mutating func consumePlaintext(_ count: Int) {
        plaintext = min(plaintext.lowerBound + count, plaintext.upperBound)..<plaintext.upperBound
    }

    /// Gives the memory back if nothing is in it.
    mutating func releaseIfEmpty() {
        guard plaintext.isEmpty, start == end else { return }
        unsafe free(memory)
        unsafe memory = nil
        start = 0
        end = 0
        plaintext = 0..<0
    }
}
