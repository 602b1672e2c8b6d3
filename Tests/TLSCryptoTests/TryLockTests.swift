// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import TLSCrypto

@Suite("A lock that nobody waits for")
struct TryLockTests {
    @Test("one at a time, and the next when that one is done")
    func oneAtATime() {
        let lock = TryLock(1)
        let inner = lock.withLockIfAvailable { value -> Int? in
            value += 1
            return lock.withLockIfAvailable { _ in 0 }
        }
        #expect(inner == .some(nil))
        #expect(lock.withLockIfAvailable { $0 } == 2)
    }

    @Test("what threads did with the value adds up")
    func threads() async {
        let lock = TryLock(0)
        let done = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    var done = 0
                    for _ in 0..<10_000 where lock.withLockIfAvailable({ $0 += 1 }) != nil { done += 1 }
                    return done
                }
            }
            return await group.reduce(0, +)
        }
        #expect(done > 0)
        #expect(lock.withLockIfAvailable { $0 } == done)
    }
}
