// SPDX-License-Identifier: Apache-2.0

/// Bytes of memory that several processes share, all 0 at first, without locks: what is read may be half of what somebody
/// writes at this moment, or anything that somebody has written who should not.
public protocol SharedBytes: Sendable {
    /// How many there are.
    var count: Int { get }
    /// Copies bytes within the bounds.
    func read(_ range: Range<Int>) -> [UInt8]
    /// Writes bytes within the bounds.
    func write(_ bytes: [UInt8], at offset: Int)
}

/// OCSP responses that processes leave for those that come after a restart, whose caches are new.
///
/// Nothing in the memory is taken on trust: whoever finds a response has it judged. A response that was overwritten, or for
/// which there was no room, is fetched again.
public struct CarriedStaples<Bytes: SharedBytes>: Sendable {
    private let bytes: Bytes

    /// Responses in these bytes.
    public init(_ bytes: Bytes) { self.bytes = bytes }

    private var slots: Int { bytes.count / CarriedStaplesLayout.slot }

    /// What is there about a certificate.
    ///
    /// - Parameters:
    ///   - identifier: The certificate's, of 32 bytes that look random.
    ///   - allows: Whether it is what it seems to be.
    public func staple(for identifier: [UInt8], where allows: (Staple) -> Bool) -> Staple? {
        for slot in places(for: identifier) {
            let (name, length) = head(of: slot)
            guard name == identifier, (1...Staple.maximumByteCount).contains(length) else { continue }
            let start = slot + CarriedStaplesLayout.head
            if let staple = Staple(bytes: bytes.read(start..<start + length)), allows(staple) { return staple }
        }
        return nil
    }

    /// Leaves a response, in place of what was there about the certificate or, where there is no room, about another one.
    public func keep(_ staple: Staple, for identifier: [UInt8]) {
        let content = staple.bytes
        let places = places(for: identifier)
        guard content.count <= Staple.maximumByteCount, let last = places.last else { return }
        let heads = places.map { ($0, head(of: $0)) }
        let slot =
            heads.first { $0.1.name == identifier }?.0
            ?? heads.first { !(1...Staple.maximumByteCount).contains($0.1.length) }?.0 ?? last
        // Who reads meanwhile finds nothing, or what no judge allows.
        write(0, at: slot + CarriedStaplesLayout.identifier)
        bytes.write(content, at: slot + CarriedStaplesLayout.head)
        bytes.write(identifier, at: slot)
        write(content.count, at: slot + CarriedStaplesLayout.identifier)
    }

    /// Where a response about a certificate may stand.
    private func places(for identifier: [UInt8]) -> [Int] {
        guard identifier.count == CarriedStaplesLayout.identifier, slots > 0 else { return [] }
        let number = identifier.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let first = Int(number % UInt64(slots))
        return (0..<min(CarriedStaplesLayout.places, slots)).map { (first + $0) % slots * CarriedStaplesLayout.slot }
    }

    private func head(of slot: Int) -> (name: [UInt8], length: Int) {
        let head = bytes.read(slot..<slot + CarriedStaplesLayout.head)
        let length = head.suffix(4).reduce(0) { $0 << 8 | Int($1) }
        return (Array(head.prefix(CarriedStaplesLayout.identifier)), length)
    }

    private func write(_ length: Int, at offset: Int) {
        bytes.write([24, 16, 8, 0].map { UInt8(truncatingIfNeeded: length >> $0) }, at: offset)
    }
}

/// How ``CarriedStaples`` lie in their bytes.
public enum CarriedStaplesLayout {
    static let identifier = 32
    /// The identifier of a certificate, and the length of what follows.
    static let head = identifier + 4
    static let slot = head + Staple.maximumByteCount
    /// How many slots a certificate's response may stand in: as many are looked at where there is none.
    static let places = 8

    /// Bytes for so many certificates. Half of the slots stay free, so that few have to share theirs, and there are some for
    /// certificates to come, as memory that grows is new: 256 take 4 MiB of addresses, and as many pages as are written to.
    public static func bytes(for certificates: Int) -> Int { max(256, 2 * certificates) * slot }
}
