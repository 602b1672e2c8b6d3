// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// A value that one thread at a time works with, and that no thread waits for.
///
/// Beside `Mutex`, a try that finds it busy makes no system call, and neither has who is busy with it to make one. A process that
/// was forked while another thread was busy with it finds it busy for good.
@safe package final class TryLock<Value: Sendable>: @unchecked Sendable {
    private let isBusy = Atomic(false)
    private var value: Value

    package init(_ value: Value) { self.value = value }

    /// Works with the value, which is to be quick; nil when another thread does.
    ///
    /// What comes out of `body` ends its life behind the lock.
    package func withLockIfAvailable<Result: Sendable>(_ body: (inout Value) -> Result) -> Result? {
        let exchange = isBusy.compareExchange(
            expected: false,
            desired: true,
            successOrdering: .acquiring,
            failureOrdering: .relaxed
        )
        guard exchange.exchanged else { return nil }
        defer { isBusy.store(false, ordering: .releasing) }
        return body(&value)
    }
}
