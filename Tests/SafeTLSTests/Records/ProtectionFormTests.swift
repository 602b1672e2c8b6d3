// SPDX-License-Identifier: Apache-2.0

import TLSCrypto
import Testing

@testable import SafeTLS

/// A form of record protection: algorithm, version and the length of its IV.
struct ProtectionForm: Sendable, CustomTestStringConvertible {
    let algorithm: AEADAlgorithm
    let isTLS13: Bool

    static let all: [ProtectionForm] = [AEADAlgorithm.aes128GCM, .aes256GCM, .chaCha20Poly1305].flatMap {
        [ProtectionForm(algorithm: $0, isTLS13: true), ProtectionForm(algorithm: $0, isTLS13: false)]
    }

    var testDescription: String { "\(algorithm) in TLS 1.\(isTLS13 ? 3 : 2)" }

    /// AES-GCM in TLS 1.2 sends eight bytes of its nonce (RFC 5288 §3).
    var sendsNonce: Bool { !isTLS13 && algorithm != .chaCha20Poly1305 }

    var key: [UInt8] { (0..<UInt8(algorithm.keyLength)).map { $0 &* 7 &+ 1 } }
    var iv: [UInt8] { (0..<(sendsNonce ? 4 : 12)).map { UInt8(0xA0 + $0) } }

    func sealer() throws -> RecordSealer {
        isTLS13
            ? try RecordSealer(tls13: algorithm, key: key.span, iv: iv.span)
            : try RecordSealer(tls12: algorithm, key: key.span, iv: iv.span)
    }

    func opener() throws -> RecordOpener {
        isTLS13
            ? try RecordOpener(tls13: algorithm, key: key.span, iv: iv.span)
            : try RecordOpener(tls12: algorithm, key: key.span, iv: iv.span)
    }

    /// The nonce of a record, as the RFCs write it down.
    func nonce(_ sequence: UInt8) -> [UInt8] {
        if sendsNonce { return iv + [0, 0, 0, 0, 0, 0, 0, sequence] }
        return Array(iv[..<11]) + [iv[11] ^ sequence]
    }

    /// The additional data of a record, as the RFCs write it down.
    func additionalData(_ sequence: UInt8, _ record: [UInt8], _ type: ContentType, count: Int) -> [UInt8] {
        if isTLS13 { return Array(record[..<5]) }
        return [0, 0, 0, 0, 0, 0, 0, sequence, type.rawValue, 3, 3, UInt8(count >> 8), UInt8(count & 255)]
    }
}

/// The two ways to open a record, in place and on the way to another buffer, which come to the same.
private struct BothWays: ~Copyable {
    struct Opened: Equatable {
        let type: ContentType
        let content: [UInt8]
    }

    var inPlace: RecordOpener
    var elsewhere: RecordOpener

    init(_ make: () throws -> RecordOpener) throws {
        let one = try make()
        let other = try make()
        inPlace = one
        elsewhere = other
    }

    mutating func open(_ record: [UInt8], type: ContentType) throws(TLSError) -> Opened {
        let (here, there) = (openInPlace(record, type), openElsewhere(record, type))
        let sequences = (inPlace.sequence, elsewhere.sequence)
        #expect(here == there && sequences.0 == sequences.1)
        return try here.get()
    }

    private mutating func openInPlace(_ record: [UInt8], _ type: ContentType) -> Result<Opened, TLSError> {
        var buffer = record
        var span = buffer.mutableSpan
        do throws(TLSError) {
            let opened = try inPlace.open(&span, range: 5..<record.count, type: type)
            return .success(Opened(type: opened.type, content: Array(buffer[opened.content])))
        } catch {
            return .failure(error)
        }
    }

    private mutating func openElsewhere(_ record: [UInt8], _ type: ContentType) -> Result<Opened, TLSError> {
        var output = [UInt8](repeating: 0, count: record.count)
        var span = output.mutableSpan
        do throws(TLSError) {
            let opened = try elsewhere.open(record.span, range: 5..<record.count, type: type, into: &span)
            return .success(Opened(type: opened.type, content: Array(output[opened.content])))
        } catch {
            return .failure(error)
        }
    }
}

