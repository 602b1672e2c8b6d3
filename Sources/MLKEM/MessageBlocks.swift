// SPDX-License-Identifier: Apache-2.0

/// What one state of a pair hashes while the other is squeezed: two parts of whole lanes, in blocks that are read when they
/// are wanted (FIPS 202 §4 and B.2).
struct MessageBlocks: ~Escapable {
    private let prefix: Span<UInt8>
    private let rest: Span<UInt8>
    private let function: KeccakFunction

    /// - Parameters:
    ///   - function: How blocks are filled up, and how long they are.
    ///   - prefix: Bytes in front, which may be none; a multiple of eight.
    ///   - rest: The others; a multiple of eight.
    @_lifetime(copy prefix, copy rest)
    init(_ function: KeccakFunction, _ prefix: Span<UInt8>, _ rest: Span<UInt8>) {
        precondition(prefix.count & 7 == 0 && rest.count & 7 == 0)
        self.function = function
        self.prefix = prefix
        self.rest = rest
    }

    /// How many there are, the one with the padding included.
    var count: Int { (prefix.count &+ rest.count) / function.rate &+ 1 }

    /// Takes a block in.
    func absorb(_ block: Int, into pair: inout KeccakPair, _ stream: Int) {
        let lanes = function.rate &>> 3
        for i in 0..<lanes {
            pair.lanes[i][stream] ^= lane(block &* lanes &+ i)
        }
        if block == count &- 1 { pair.lanes[lanes &- 1][stream] ^= 1 &<< 63 }
    }

    private func lane(_ index: Int) -> UInt64 {
        let place = 8 &* index
        if place < prefix.count { return MLKEM.lane(of: prefix, at: place) }
        let end = rest.count
        let inRest = place &- prefix.count
        if inRest < end { return MLKEM.lane(of: rest, at: inRest) }
        return inRest == end ? UInt64(function.suffix) : 0
    }
}
