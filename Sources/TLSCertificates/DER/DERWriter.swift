// SPDX-License-Identifier: Apache-2.0

/// Writes DER values (X.690 §8.1, §10.1): small ones, from the inside to the outside.
enum DERWriter {
    /// A value with these contents.
    static func value(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
        var length: [UInt8] = []
        if content.count < 0x80 {
            length = [UInt8(content.count)]
        } else {
            var rest = content.count
            while rest > 0 {
                length.insert(UInt8(truncatingIfNeeded: rest), at: 0)
                rest >>= 8
            }
            length.insert(0x80 | UInt8(length.count), at: 0)
        }
        return [tag] + length + content
    }

    /// A SEQUENCE of these values.
    static func sequence(_ values: [UInt8]...) -> [UInt8] {
        value(DERTag.sequence, values.flatMap { $0 })
    }

    /// An OBJECT IDENTIFIER that is known here.
    static func objectIdentifier(_ identifier: ObjectIdentifier) -> [UInt8] {
        value(DERTag.objectIdentifier, identifier.contents)
    }
}
