// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import SafeTLS

@Suite struct ByteWriterTests {
    @Test func `Nested vectors get their lengths`() {
        var writer = ByteWriter()
        writer.vector24 { writer in
            writer.append(UInt8(1))
            writer.vector16 { $0.vector8([2, 3]) }
        }
        #expect(writer.bytes == [0, 0, 6, 1, 0, 3, 2, 2, 3])
        #expect(!writer.hasOverflowed)
    }

    @Test func `A vector that outgrows its length field is noticed`() {
        var writer = ByteWriter()
        writer.vector8([UInt8](repeating: 0, count: 255))
        #expect(!writer.hasOverflowed)
        writer.vector8([UInt8](repeating: 0, count: 256))
        #expect(writer.hasOverflowed)
        writer.truncate(to: 0)
        #expect(!writer.hasOverflowed && writer.bytes.isEmpty)
    }
}
