// SPDX-License-Identifier: Apache-2.0

/// Draws the public matrix from its seed, two entries at a time (FIPS 203 algorithms 7, 13 and 14).
struct MatrixSampler: ~Copyable {
    private let seed: SeedLanes
    private let rank: Int
    private let isTransposed: Bool
    private var pair = KeccakPair()
    private var first = AcceptedCoefficients()
    private var second = AcceptedCoefficients()

    /// - Parameters:
    ///   - seed: 32 bytes.
    ///   - rank: The number of rows, and of entries in a row.
    ///   - isTransposed: Whether rows are what the standard calls columns.
    init(seed: Span<UInt8>, rank: Int, isTransposed: Bool) {
        self.seed = SeedLanes(seed)
        self.rank = rank
        self.isTransposed = isTransposed
    }

    /// The two bytes behind the seed for an entry, of which the first row has the first numbers.
    private func counters(_ entry: Int) -> UInt64 {
        let (row, column) = (entry / rank, entry % rank)
        return UInt64(isTransposed ? row | column &<< 8 : column | row &<< 8)
    }

    /// Draws the entry of a number and the next.
    @inline(never)
    mutating func sample(_ entry: Int, into a: inout Polynomial, andNextInto b: inout Polynomial) {
        pair.start(0, .shake128, seed, counters(entry), bytes: 2)
        pair.start(1, .shake128, seed, counters(entry &+ 1), bytes: 2)
        first.clear()
        second.clear()
        while !(first.isComplete && second.isComplete) {
            pair.permute()
            first.take(from: &pair, stream: 0)
            second.take(from: &pair, stream: 1)
        }
        first.write(to: &a)
        second.write(to: &b)
    }

    /// Draws one entry.
    @inline(never)
    mutating func sample(_ entry: Int, into a: inout Polynomial) {
        pair.start(0, .shake128, seed, counters(entry), bytes: 2)
        first.clear()
        while !first.isComplete {
            pair.permuteFirst()
            first.take(from: &pair, stream: 0)
        }
        first.write(to: &a)
    }

    /// Draws the last row, and hashes beside it. Encapsulation keys and ciphertexts take as many permutations as there are entries
    /// in a row, times three; and none has an entry after two.
    ///
    /// - Parameters:
    ///   - entries: As many as there are in a row are overwritten.
    ///   - message: What to hash.
    ///   - digest: The first 32 bytes that come out.
    @inline(never)
    mutating func sampleLastRow(
        into entries: inout PolynomialVector,
        hashing message: borrowing MessageBlocks,
        digest: inout InlineArray<32, UInt8>
    ) {
        precondition(message.count <= 3 &* rank)
        pair = KeccakPair()
        var block = 0
        for column in 0..<rank {
            pair.start(0, .shake128, seed, counters(rank &* (rank &- 1) &+ column), bytes: 2)
            first.clear()
            while !first.isComplete {
                if block < message.count { message.absorb(block, into: &pair, 1) }
                pair.permute()
                block &+= 1
                if block == message.count { pair.take(1, &digest) }
                first.take(from: &pair, stream: 0)
            }
            first.write(to: &entries[column])
        }
    }
}
