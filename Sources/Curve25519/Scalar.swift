// SPDX-License-Identifier: Apache-2.0

/// A private key as the number that it stands for (RFC 7748 §5): a multiple of 8 from 2²⁵⁴ to 2²⁵⁵.
struct Scalar {
    private let words: SIMD4<UInt64>

    @inline(__always)
    init(_ bytes: Span<UInt8>) {
        var words = readWords(bytes)
        words[0] &= ~7
        words[3] = words[3] & (1 &<< 63 &- 1) | 1 &<< 62
        self.words = words
    }

    /// One bit, of 255.
    @inline(__always)
    func bit(_ place: Int) -> UInt64 {
        words[place &>> 6 & 3] &>> UInt64(place & 63) & 1
    }

    /// Digits to the base 16 from −8 to 7, the last from 4 to 8.
    @inline(__always)
    var digits: Digits { Digits(words) }

    /// With 8 added at each place but the last, four bits of the sum are a digit and 8: no carry goes from digit to digit.
    struct Digits {
        private let words: SIMD4<UInt64>

        @inline(__always)
        fileprivate init(_ scalar: SIMD4<UInt64>) {
            let eight: UInt64 = 0x8888_8888_8888_8888
            let eights = SIMD4(eight, eight, eight, eight &>> 4)
            var words = SIMD4<UInt64>.zero
            var carry: UInt64 = 0
            for i in 0..<4 {
                let sum =
                    UInt128(truncatingIfNeeded: scalar[i]) &+ UInt128(truncatingIfNeeded: eights[i])
                    &+ UInt128(truncatingIfNeeded: carry)
                words[i] = UInt64(truncatingIfNeeded: sum)
                carry = UInt64(truncatingIfNeeded: sum &>> 64)
            }
            self.words = words
        }

        /// The digit at a place below 64.
        @inline(__always)
        subscript(place: Int) -> Int {
            let bits = Int(truncatingIfNeeded: words[place &>> 4 & 3] &>> UInt64(4 &* (place & 15)) & 15)
            return place == 63 ? bits : bits &- 8
        }
    }
}
