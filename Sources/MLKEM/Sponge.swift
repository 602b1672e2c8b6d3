// SPDX-License-Identifier: Apache-2.0

/// The functions of FIPS 202 that ML-KEM uses.
package enum KeccakFunction: Sendable {
    case sha3256, sha3512, shake128, shake256

    /// Bytes that one permutation takes in or gives out.
    var rate: Int {
        switch self {
        case .shake128: 168
        case .sha3256, .shake256: 136
        case .sha3512: 72
        }
    }

    /// The bits behind the message, then the first of the padding (FIPS 202 §6.1, §6.2, B.2).
    var suffix: UInt8 {
        switch self {
        case .sha3256, .sha3512: 0x06
        case .shake128, .shake256: 0x1F
        }
    }
}

/// A hash or an extendable output in progress: first bytes go in, then bytes come out.
///
/// Its time depends on the counts of bytes alone.
package struct Sponge: ~Copyable {
    var state = KeccakState()
    private let function: KeccakFunction
    private var position = 0

    package init(_ function: KeccakFunction) {
        self.function = function
    }

    /// Takes in one byte.
    @inline(__always)
    package mutating func absorb(_ byte: UInt8) {
        state.lanes[(position &>> 3) % 25] ^= UInt64(byte) &<< UInt64((position & 7) &* 8)
        position &+= 1
        if position == function.rate {
            state.permute()
            position = 0
        }
    }

    /// Takes in bytes; whole lanes at once where it can.
    package mutating func absorb(_ bytes: Span<UInt8>) {
        var index = 0
        while index < bytes.count && position & 7 != 0 {
            absorb(bytes[index])
            index += 1
        }
        while index <= bytes.count - 8 {
            state.lanes[position &>> 3] ^= lane(of: bytes, at: index)
            index += 8
            position &+= 8
            if position == function.rate {
                state.permute()
                position = 0
            }
        }
        while index < bytes.count {
            absorb(bytes[index])
            index += 1
        }
    }

    /// Ends the input; from here on bytes come out.
    package mutating func finish() {
        state.lanes[position &>> 3] ^= UInt64(function.suffix) &<< UInt64((position & 7) &* 8)
        state.lanes[(function.rate &>> 3) &- 1] ^= 1 &<< 63
        state.permute()
        position = 0
    }

    /// Gives out the next bytes.
    package mutating func squeeze(into bytes: inout MutableSpan<UInt8>, at offset: Int, count: Int) {
        for index in offset..<offset + count {
            if position == function.rate {
                state.permute()
                position = 0
            }
            bytes[index] = UInt8(truncatingIfNeeded: state.lanes[position &>> 3] &>> UInt64((position & 7) &* 8))
            position &+= 1
        }
    }
}

/// The eight bytes from `offset` on as a number, least significant first.
@inline(__always)
func lane(of bytes: Span<UInt8>, at offset: Int) -> UInt64 {
    precondition(offset >= 0 && offset <= bytes.count &- 8)
    var lane: UInt64 = 0
    for index in 0..<8 {
        lane |= UInt64(bytes[offset &+ index]) &<< UInt64(8 &* index)
    }
    return lane
}

extension Sponge {
    /// Writes the first 32 bytes that come out.
    func take(_ bytes: inout InlineArray<32, UInt8>) {
        take(from: 0, &bytes)
    }

    /// Writes the first 64 bytes that come out.
    func take(first: inout InlineArray<32, UInt8>, second: inout InlineArray<32, UInt8>) {
        take(from: 0, &first)
        take(from: 4, &second)
    }

    @inline(__always)
    private func take(from start: Int, _ bytes: inout InlineArray<32, UInt8>) {
        let lanes = state.lanes.span
        for i in 0..<32 {
            bytes[i] = UInt8(truncatingIfNeeded: lanes[start &+ i &>> 3] &>> UInt64(8 &* (i & 7)))
        }
    }
}
