// SPDX-License-Identifier: Apache-2.0

/// Where something stands in a certificate, in six bytes: of these a certificate keeps some twenty, and a peer may send a
/// hundred certificates of a few hundred bytes.
///
/// A certificate has at most ``CertificateParser/maximumByteCount`` bytes, a position in it 19 bits.
@propertyWrapper
struct Position: Sendable {
    /// Behind every certificate.
    fileprivate static let end = 0xFF_FFFF

    // In this order, nothing lies between them.
    private let startLow: UInt16
    private let countLow: UInt16
    private let startHigh: UInt8
    private let countHigh: UInt8

    init(wrappedValue: Range<Int>) {
        startLow = UInt16(truncatingIfNeeded: wrappedValue.lowerBound)
        countLow = UInt16(truncatingIfNeeded: wrappedValue.count)
        startHigh = UInt8(truncatingIfNeeded: wrappedValue.lowerBound >> 16)
        countHigh = UInt8(truncatingIfNeeded: wrappedValue.count >> 16)
    }

    var wrappedValue: Range<Int> {
        get { start..<start + (Int(countHigh) << 16 | Int(countLow)) }
        set { self = Position(wrappedValue: newValue) }
    }

    fileprivate var start: Int { Int(startHigh) << 16 | Int(startLow) }
}

/// A ``Position`` of what need not be there.
@propertyWrapper
struct OptionalPosition: Sendable {
    private let position: Position

    init(wrappedValue: Range<Int>?) {
        position = Position(wrappedValue: wrappedValue ?? Position.end..<Position.end)
    }

    var wrappedValue: Range<Int>? {
        get { position.start == Position.end ? nil : position.wrappedValue }
        set { self = OptionalPosition(wrappedValue: newValue) }
    }
}

/// A number of 0…2³¹−1 that need not be there, in four bytes.
@propertyWrapper
struct OptionalNumber: Sendable {
    private let number: UInt32

    init(wrappedValue: Int?) {
        number = wrappedValue.map { UInt32(truncatingIfNeeded: $0) } ?? .max
    }

    var wrappedValue: Int? {
        get { number == .max ? nil : Int(number) }
        set { self = OptionalNumber(wrappedValue: newValue) }
    }
}
