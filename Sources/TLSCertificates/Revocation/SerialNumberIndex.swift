// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// Where the entries of a revocation list stand, found by serial number in constant time.
///
/// An open hash table of positions in the list's encoding: 8…16 bytes for each entry, which itself has at least 20. The
/// hash is seeded for each process, so that nobody can choose serial numbers that collide.
struct SerialNumberIndex: Sendable {
    /// Positions of entries; 0 is an empty slot, for the list's own header stands there.
    private var slots: [UInt32]

    /// Indexes the entries at these positions; of entries with the same serial number, the first counts.
    init(entriesAt offsets: [UInt32], in bytes: Span<UInt8>) {
        var capacity = 1
        // At most half full: there is always an empty slot that ends a search.
        while capacity < offsets.count * 2 { capacity *= 2 }
        slots = [UInt32](repeating: 0, count: capacity)
        for offset in offsets {
            guard let serial = Self.serialNumber(at: offset, in: bytes) else { continue }
            let (slot, isFound) = search(bytes.extracting(serial), in: bytes)
            if !isFound { slots[slot] = offset }
        }
    }

    /// The position of the entry with this serial number, nil if there is none. Allocates nothing.
    func offset(of serialNumber: Span<UInt8>, in bytes: Span<UInt8>) -> Int? {
        let (slot, isFound) = search(serialNumber, in: bytes)
        return isFound ? Int(slots[slot]) : nil
    }

    private func search(_ serialNumber: Span<UInt8>, in bytes: Span<UInt8>) -> (slot: Int, isFound: Bool) {
        let mask = slots.count - 1
        var slot = Self.hash(serialNumber) & mask
        while slots[slot] != 0 {
            if let range = Self.serialNumber(at: slots[slot], in: bytes),
                isEqual(bytes.extracting(range), serialNumber)
            {
                return (slot, true)
            }
            slot = (slot + 1) & mask
        }
        return (slot, false)
    }

    private static func serialNumber(at offset: UInt32, in bytes: Span<UInt8>) -> Range<Int>? {
        // Checked by the parser.
        var reader = DERReader(bytes, in: Int(offset)..<bytes.count)
        guard let element = try? reader.nextSequence() else { return nil }
        var entry = reader.reader(in: element)
        return try? entry.nextInteger()
    }

    private static func hash(_ serialNumber: Span<UInt8>) -> Int {
        var hasher = Hasher()
        var word: UInt64 = 0
        for index in serialNumber.indices {
            word = word << 8 | UInt64(serialNumber[index])
            guard index % 8 == 7 else { continue }
            hasher.combine(word)
            word = 0
        }
        hasher.combine(word)
        return hasher.finalize()
    }
}
