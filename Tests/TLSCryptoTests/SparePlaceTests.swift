// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Testing

@testable import TLSCrypto

@Suite("What is kept for the next who needs it")
struct SparePlaceTests {
    /// A value that cannot be copied.
    struct Token: ~Copyable, Sendable {
        let number: Int
    }

    struct Held: ~Copyable, Sendable {
        let use = Use()
    }

    final class Use: Sendable {
        let isUsed = Atomic(false)
    }

    final class Thing: Sendable {}

    @Test("taken out, it is gone; a second one is not kept")
    func oneAtATime() {
        let place = SparePlace<Token>()
        #expect(Self.taken(place) == nil)
        place.put(Token(number: 1))
        place.put(Token(number: 2))
        #expect(Self.taken(place) == 1)
        #expect(Self.taken(place) == nil)
    }

    private static func taken(_ place: SparePlace<Token>) -> Int? {
        switch place.take() {
        case .some(let token): token.number
        case .none: nil
        }
    }

    @Test("no two threads have it at once")
    func threads() async {
        let place = SparePlace<Held>()
        let clashes = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    var clashes = 0
                    for _ in 0..<5_000 {
                        let held: Held
                        if let kept = place.take() {
                            held = kept
                        } else {
                            held = Held()
                        }
                        if held.use.isUsed.exchange(true, ordering: .relaxed) { clashes += 1 }
                        held.use.isUsed.store(false, ordering: .relaxed)
                        place.put(held)
                    }
                    return clashes
                }
            }
            return await group.reduce(0, +)
        }
        #expect(clashes == 0)
    }

    @Test("a reference is set once, and let go of once")
    func references() {
        weak var kept: Thing?
        do {
            let place = LazyReference<Thing>()
            #expect(place.load() == nil)
            let (first, second) = (Thing(), Thing())
            #expect(place.storeIfNil(first) === first)
            #expect(place.storeIfNil(second) === first)
            #expect(place.load() === first)
            kept = first
        }
        #expect(kept == nil)
    }
}
