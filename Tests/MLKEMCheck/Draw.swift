// SPDX-License-Identifier: Apache-2.0

import MLKEM

/// Random numbers that are the same in every run.
struct Draw: ~Copyable {
    private var sponge = Sponge(.shake128)

    init(_ name: String) {
        for byte in name.utf8 { sponge.absorb(byte) }
        sponge.finish()
    }

    mutating func fill(_ bytes: inout [UInt8]) {
        var span = bytes.mutableSpan
        sponge.squeeze(into: &span, at: 0, count: span.count)
    }

    mutating func bytes(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        fill(&bytes)
        return bytes
    }

    /// The numbers below `count`, which is at most 65 536, in any order.
    mutating func permutation(of count: Int) -> [Int] {
        var numbers = Array(0..<count)
        for last in (1..<count).reversed() {
            let two = bytes(2)
            numbers.swapAt(last, (Int(two[0]) << 8 | Int(two[1])) % (last + 1))
        }
        return numbers
    }
}
