// SPDX-License-Identifier: Apache-2.0

/// An OCSP response as all processes share it.
public struct Staple: Equatable, Sendable {
    /// What it says of the certificate.
    enum Kind: UInt8 {
        case good
        /// Nothing that counts.
        case error
        case revoked
    }

    /// When it was fetched, in UNIX seconds.
    public let fetched: Int64
    /// Until when it may be sent, in UNIX seconds.
    public let expiry: Int64
    let kind: Kind
    /// The response, in DER.
    public let response: [UInt8]

    init(fetched: Int64, expiry: Int64, kind: Kind, response: [UInt8]) {
        self.fetched = fetched
        self.expiry = expiry
        self.kind = kind
        self.response = response
    }

    /// Whether it is to be kept instead of another one: an error, which nobody may have signed, replaces nothing that
    /// counts.
    public func replaces(_ other: Staple?) -> Bool { kind != .error || (other?.kind ?? .error) == .error }
}

// MARK: - Bytes

extension Staple {
    /// Format, kind, and two times of eight bytes.
    private static let head = 18
    private static let format: UInt8 = 1

    /// The longest that is kept: caches have memory of a fixed size.
    public static let maximumByteCount = 16_384
    static let maximumResponse = maximumByteCount - head

    /// The bytes that are kept.
    public var bytes: [UInt8] {
        var bytes: [UInt8] = [Self.format, kind.rawValue]
        for time in [fetched, expiry] {
            for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: time >> shift)) }
        }
        return bytes + response
    }

    /// Reads what was kept; nil for anything else.
    public init?(bytes: [UInt8]) {
        guard bytes.count > Self.head, bytes[0] == Self.format, let kind = Kind(rawValue: bytes[1]) else {
            return nil
        }
        func time(_ offset: Int) -> Int64 {
            bytes[offset..<offset + 8].reduce(0) { $0 << 8 | Int64($1) }
        }
        let (fetched, expiry) = (time(2), time(10))
        // Times that can be reckoned with.
        guard (0...Int64(1) << 48).contains(fetched), (0...Int64(1) << 48).contains(expiry) else { return nil }
        self.init(
            fetched: fetched,
            expiry: expiry,
            kind: kind,
            response: Array(bytes[Self.head...])
        )
    }
}
