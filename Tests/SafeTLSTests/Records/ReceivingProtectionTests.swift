// SPDX-License-Identifier: Apache-2.0

import TLSCrypto
import Testing

@testable import SafeTLS

@Suite("How records are read")
struct ReceivingProtectionTests {
    private static let key = [UInt8](repeating: 1, count: 16)
    private static let iv = [UInt8](repeating: 2, count: 12)

    private func opener() throws -> RecordOpener {
        try RecordOpener(tls13: .aes128GCM, key: Self.key.span, iv: Self.iv.span)
    }

    private func record(_ count: Int) throws -> [UInt8] {
        let peer = Forger(
            sealer: try RecordSealer(tls13: .aes128GCM, key: Self.key.span, iv: Self.iv.span),
            opener: try opener()
        )
        return try peer.seal([UInt8](repeating: 9, count: count), .applicationData)
    }

    private func open(_ receiving: inout ReceivingProtection, _ record: [UInt8]) throws -> RecordOpener.Opened {
        var bytes = record
        var span = bytes.mutableSpan
        return try receiving.open(&span, range: RecordSize.header..<record.count, type: .applicationData)
    }

    @Test("without a key a record is what it says")
    func plain() throws {
        var receiving = ReceivingProtection()
        let opened = try open(&receiving, [23, 3, 3, 0, 2, 1, 2])
        #expect(opened.type == .applicationData && opened.content == 5..<7)
        let (form, hasOpened) = (receiving.form, receiving.hasOpenedRecord)
        #expect(form == .none && !hasOpened)
    }

    @Test("a key opens records, and starts anew")
    func keys() throws {
        var receiving = ReceivingProtection()
        receiving.install(try opener())
        let (form, before) = (receiving.form, receiving.hasOpenedRecord)
        #expect(form == .tls13 && !before)
        #expect(try open(&receiving, record(4)).content == 5..<9)
        let after = receiving.hasOpenedRecord
        #expect(after)
        receiving.install(try opener())
        let again = receiving.hasOpenedRecord
        #expect(!again)
    }

    @Test("a limit binds the key in use and those that follow", arguments: [true, false])
    func limit(isBefore: Bool) throws {
        var receiving = ReceivingProtection()
        if isBefore { receiving.limit(100) }
        receiving.install(try opener())
        if !isBefore { receiving.limit(100) }
        #expect(try open(&receiving, record(100)).content.count == 100)
        receiving.install(try opener())
        #expect(throws: TLSError.peerMisbehaved(.recordOverflow)) { _ = try open(&receiving, record(101)) }
    }

    @Test("the bodies that a header may announce")
    func bodyLimit() throws {
        var receiving = ReceivingProtection()
        let plain = (receiving.bodyLimit(of: .handshake), receiving.bodyLimit(of: .applicationData))
        #expect(plain == (16_384, 16_384 + 256))
        receiving.install(try opener())
        let tls13 = receiving.bodyLimit(of: .applicationData)
        #expect(tls13 == 16_384 + 256)
        receiving.install(try RecordOpener(tls12: .aes128GCM, key: Self.key.span, iv: Self.iv.span))
        let tls12 = receiving.bodyLimit(of: .handshake)
        #expect(tls12 == 16_384 + 2_048)
    }
}
