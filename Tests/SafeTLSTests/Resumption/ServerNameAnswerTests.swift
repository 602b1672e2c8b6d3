// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto
import Testing

@testable import SafeTLS

/// RFC 6066 §3: a server answers server_name when it used the name, and not when it resumes a session.
@Suite("Answers to server_name")
struct ServerNameAnswerTests {
    /// The extensions of the EncryptedExtensions that a server sends.
    private static func answer(_ site: ResumptionTLS13Tests.Site, _ log: SecretLog) throws -> Set<ExtensionType> {
        var client = try ClientSession(configuration: site.clientConfiguration, serverName: .dns("server.example"))
        var server = ServerSession(configuration: site.server)
        try Loopback.feed(&server, Loopback.output(&client))
        let flight = Loopback.output(&server)
        let protected = WireBytes.records(flight).filter { $0[0] == ContentType.applicationData.rawValue }
        let content = try Forger(log, .serverHandshake).open(protected[0]).content
        let message = try #require(WireBytes.messages(content).first)
        #expect(message[0] == HandshakeType.encryptedExtensions.rawValue)
        let body = Array(message.dropFirst(4))
        let extensions = try EncryptedExtensions(body.span).extensions
        var types: Set<ExtensionType> = []
        var iterator = extensions.makeIterator()
        while let next = iterator.next() { types.insert(next.type) }
        try Loopback.feed(&client, flight)
        try Loopback.run(&client, &server)
        return types
    }

    @Test("of full handshakes and resumptions")
    func resumption() throws {
        let log = SecretLog()
        let site = try ResumptionTLS13Tests.Site { pair in
            pair.server.cipherSuites = [.aes128GCMSHA256]
            pair.server.keyLog = log
        }
        #expect(try Self.answer(site, log) == [.serverName])
        for _ in 0..<2 { #expect(try Self.answer(site, log) == []) }
        // Nor in TLS 1.2, whose tests are beside its other answers.
    }

    @Test("a key from outside TLS resumes nothing")
    func externalKey() throws {
        let log = SecretLog()
        let key = try ExternalPSK(identity: [1], key: [UInt8](repeating: 7, count: 32).span)
        let site = try ResumptionTLS13Tests.Site { pair in
            pair.server.cipherSuites = [.aes128GCMSHA256]
            pair.server.keyLog = log
            pair.server.preSharedKeys = [key]
            pair.client.preSharedKeys = [key]
        }
        #expect(try Self.answer(site, log) == [.serverName])
    }
}
