// SPDX-License-Identifier: Apache-2.0
import CHTTPD
import HTTPDCore

/// The passphrase of the keys that wait in a store of mod_md's. It is wiped when it goes, and its file's text once it is read.
@safe final class StorePassphrase {
    /// Longest file of a store that is read, in bytes; mod_md's has some hundred.
    private static let longest = 4096

    private let memory: UnsafeMutablePointer<UInt8>
    private var count = 0

    /// Nil where there is none, and where somebody else could have written it.
    init?(_ store: String) {
        unsafe memory = .allocate(capacity: Self.longest)
        let text = UnsafeMutablePointer<UInt8>.allocate(capacity: Self.longest)
        defer {
            unsafe explicit_bzero(text, Self.longest)
            unsafe text.deallocate()
        }
        let length = unsafe tlsd_read_own_file(store, text, Self.longest)
        guard length > 0 else { return nil }
        let json = unsafe Span(_unsafeElements: UnsafeBufferPointer(start: text, count: length))
        let isWhole = StagedRenewal.passphrase(ofStore: json) { byte in
            unsafe memory[count] = byte
            count += 1
        }
        guard isWhole else { return nil }
    }

    deinit {
        unsafe explicit_bzero(memory, Self.longest)
        unsafe memory.deallocate()
    }

    var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            let span = unsafe Span(_unsafeElements: UnsafeBufferPointer(start: memory, count: count))
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }
}
