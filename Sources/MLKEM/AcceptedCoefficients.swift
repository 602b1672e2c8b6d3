// SPDX-License-Identifier: Apache-2.0

/// The coefficients of an entry of the public matrix, as blocks of SHAKE-128 bring them (FIPS 203 algorithm 7): of the numbers
/// of 12 bits those that are below q.
///
/// What is drawn is public, as are the seed and therefore the time it takes.
struct AcceptedCoefficients: ~Copyable {
    // At most 255 and a block's 112. There are 512, so that a mask keeps the place inside and nothing has to be checked.
    private var values = InlineArray<512, Int16>(repeating: 0)
    private var count = 0

    /// Whether an entry is there.
    var isComplete: Bool { count >= 256 }

    /// Starts with the next entry.
    mutating func clear() { count = 0 }

    /// Takes what a block of one of two streams gives, until an entry is complete. The last block may be used in part.
    @inline(never)
    mutating func take(from pair: inout KeccakPair, stream: Int) {
        if isComplete { return }
        for i in 0..<7 {
            let (a, b, c) = (
                pair.lanes[3 &* i][stream], pair.lanes[3 &* i &+ 1][stream], pair.lanes[3 &* i &+ 2][stream]
            )
            for shift in 0..<5 as Range<UInt64> { take(a &>> (12 &* shift) & 0xFFF) }
            take(a &>> 60 | (b & 0xFF) &<< 4)
            for shift in 0..<4 as Range<UInt64> { take(b &>> (12 &* shift &+ 8) & 0xFFF) }
            take(b &>> 56 | (c & 0xF) &<< 8)
            for shift in 0..<5 as Range<UInt64> { take(c &>> (12 &* shift &+ 4) & 0xFFF) }
        }
    }

    @inline(__always)
    private mutating func take(_ candidate: UInt64) {
        values[count & 511] = Int16(truncatingIfNeeded: candidate)
        count &+= candidate < 3329 ? 1 : 0
    }

    /// Gives the entry, which is a transform.
    @inline(never)
    mutating func write(to polynomial: inout Polynomial) {
        for i in 0..<32 {
            let n = 8 &* i
            polynomial.vectors[i] = Coefficients(
                values[n],
                values[n &+ 1],
                values[n &+ 2],
                values[n &+ 3],
                values[n &+ 4],
                values[n &+ 5],
                values[n &+ 6],
                values[n &+ 7]
            )
        }
    }
}
