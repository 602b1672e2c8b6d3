// SPDX-License-Identifier: Apache-2.0

import Synchronization
import TLSCrypto

/// The time of the sessions, which tests can move.
///
/// The certificates of the runner expired years ago, and sessions end with their certificates: the clock starts when
/// all of them were valid.
enum Clock {
    /// The second of May 2014.
    private static let start: Int64 = 1_399_000_000
    private static let origin = WallClock.now()
    private static let delay = Mutex<Int64>(0)

    /// The time in UNIX seconds.
    static func now() -> Int64 { start + WallClock.now() - origin + delay.withLock { $0 } }

    static func advance(by seconds: Int) { delay.withLock { $0 += Int64(seconds) } }
}
