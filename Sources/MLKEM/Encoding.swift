// SPDX-License-Identifier: Apache-2.0

/// Coefficients as bytes (FIPS 203 §4.2.1), eight at a time: those of d bits take d bytes.
extension Polynomial {
    /// Writes every coefficient, reduced, with 12 bits.
    @inline(never)
    mutating func encode(into bytes: inout MutableSpan<UInt8>, at offset: Int) {
        for i in 0..<32 {
            let field = Field()
            pack(
                field.canonical(vectors[i]),
                bits: 12,
                into: &bytes,
                at: offset &+ 12 &* i
            )
        }
    }

    /// Reads numbers of 12 bits, whatever they are.
    ///
    /// - Returns: Whether all are below q.
    @inline(never) @discardableResult
    mutating func decode(_ bytes: Span<UInt8>, at offset: Int) -> Bool {
        var areReduced = SIMD8<Int16>(repeating: -1)
        for i in 0..<32 {
            vectors[i] = unpack(bytes, bits: 12, at: offset &+ 12 &* i)
            // The sign says "below q", without a branch: keys of one's own are read with this, too.
            areReduced &= vectors[i] &- Coefficients(repeating: modulus)
        }
        return (areReduced &>> 15).wrappedSum() == -8
    }

    /// Writes every coefficient x as round(x·2ᵈ/q) modulo 2ᵈ.
    @inline(never)
    mutating func compress(bits: Int, into bytes: inout MutableSpan<UInt8>, at offset: Int) {
        switch bits {
        case 4: compressAll(bits: 4, into: &bytes, at: offset)
        case 5: compressAll(bits: 5, into: &bytes, at: offset)
        case 10: compressAll(bits: 10, into: &bytes, at: offset)
        case 11: compressAll(bits: 11, into: &bytes, at: offset)
        default: preconditionFailure("FIPS 203 compresses to 4, 5, 10 or 11 bits")
        }
    }

    /// Reads numbers y of d bits as round(y·q/2ᵈ).
    @inline(never)
    mutating func decompress(_ bytes: Span<UInt8>, bits: Int, at offset: Int) {
        switch bits {
        case 4: decompressAll(bytes, bits: 4, at: offset)
        case 5: decompressAll(bytes, bits: 5, at: offset)
        case 10: decompressAll(bytes, bits: 10, at: offset)
        case 11: decompressAll(bytes, bits: 11, at: offset)
        default: preconditionFailure("FIPS 203 compresses to 4, 5, 10 or 11 bits")
        }
    }

    @inline(__always)
    private mutating func compressAll(bits: Int, into bytes: inout MutableSpan<UInt8>, at offset: Int) {
        for i in 0..<32 {
            let field = Field()
            let values = compressed(vectors[i], field, bits: Int16(bits))
            pack(values, bits: bits, into: &bytes, at: offset &+ bits &* i)
        }
    }

    @inline(__always)
    private mutating func decompressAll(_ bytes: Span<UInt8>, bits: Int, at offset: Int) {
        for i in 0..<32 {
            let values = SIMD8<UInt32>(truncatingIfNeeded: unpack(bytes, bits: bits, at: offset &+ bits &* i))
            let scaled = values &* SIMD8(repeating: 3329) &+ SIMD8(repeating: 1 &<< UInt32(bits &- 1))
            vectors[i] = Coefficients(truncatingIfNeeded: scaled &>> SIMD8(repeating: UInt32(bits)))
        }
    }

    /// Makes a polynomial of a message: a bit is 0 or (q + 1)/2.
    @inline(never)
    mutating func decodeMessage(_ message: Span<UInt8>) {
        let places: Coefficients = [128, 64, 32, 16, 8, 4, 2, 1]
        for i in 0..<32 {
            // The bit of a lane comes to the place 7; a product, since a choice might become a branch.
            let bits = (Coefficients(repeating: Int16(message[i])) &* places) &>> 7 & Coefficients(repeating: 1)
            vectors[i] = bits &* Coefficients(repeating: 1665)
        }
    }

    /// Writes the message that is nearest.
    @inline(never)
    mutating func encodeMessage(into message: inout MutableSpan<UInt8>) {
        for i in 0..<32 {
            let field = Field()
            let bits = compressed(vectors[i], field, bits: 1)
            message[i] = UInt8(truncatingIfNeeded: (bits &<< Coefficients(0, 1, 2, 3, 4, 5, 6, 7)).wrappedSum())
        }
    }
}

/// Eight times round(x·2ᵈ/q) modulo 2ᵈ, without a division, which may take a time that depends on x: an estimate by a product
/// with 2²⁶/q, which is 1 too much or too little where what remains says so.
@inline(__always)
private func compressed(_ coefficients: Coefficients, _ field: Field, bits: Int16) -> Coefficients {
    let centred = field.reduced(coefficients)
    let estimate = field.quotient(centred &<< 3, shift: 13 &- bits)
    let remainder = (centred &<< bits) &- field.multiple(estimate)
    let tooSmall = (Coefficients(repeating: 1664) &- remainder) &>> 15
    let tooLarge = (remainder &+ Coefficients(repeating: 1664)) &>> 15
    return (estimate &- tooSmall &+ tooLarge) & Coefficients(repeating: 1 &<< bits &- 1)
}

/// Writes eight numbers of `bits` bits, least significant first.
@inline(__always)
private func pack(_ values: Coefficients, bits: Int, into bytes: inout MutableSpan<UInt8>, at offset: Int) {
    precondition(offset >= 0 && offset <= bytes.count &- bits)
    let second: Int16 = 1 &<< Int16(bits)
    let pairs = sumsOfProducts(values, Coefficients(1, second, 1, second, 1, second, 1, second))
    var (low, high): (UInt64, UInt64) = (0, 0)
    for i in 0..<4 {
        let place = 2 &* i &* bits
        let pair = UInt64(UInt32(bitPattern: pairs[i]))
        if place < 64 { low |= pair &<< UInt64(place) }
        if place < 64 && place &+ 2 &* bits > 64 { high |= pair &>> UInt64(64 &- place) }
        if place >= 64 { high |= pair &<< UInt64(place &- 64) }
    }
    for i in 0..<bits {
        let half = i < 8 ? low : high
        bytes[offset &+ i] = UInt8(truncatingIfNeeded: half &>> UInt64(8 &* (i & 7)))
    }
}

/// Reads eight numbers of `bits` bits.
@inline(__always)
private func unpack(_ bytes: Span<UInt8>, bits: Int, at offset: Int) -> Coefficients {
    precondition(offset >= 0 && offset <= bytes.count &- bits)
    var (low, high): (UInt64, UInt64) = (0, 0)
    for i in 0..<bits {
        let byte = UInt64(bytes[offset &+ i]) &<< UInt64(8 &* (i & 7))
        if i < 8 { low |= byte } else { high |= byte }
    }
    var pairs = SIMD4<UInt32>.zero
    for i in 0..<4 {
        let place = 2 &* i &* bits
        var pair: UInt64 = place < 64 ? low &>> UInt64(place) : high &>> UInt64(place &- 64)
        if place < 64 && place &+ 2 &* bits > 64 { pair |= high &<< UInt64(64 &- place) }
        pairs[i] = UInt32(truncatingIfNeeded: pair)
    }
    let mask = SIMD4<UInt32>(repeating: 1 &<< UInt32(bits) &- 1)
    let even = pairs & mask
    let odd = (pairs &>> UInt32(bits)) & mask
    return joined(Coefficients(truncatingIfNeeded: SIMD8(lowHalf: even, highHalf: odd)))
}