@Suite("Forms of record protection")
struct ProtectionFormTests {
    private func seal(
        _ sealer: inout RecordSealer,
        _ type: ContentType,
        _ content: [UInt8]
    ) throws -> [UInt8] {
        var record = [UInt8](repeating: 0, count: content.count + sealer.overhead + 3)
        let written: Int
        do {
            var span = record.mutableSpan
            written = try sealer.seal(content.span, type: type, into: &span, at: 3)
        }
        #expect(written == content.count + sealer.overhead)
        #expect(record[..<3] == [0, 0, 0])
        return Array(record[3..<3 + written])
    }

    private func open(
        _ openers: inout BothWays,
        _ record: [UInt8],
        type: ContentType? = nil
    ) throws(TLSError) -> (ContentType, [UInt8]) {
        let opened = try openers.open(record, type: type ?? ContentType(rawValue: record[0]))
        return (opened.type, opened.content)
    }

    private func failure(_ opener: inout BothWays, _ record: [UInt8], type: ContentType? = nil) -> TLSError? {
        do throws(TLSError) {
            _ = try open(&opener, record, type: type)
            return nil
        } catch {
            return error
        }
    }

    @Test("headers, nonces and additional data are those of the RFCs", arguments: ProtectionForm.all)
    func layout(form: ProtectionForm) throws {
        var sealer = try form.sealer()
        var opener = try AEADOpener(form.algorithm, key: form.key.span)
        for sequence in 0..<UInt8(3) {
            let content = [UInt8](repeating: 0x30 + sequence, count: 10)
            let record = try seal(&sealer, .alert, content)
            #expect(record[0] == (form.isTLS13 ? 23 : 21))
            #expect(record[1...2] == [3, 3])
            #expect(Int(record[3]) << 8 | Int(record[4]) == record.count - 5)
            let nonce = form.nonce(sequence)
            if form.sendsNonce { #expect(Array(record[5..<13]) == Array(nonce[4...])) }
            // What is left for the cipher is opened with the nonce and the data written down by hand.
            let start = form.sendsNonce ? 13 : 5
            let additionalData = form.additionalData(sequence, record, .alert, count: content.count)
            let fixedNonce = [12 of UInt8] { nonce[$0] }
            var buffer = record
            var span = buffer.mutableSpan
            let count = try opener.open(
                &span,
                range: start..<record.count,
                nonce: fixedNonce,
                additionalData: additionalData.span
            )
            #expect(Array(buffer[start..<start + count]) == content + (form.isTLS13 ? [21] : []))
        }
    }

    @Test("records of every kind come back, in their order only", arguments: ProtectionForm.all)
    func order(form: ProtectionForm) throws {
        var sealer = try form.sealer()
        let types: [ContentType] = [.handshake, .alert, .applicationData, .applicationData]
        let contents = [[1], [2, 3], [], [UInt8](repeating: 4, count: 16_384)]
        var records: [[UInt8]] = []
        for (type, content) in zip(types, contents) { records.append(try seal(&sealer, type, content)) }
        var opener = try BothWays { try form.opener() }
        for (number, record) in records.enumerated() {
            let (type, content) = try open(&opener, record)
            let isSame = type == types[number] && content == contents[number]
            #expect(isSame)
        }
        let sequence = opener.inPlace.sequence
        #expect(sequence == 4)
        // A record left out, and one that comes twice.
        var skipping = try BothWays { try form.opener() }
        #expect(failure(&skipping, records[1]) == .peerMisbehaved(.badRecordMAC))
        var repeating = try BothWays { try form.opener() }
        _ = try open(&repeating, records[0])
        #expect(failure(&repeating, records[0]) == .peerMisbehaved(.badRecordMAC))
    }

    @Test("each changed byte of the body is noticed", arguments: ProtectionForm.all)
    func tamperedBody(form: ProtectionForm) throws {
        var sealer = try form.sealer()
        let record = try seal(&sealer, .applicationData, [1, 2, 3])
        for position in 5..<record.count {
            var changed = record
            changed[position] ^= 0x10
            var opener = try BothWays { try form.opener() }
            #expect(failure(&opener, changed) == .peerMisbehaved(.badRecordMAC))
        }
    }

    @Test("each changed length and type is noticed", arguments: ProtectionForm.all)
    func tamperedHeader(form: ProtectionForm) throws {
        var sealer = try form.sealer()
        let record = try seal(&sealer, .applicationData, [1, 2, 3])
        for count in 5..<record.count {
            var opener = try BothWays { try form.opener() }
            #expect(failure(&opener, Array(record[..<count])) == .peerMisbehaved(.badRecordMAC))
        }
        var longer = try BothWays { try form.opener() }
        #expect(failure(&longer, record + [0]) == .peerMisbehaved(.badRecordMAC))
        if !form.isTLS13 {
            // In TLS 1.3 the type is inside; the engine takes no other outer type.
            var opener = try BothWays { try form.opener() }
            #expect(failure(&opener, record, type: .handshake) == .peerMisbehaved(.badRecordMAC))
        }
    }

    @Test("a wrong key opens nothing", arguments: ProtectionForm.all)
    func wrongKey(form: ProtectionForm) throws {
        var sealer = try form.sealer()
        let record = try seal(&sealer, .applicationData, [1, 2, 3])
        var key = form.key
        key[0] ^= 1
        var opener = try BothWays {
            form.isTLS13
                ? try RecordOpener(tls13: form.algorithm, key: key.span, iv: form.iv.span)
                : try RecordOpener(tls12: form.algorithm, key: key.span, iv: form.iv.span)
        }
        #expect(failure(&opener, record) == .peerMisbehaved(.badRecordMAC))
    }

    @Test("content longer than 2^14 bytes is refused though it is authentic", arguments: ProtectionForm.all)
    func longContent(form: ProtectionForm) throws {
        var sealer = try form.sealer()
        let record = try seal(&sealer, .applicationData, [UInt8](repeating: 1, count: 16_385))
        var opener = try BothWays { try form.opener() }
        #expect(failure(&opener, record) == .peerMisbehaved(.recordOverflow))
    }

    @Test("padding counts as content: RFC 9846 §5.4", arguments: ProtectionForm.all.filter(\.isTLS13))
    func longPadding(form: ProtectionForm) throws {
        let limit = 16_384
        let cases: [(zeros: Int, error: TLSError?)] = [
            (limit - 1, nil), (limit, .peerMisbehaved(.recordOverflow)),
        ]
        for (zeros, error) in cases {
            // What is sealed is content, its type and zeros, and then a type of the sealer's: a zero, too.
            let inner: [UInt8] = [1, 23] + [UInt8](repeating: 0, count: zeros - 1)
            var sealer = try form.sealer()
            let record = try seal(&sealer, ContentType(rawValue: 0), inner)
            var opener = try BothWays { try form.opener() }
            #expect(failure(&opener, record) == error)
        }
    }

    @Test("a peer chooses its explicit nonces freely: RFC 5288 §3")
    func explicitNonce() throws {
        let form = ProtectionForm(algorithm: .aes128GCM, isTLS13: false)
        let explicit: [UInt8] = [9, 8, 7, 6, 5, 4, 3, 2]
        let additionalData = form.additionalData(0, [], .applicationData, count: 3)
        let nonce = form.iv + explicit
        let fixedNonce = [12 of UInt8] { nonce[$0] }
        var record: [UInt8] = [23, 3, 3, 0, 8 + 3 + 16] + explicit + [UInt8](repeating: 0, count: 19)
        let content: [UInt8] = [1, 2, 3]
        do {
            var sealer = try AEADSealer(form.algorithm, key: form.key.span)
            var span = record.mutableSpan
            _ = try sealer.seal(
                content.span,
                trailer: nil,
                nonce: fixedNonce,
                additionalData: additionalData.span,
                into: &span,
                at: 13
            )
        }
        var opener = try BothWays { try form.opener() }
        let (type, opened) = try open(&opener, record)
        #expect(type == .applicationData)
        #expect(opened == content)
    }

    @Test("nonces of large sequence numbers")
    func nonces() {
        let iv: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
        let nonce = RecordNonce(iv: iv.span).nonce(0x0102_0304_0506_0708)
        let expected: [UInt8] = [1, 2, 3, 4, 5 ^ 1, 6 ^ 2, 7 ^ 3, 8 ^ 4, 9 ^ 5, 10 ^ 6, 11 ^ 7, 12 ^ 8]
        for index in 0..<12 { #expect(nonce[index] == expected[index]) }
    }

    @Test("what a record adds to its content", arguments: ProtectionForm.all)
    func overhead(form: ProtectionForm) throws {
        let sealer = try form.sealer()
        let overhead = sealer.overhead
        #expect(overhead == 5 + 16 + (form.isTLS13 ? 1 : form.sendsNonce ? 8 : 0))
        #expect(RecordSize.overhead >= overhead)
    }
}
