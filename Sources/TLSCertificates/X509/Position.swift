// SPDX-License-Identifier: Apache-2.0

/// Where something stands in a certificate, in eight bytes: of these a certificate keeps some twenty, and a peer may send a
/// hundred certificates of a few hundred bytes.
///
/// A certificate has at most ``CertificateParser/maximumByteCount`` bytes, a position in it 19 bits.
@propertyWrapper
struct Position: Sendable {
    private let start: UInt32
    private let end: UInt32

    init(wrappedValue: Range<Int>) {
        start = UInt32(truncatingIfNeeded: wrappedValue.lowerBound)
        end = max(start, UInt32(truncatingIfNeeded: wrappedValue.upperBound))
    }

    var wrappedValue: Range<Int> {
        get { Int(start)..<Int(end) }
        set { self = Position(wrappedValue: newValue) }
    }
}

/// A ``Position`` of what need not be there.
@propertyWrapper
struct OptionalPosition: Sendable {
    private let start: UInt32
    private let end: UInt32

    init(wrappedValue: Range<Int>?) {
        start = wrappedValue.map { UInt32(truncatingIfNeeded: $0.lowerBound) } ?? .max
        end = max(start, wrappedValue.map { UInt32(truncatingIfNeeded: $0.upperBound) } ?? .max)
    }

    var wrappedValue: Range<Int>? {
        get { start == .max ? nil : Int(start)..<Int(end) }
        set { self = OptionalPosition(wrappedValue: newValue) }
    }
}
