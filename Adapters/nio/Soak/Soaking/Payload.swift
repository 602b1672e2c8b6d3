// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// Numbers that follow from a seed alone (splitmix64), so that a run can be had again.
struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        return Self.mix(state)
    }

    static func mix(_ value: UInt64) -> UInt64 {
        var value = value
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}

/// Bytes that both ends know: what one sends, the other compares.
struct Payload {
    private let seed: UInt64
    /// How many bytes there are.
    let count: Int
    /// How many have been made or compared.
    private(set) var position = 0

    init(seed: UInt64, count: Int) {
        self.seed = seed
        self.count = count
    }

    var isComplete: Bool { position == count }

    private func byte(_ index: Int) -> UInt8 {
        let word = SeededNumbers.mix(seed &+ UInt64(index / 8) &* 0x9e37_79b9_7f4a_7c15)
        return UInt8(truncatingIfNeeded: word >> UInt64(index % 8 * 8))
    }

    /// The next bytes, at most so many.
    mutating func next(_ limit: Int, _ allocator: ByteBufferAllocator) -> ByteBuffer {
        let size = min(limit, count - position)
        var buffer = allocator.buffer(capacity: size)
        for index in position..<position + size { buffer.writeInteger(byte(index)) }
        position += size
        return buffer
    }

    /// Whether these are the bytes that follow.
    mutating func isNext(_ bytes: some Collection<UInt8>) -> Bool {
        guard bytes.count <= count - position else { return false }
        var index = position
        for value in bytes {
            guard value == byte(index) else { return false }
            index += 1
        }
        position = index
        return true
    }
}
