// SPDX-License-Identifier: Apache-2.0

import TLSCrypto
import Testing

@testable import SafeTLS

@Suite("How records are made")
struct SendingProtectionTests {
    private static let key = [UInt8](repeating: 1, count: 16)
    private static let iv = [UInt8](repeating: 2, count: 12)

    private func protection(fragmentLength: Int = RecordSize.plaintext) throws -> SendingProtection {
        var sending = SendingProtection(fragmentLength: fragmentLength)
        sending.install(try RecordSealer(tls13: .aes128GCM, key: Self.key.span, iv: Self.iv.span))
        sending.isTLS13 = true
        return sending
    }

    /// The content of each record that `count` bytes are sealed into.
    private func lengths(
        _ sending: inout SendingProtection,
        _ count: Int,
        room: Int = 100_000
    ) throws -> (contents: [Int], sealed: Sealed) {
        let plaintext = [UInt8](repeating: 5, count: count)
        var output = [UInt8](repeating: 0, count: room)
        var span = output.mutableSpan
        let sealed = try sending.seal(plaintext.span, into: &span, at: 0)
        let records = WireBytes.records(Array(output.prefix(sealed.written)))
        return (records.map { $0.count - RecordSize.header - RecordSize.tag - 1 }, sealed)
    }

    @Test("fragments keep to their length", arguments: [(-5, 1), (0, 1), (1, 1), (100, 100), (99_999, 16_384)])
    func fragmentLength(wanted: Int, length: Int) throws {
        var sending = try protection(fragmentLength: wanted)
        let (contents, _) = try lengths(&sending, length * 2 + 1)
        #expect(contents == [length, length, 1])
    }

    @Test("a limit of the peer only ever makes them shorter")
    func limit() throws {
        var sending = try protection(fragmentLength: 100)
        sending.limit(200)
        #expect(try lengths(&sending, 150).contents == [100, 50])
        sending.limit(60)
        #expect(try lengths(&sending, 100).contents == [60, 40])
    }

    @Test("a connection starts small, then no longer")
    func startsSmall() throws {
        var sending = try protection()
        var options = RecordOptions()
        options.startsSmall = true
        sending.follow(options)
        let count = RecordSize.smallStart + RecordSize.plaintext
        let wanted = sending.sealedByteCount(for: count, owesKeyUpdate: false)
        let (contents, sealed) = try lengths(&sending, count)
        #expect(contents.dropLast() == Array(repeating: RecordSize.small, count: 40)[...])
        #expect(contents.last == RecordSize.plaintext)
        #expect(sealed == Sealed(consumed: count, written: wanted))
    }

    @Test("padding fills records up to its multiple, in TLS 1.3 alone")
    func padding() throws {
        var sending = try protection()
        var options = RecordOptions()
        options.paddingMultiple = 64
        sending.follow(options)
        // The content type is one byte of the 64.
        #expect(try lengths(&sending, 10).contents == [63])
        #expect(try lengths(&sending, 64).contents == [127])
        sending.isTLS13 = false
        #expect(try lengths(&sending, 10).contents == [10])
    }

    @Test("a key that is worn out seals no more data until it is replaced")
    func wornOut() throws {
        var sending = try protection(fragmentLength: 10)
        sending.recordsPerKey = 2
        let isFresh = !sending.isWornOut
        #expect(isFresh)
        #expect(try lengths(&sending, 35).sealed.consumed == 20)
        let isWornOut = sending.isWornOut
        #expect(isWornOut)
        #expect(try lengths(&sending, 15).sealed == Sealed(consumed: 0, written: 0))
        sending.install(try RecordSealer(tls13: .aes128GCM, key: Self.key.span, iv: Self.iv.span))
        #expect(try lengths(&sending, 15).contents == [10, 5])
    }

    @Test("without a key, records are in the clear and data are not sealed")
    func plain() throws {
        var sending = SendingProtection(fragmentLength: 100)
        sending.plainVersion = 0x0301
        var output = [UInt8](repeating: 0, count: 20)
        let content: [UInt8] = [7, 8]
        var span = output.mutableSpan
        let written = try sending.write(content.span, type: .handshake, into: &span, at: 0)
        #expect(Array(output.prefix(written)) == [22, 3, 1, 0, 2, 7, 8])
        #expect(try lengths(&sending, 10).sealed == Sealed(consumed: 0, written: 0))
        // The same after a key was taken away.
        sending.install(try RecordSealer(tls13: .aes128GCM, key: Self.key.span, iv: Self.iv.span))
        sending.removeKey()
        #expect(try lengths(&sending, 10).sealed == Sealed(consumed: 0, written: 0))
    }

    /// Handshake keys become application keys in the memory that they were in: nothing of the first may be left.
    @Test("traffic secrets follow each other", arguments: [CipherSuite.aes128GCMSHA256, .chaCha20Poly1305SHA256])
    func trafficSecrets(second suite: CipherSuite) throws {
        let secrets = [[UInt8](repeating: 1, count: 32), [UInt8](repeating: 2, count: 32)]
        let suites = [CipherSuite.aes128GCMSHA256, suite]
        var hash = try KeyedHash(.sha256)
        var sending = SendingProtection(fragmentLength: 100)
        var receiving = ReceivingProtection()
        receiving.limit(10)
        let content: [UInt8] = [7, 8, 9]
        for (secret, suite) in zip(secrets, suites) {
            let traffic = TrafficSecret(Secret(copying: secret.span), cipherSuite: suite)
            try sending.install(traffic, &hash)
            try receiving.install(traffic, &hash)
            let hasOpenedRecord = receiving.hasOpenedRecord
            #expect(!hasOpenedRecord)
            var fresh = try traffic.sealer(&hash)
            // Two records: the sequence numbers start anew.
            for _ in 0..<2 {
                var record = [UInt8](repeating: 0, count: 40)
                var freshRecord = record
                let length: Int
                let freshLength: Int
                do {
                    var span = record.mutableSpan
                    length = try sending.write(content.span, type: .handshake, into: &span, at: 0)
                }
                do {
                    var span = freshRecord.mutableSpan
                    freshLength = try fresh.seal(content.span, type: .handshake, into: &span, at: 0)
                }
                #expect(length == freshLength && record == freshRecord)
                var span = record.mutableSpan
                let body = RecordSize.header..<length
                let opened = try receiving.open(&span, range: body, type: .applicationData)
                #expect(opened.type == .handshake && opened.content.count == 3)
            }
        }
    }

    @Test("a KeyUpdate that is owed needs room")
    func owedKeyUpdate() throws {
        let sending = try protection()
        let without = sending.sealedByteCount(for: 10, owesKeyUpdate: false)
        let with = sending.sealedByteCount(for: 10, owesKeyUpdate: true)
        #expect(without == 10 + RecordSize.header + 1 + RecordSize.tag)
        #expect(with - without == KeyUpdate.messageLength + RecordSize.header + 1 + RecordSize.tag)
    }
}
