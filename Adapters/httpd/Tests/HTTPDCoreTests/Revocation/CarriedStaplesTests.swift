// SPDX-License-Identifier: Apache-2.0
import Synchronization
import Testing

@testable import HTTPDCore

/// Responses in memory that anybody may have written to.
@Suite struct CarriedStaplesTests {
    private final class Memory: SharedBytes {
        let bytes: Mutex<[UInt8]>

        init(count: Int) { bytes = Mutex([UInt8](repeating: 0, count: count)) }

        var count: Int { bytes.withLock { $0.count } }
        func read(_ range: Range<Int>) -> [UInt8] { bytes.withLock { Array($0[range]) } }
        func write(_ new: [UInt8], at offset: Int) {
            bytes.withLock { [new] in $0.replaceSubrange(offset..<offset + new.count, with: new) }
        }
    }

    private static let slot = CarriedStaplesLayout.slot

    /// An identifier whose first place is a number of so many.
    private func identifier(_ number: UInt8, place: UInt8 = 0) -> [UInt8] {
        [0, 0, 0, 0, 0, 0, 0, place] + [UInt8](repeating: number, count: 24)
    }

    private func staple(_ number: Int, bytes: Int = 10) -> Staple {
        Staple(fetched: 1, expiry: 2, kind: .good, response: [UInt8](repeating: UInt8(number), count: bytes))
    }

    @Test func carried() {
        let memory = Memory(count: CarriedStaplesLayout.bytes(for: 1))
        let staples = CarriedStaples(memory)
        #expect(staples.staple(for: identifier(1)) { _ in true } == nil)
        staples.keep(staple(1), for: identifier(1))
        staples.keep(staple(2, bytes: Staple.maximumResponse), for: identifier(2))
        // Those of the next configuration see the same memory.
        let later = CarriedStaples(memory)
        #expect(later.staple(for: identifier(1)) { _ in true } == staple(1))
        #expect(later.staple(for: identifier(2)) { _ in true } == staple(2, bytes: Staple.maximumResponse))
        #expect(later.staple(for: identifier(1)) { _ in false } == nil)
        later.keep(staple(3), for: identifier(1))
        #expect(staples.staple(for: identifier(1)) { _ in true } == staple(3))
        // What is longer than the longest, or has another name, is not kept.
        staples.keep(staple(4, bytes: Staple.maximumResponse + 1), for: identifier(1))
        staples.keep(staple(4), for: [1, 2, 3])
        #expect(staples.staple(for: identifier(1)) { _ in true } == staple(3))
        #expect(staples.staple(for: [1, 2, 3]) { _ in true } == nil)
    }

    /// Memory that is too small, and places around its end.
    @Test(arguments: [0, 1, slot - 1, slot, 3 * slot + 5]) func bounds(count: Int) {
        let memory = Memory(count: count)
        let staples = CarriedStaples(memory)
        let slots = count / Self.slot
        for number in 0..<20 {
            let name = identifier(UInt8(number), place: 0xFF - UInt8(number))
            staples.keep(staple(number, bytes: Staple.maximumResponse), for: name)
            #expect((staples.staple(for: name) { _ in true } != nil) == (slots > 0))
        }
        #expect(memory.count == count)
    }

    /// Where there is no room another one goes; none passes for another.
    @Test func crowds() {
        let staples = CarriedStaples(Memory(count: 32 * Self.slot))
        for number in 0..<32 { staples.keep(staple(number), for: identifier(UInt8(number))) }
        var found = 0
        for number in 0..<32 {
            guard let kept = staples.staple(for: identifier(UInt8(number)), where: { _ in true }) else { continue }
            #expect(kept == staple(number))
            found += 1
        }
        #expect(found == CarriedStaplesLayout.places)
    }

    /// Nothing that is written there is trusted before it was judged, and what is not good hides nothing that is.
    @Test func hostileContents() {
        let memory = Memory(count: 16 * Self.slot)
        let staples = CarriedStaples(memory)
        for byte: UInt8 in [0xFF, 0x7F, 0x80, 1] {
            memory.write([UInt8](repeating: byte, count: memory.count), at: 0)
            #expect(staples.staple(for: [UInt8](repeating: byte, count: 32)) { _ in true } == nil)
            #expect(staples.staple(for: identifier(1)) { _ in true } == nil)
            staples.keep(staple(1), for: identifier(1))
            #expect(staples.staple(for: identifier(1)) { _ in true } == staple(1))
        }
        // Lengths around the longest.
        for length in [0, 1, 18, 19, Staple.maximumByteCount, Staple.maximumByteCount + 1, 0xFFFF_FFFF] {
            let head = identifier(7) + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: length >> $0) } + [1, 0]
            memory.write([UInt8](repeating: 0, count: Self.slot), at: 0)
            memory.write(head, at: 0)
            let found = staples.staple(for: identifier(7)) { _ in true }
            #expect((found != nil) == (19...Staple.maximumByteCount).contains(length), "\(length)")
        }
        // Somebody puts another one before it, with the same name.
        let last = 7 * Self.slot
        memory.write([UInt8](repeating: 0, count: memory.count), at: 0)
        staples.keep(staple(5), for: identifier(9))
        memory.write(memory.read(0..<Self.slot), at: last)
        staples.keep(staple(6), for: identifier(9))
        #expect(staples.staple(for: identifier(9)) { _ in true } == staple(6))
        #expect(staples.staple(for: identifier(9)) { $0 == staple(5) } == staple(5))
    }
}
