// SPDX-License-Identifier: Apache-2.0

internal import CLibcrypto
package import Synchronization

/// A place for a value that is costly to make: whoever needs it takes it out, alone has it, and puts it back.
///
/// No thread waits for another, and nothing of it is locked while the value is used: who finds the place empty, or another thread
/// about to take or to put, makes a value of his own. A process that is forked has a copy, or an empty place.
@safe package final class SparePlace<Value: ~Copyable & Sendable>: @unchecked Sendable {
    // Of a few instructions' length. In a process that was forked just then it stays so, which is an empty place for ever.
    @usableFromInline let isBusy = Atomic(false)
    @usableFromInline var value: Value?

    @inlinable package init() { value = nil }

    /// The value, if there is one.
    @inlinable package func take() -> Value? {
        guard begin() else { return nil }
        let taken = value.take()
        isBusy.store(false, ordering: .releasing)
        return taken
    }

    /// Keeps a value for the next who needs one, or lets go of it where another is there.
    @inlinable package func put(_ value: consuming Value) {
        guard begin() else { return }
        if self.value == nil { self.value = consume value }
        isBusy.store(false, ordering: .releasing)
    }

    @inlinable func begin() -> Bool {
        isBusy.compareExchange(
            expected: false,
            desired: true,
            successOrdering: .acquiring,
            failureOrdering: .relaxed
        ).exchanged
    }
}

/// The running thread.
package enum CurrentThread {
    /// One of `count` numbers: another thread has another one, as likely as not.
    package static func number(of count: Int) -> Int {
        Int(truncatingIfNeeded: UInt(bitPattern: safetls_thread_number()) % UInt(max(1, count)))
    }
}
