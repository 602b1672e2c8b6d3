// SPDX-License-Identifier: Apache-2.0

import TLSCrypto
import Testing

@testable import SafeTLS

/// Every protected record of RFC 8448 is opened, sealed again and compared.
@Suite("RFC 8448 record protection")
struct RFC8448RecordProtectionTests {
    static let protections = [
        "client_early", "client_handshake", "server_handshake", "client_application", "server_application",
    ]

    @Test("records open and seal to the same bytes", arguments: Trace.all, protections)
    func records(trace: Trace, protection: String) throws {
        let records = trace.records(fromClient: protection.hasPrefix("client"), protection)
        let isResumed = trace.name == Trace.Name.resumed.rawValue
        guard protection != "client_early" || isResumed else {
            #expect(records.isEmpty)
            return
        }
        #expect(!records.isEmpty)
        let key = try trace.value(protection + "_key")
        let iv = try trace.value(protection + "_iv")
        var opener = try RecordOpener(tls13: .aes128GCM, key: key.span, iv: iv.span)
        var sealer = try RecordSealer(tls13: .aes128GCM, key: key.span, iv: iv.span)
        for record in records {
            var buffer = record.bytes
            var span = buffer.mutableSpan
            let opened = try opener.open(&span, range: 5..<record.bytes.count, type: .applicationData)
            #expect(opened.type == record.contentType)
            #expect(Array(buffer[opened.content]) == record.plaintext)

            var output = [UInt8](repeating: 0, count: record.bytes.count)
            var outputSpan = output.mutableSpan
            let written = try sealer.seal(record.plaintext.span, type: record.contentType, into: &outputSpan, at: 0)
            #expect(written == record.bytes.count)
            #expect(output == record.bytes)
        }
    }

    @Test("a record with one bit changed does not open", arguments: 5..<24)
    func damaged(position: Int) throws {
        let trace = try Trace.named(.simple)
        let record = try #require(trace.records(fromClient: true, "client_application").last).bytes
        try #require(record.count == 24)
        let key = try trace.value("client_application_key")
        let iv = try trace.value("client_application_iv")
        var opener = try RecordOpener(tls13: .aes128GCM, key: key.span, iv: iv.span)
        // The second record under these keys, so the first goes through before.
        let first = try #require(trace.records(fromClient: true, "client_application").first).bytes
        var before = first
        var beforeSpan = before.mutableSpan
        _ = try opener.open(&beforeSpan, range: 5..<first.count, type: .applicationData)
        var buffer = record
        buffer[position] ^= 1
        var span = buffer.mutableSpan
        var failure: TLSError?
        do throws(TLSError) {
            _ = try opener.open(&span, range: 5..<24, type: .applicationData)
        } catch {
            failure = error
        }
        #expect(failure == .peerMisbehaved(.badRecordMAC))
    }
}
