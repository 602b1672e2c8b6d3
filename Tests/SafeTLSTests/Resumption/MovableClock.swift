// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// A time in UNIX seconds that a test moves.
final class MovableClock: Sendable {
    private let time: Mutex<Int64>

    init(_ time: Int64 = TestCredentials.now) { self.time = Mutex(time) }

    var now: Int64 { time.withLock { $0 } }

    func advance(by seconds: Int64) { time.withLock { $0 += seconds } }
}
