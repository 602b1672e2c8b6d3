// SPDX-License-Identifier: Apache-2.0

import TLSCrypto
import Testing

@testable import SafeTLS

@Suite struct ByteReaderTests {
    @Test func `Numbers are big-endian`() throws {
        let bytes: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
        var reader = ByteReader(bytes.span)
        #expect(try reader.readUInt8() == 0x01)
        #expect(try reader.readUInt16() == 0x0203)
        #expect(try reader.readUInt24() == 0x0405_06)
        #expect(try reader.readUInt32() == 0x0708_090A)
        try reader.expectEnd()
    }

    @Test func `A number that is cut short consumes nothing`() throws {
        let bytes: [UInt8] = [1, 2, 3]
        var reader = ByteReader(bytes.span)
        #expect(throws: DecodeError.truncated) { try reader.readUInt32() }
        #expect(try reader.readUInt24() == 0x010203)
        #expect(throws: DecodeError.truncated) { try reader.readUInt8() }
        #expect(throws: DecodeError.truncated) { try reader.readUInt16() }
        #expect(throws: DecodeError.truncated) { try reader.readUInt24() }
    }

    @Test func `A vector longer than its holder consumes nothing`() throws {
        let bytes: [UInt8] = [0, 0, 3, 1, 2]
        var reader = ByteReader(bytes.span)
        do throws(DecodeError) {
            _ = try reader.readVector24()
            Issue.record("a vector was read")
        } catch {
            #expect(error == .truncated)
        }
        #expect(reader.offset == 0)
        let empty = try reader.readVector16().count
        #expect(empty == 0 && reader.offset == 2)
        do throws(DecodeError) {
            _ = try reader.readVector8()
            Issue.record("a vector was read")
        } catch {
            #expect(error == .truncated)
        }
        #expect(throws: DecodeError.trailingBytes) { try reader.expectEnd() }
    }

    @Test func `A negative count reads nothing`() {
        let bytes: [UInt8] = [1]
        var reader = ByteReader(bytes.span)
        do throws(DecodeError) {
            _ = try reader.read(-1)
            Issue.record("bytes were read")
        } catch {
            #expect(error == .truncated)
        }
    }

    @Test func `What was read can be read again`() throws {
        let bytes: [UInt8] = [1, 2, 3]
        var reader = ByteReader(bytes.span)
        _ = try reader.readUInt16()
        #expect(copyBytes(reader.alreadyRead(from: 1)) == [2])
        #expect(copyBytes(reader.alreadyRead(from: 9)) == [])
        #expect(copyBytes(reader.readRest()) == [3])
        #expect(reader.remaining == 0)
    }
}
