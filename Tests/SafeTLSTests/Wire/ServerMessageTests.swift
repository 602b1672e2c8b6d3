// SPDX-License-Identifier: Apache-2.0

import TLSCrypto
import Testing

@testable import SafeTLS

@Suite struct ServerMessageTests {
    private func serverHello(
        random: [UInt8] = [UInt8](repeating: 0, count: 32),
        compression: UInt8 = 0,
        extensions: [(UInt16, [UInt8])]
    ) -> [UInt8] {
        var writer = ByteWriter()
        writer.append(UInt16(0x0303))
        writer.append(random)
        writer.vector8([UInt8]())
        writer.append(UInt16(0xC02F))
        writer.append(compression)
        writer.append(block(extensions))
        return writer.takeBytes()
    }

    private func block(_ extensions: [(UInt16, [UInt8])]) -> [UInt8] {
        var writer = ByteWriter()
        writer.vector16 { list in
            for (type, content) in extensions {
                list.append(type)
                list.vector16(content)
            }
        }
        return writer.takeBytes()
    }

    private func alert(_ type: HandshakeType, _ body: [UInt8], _ version: ProtocolVersion = .tls13) -> AlertDescription?
    {
        do throws(DecodeError) {
            _ = try decode(type, body, version: version)
            return nil
        } catch {
            return error.alert
        }
    }

    @Test func `Both downgrade sentinels are seen`() throws {
        for (last, expected) in [(UInt8(1), true), (0, true), (2, false)] {
            let random = [UInt8](repeating: 0, count: 24) + Array("DOWNGRD".utf8) + [last]
            let body = serverHello(random: random, extensions: [])
            #expect(try ServerHello(body.span).hasDowngradeSentinel == expected)
        }
        #expect(ServerHello.tls12DowngradeSentinel == Array("DOWNGRD".utf8) + [1])
    }

    @Test func `A ServerHello without supported_versions is its legacy version`() throws {
        let old = serverHello(extensions: [(0xFF01, [0]), (23, [])])
        let hello = try ServerHello(old.span)
        #expect(hello.selectedVersion == .tls12 && hello.hasExtendedMasterSecret)
        #expect(copyBytes(hello.renegotiationInfo) == [])
        let new = serverHello(extensions: [(43, [3, 4])])
        #expect(try ServerHello(new.span).selectedVersion == .tls13)
    }

    @Test func `A server's answers have their bounds`() {
        #expect(alert(.serverHello, serverHello(compression: 1, extensions: [])) == .illegalParameter)
        #expect(
            alert(.serverHello, serverHello(extensions: [(16, [0, 6, 2, 0x68, 0x32, 2, 0x68, 0x33])])) == .decodeError
        )
        #expect(alert(.serverHello, serverHello(extensions: [(16, [0, 1, 0])])) == .decodeError)
        #expect(alert(.serverHello, serverHello(extensions: [(16, [0, 3, 2, 0x68, 0x32])])) == nil)
        #expect(alert(.serverHello, serverHello(extensions: [(0, [0])])) == .decodeError)
        #expect(alert(.serverHello, serverHello(extensions: [(23, []), (23, [])])) == .illegalParameter)
        // A key share has a key in a ServerHello and none in a HelloRetryRequest.
        let retry = ServerHello.helloRetryRequestRandom
        #expect(alert(.serverHello, serverHello(extensions: [(51, [0, 29])])) == .decodeError)
        #expect(alert(.serverHello, serverHello(random: retry, extensions: [(51, [0, 29])])) == nil)
        #expect(alert(.serverHello, serverHello(random: retry, extensions: [(51, [0, 29, 0, 1, 1])])) == .decodeError)
        #expect(alert(.serverHello, serverHello(random: retry, extensions: [(44, [0, 0])])) == .decodeError)
        #expect(alert(.encryptedExtensions, block([(28, [0, 63])])) == .illegalParameter)
        #expect(alert(.encryptedExtensions, block([(42, [0])])) == .decodeError)
        #expect(alert(.encryptedExtensions, block([(42, []), (42, [])])) == .illegalParameter)
    }

    @Test func `Unsolicited extensions are found`() throws {
        var offered = ExtensionSet()
        for type in [ExtensionType.serverName, .keyShare, .renegotiationInfo] {
            #expect(offered.insert(type) == .inserted)
        }
        let answered = try ServerHello(serverHello(extensions: [(0, []), (0xFF01, [0])]).span).extensions.types
        #expect(answered.firstMissing(from: offered) == nil)
        let common = try ServerHello(serverHello(extensions: [(0, []), (23, [])]).span).extensions.types
        #expect(common.firstMissing(from: offered) == .extendedMasterSecret)
        let uncommon = try ServerHello(serverHello(extensions: [(0x1A1A, [])]).span).extensions.types
        #expect(uncommon.firstMissing(from: offered)?.rawValue == 0x1A1A)
    }

    @Test func `Extensions out of place are found`() throws {
        let retry = try ServerHello(serverHello(extensions: [(0x1A1A, []), (43, [3, 4]), (41, [0, 0])]).span)
        #expect(retry.extensions.firstMisplaced(in: .serverHello) == nil)
        #expect(retry.extensions.firstMisplaced(in: .helloRetryRequest) == .preSharedKey)
        let encrypted = try EncryptedExtensions(block([(0, []), (16, [0, 2, 1, 0x68]), (51, [])]).span)
        #expect(encrypted.extensions.firstMisplaced(in: .encryptedExtensions) == .keyShare)
        #expect(ExtensionType.renegotiationInfo.isPermitted(in: .encryptedExtensions) == false)
        #expect(ExtensionType.statusRequest.isPermitted(in: .certificate) == true)
        #expect(ExtensionType(rawValue: 0x1A1A).isPermitted(in: .certificate) == nil)
    }

    @Test(arguments: RFC8448.messages)
    func `RFC 8448 puts each extension in its place`(_ message: RFC8448.Message) throws {
        let body = message.body
        switch message.type {
        case .clientHello:
            #expect(try ClientHello(body.span).extensions.firstMisplaced(in: .clientHello) == nil)
        case .serverHello:
            let hello = try ServerHello(body.span)
            let placement = hello.isHelloRetryRequest ? ExtensionType.Placement.helloRetryRequest : .serverHello
            #expect(hello.extensions.firstMisplaced(in: placement) == nil)
        case .encryptedExtensions:
            #expect(try EncryptedExtensions(body.span).extensions.firstMisplaced(in: .encryptedExtensions) == nil)
        case .certificateRequest:
            #expect(try CertificateRequest(body.span).extensions.firstMisplaced(in: .certificateRequest) == nil)
        case .newSessionTicket:
            #expect(try NewSessionTicket(body.span).extensions.firstMisplaced(in: .newSessionTicket) == nil)
        default: break
        }
    }

    @Test func `Messages of fixed grammar have their bounds`() {
        #expect(alert(.keyUpdate, [2]) == .illegalParameter)
        #expect(alert(.keyUpdate, [0]) == nil)
        #expect(alert(.finished, [UInt8](repeating: 0, count: 12), .tls12) == nil)
        #expect(alert(.finished, [UInt8](repeating: 0, count: 32), .tls12) == .decodeError)
        #expect(alert(.serverHelloDone, [0], .tls12) == .decodeError)
        #expect(alert(.clientKeyExchange, [0], .tls12) == .decodeError)
        // explicit_prime instead of named_curve; an empty key.
        #expect(alert(.serverKeyExchange, [1, 0, 29, 1, 1, 8, 7, 0, 0], .tls12) == .illegalParameter)
        #expect(alert(.serverKeyExchange, [3, 0, 29, 0, 8, 7, 0, 0], .tls12) == .decodeError)
        #expect(alert(.certificateStatus, [2, 0, 0, 1, 1], .tls12) == .illegalParameter)
        #expect(alert(.certificateStatus, [1, 0, 0, 0], .tls12) == .decodeError)
        #expect(alert(.newSessionTicket, [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]) == .decodeError)
        #expect(alert(.newSessionTicket, [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 9, 0, 0]) == nil)
        #expect(alert(.certificateRequest, [0, 0, 2, 4, 3, 0, 0], .tls12) == .decodeError)
        #expect(alert(.certificateRequest, [1, 1, 0, 0, 0, 0], .tls12) == .decodeError)
        #expect(alert(.certificateRequest, [1, 1, 0, 2, 4, 3, 0, 0], .tls12) == nil)
        #expect(alert(.certificate, [0, 0, 0], .tls12) == nil)
        #expect(alert(.certificate, [0, 0, 3, 0, 0, 0], .tls12) == .decodeError)
        #expect(alert(.certificate, [0, 0, 0, 0]) == nil)
        #expect(alert(.certificate, [0, 0, 0, 3, 0, 0, 0]) == .decodeError)
        // A stapled response without content, inside a certificate entry.
        #expect(alert(.certificate, [0, 0, 0, 14, 0, 0, 1, 9, 0, 8, 0, 5, 0, 4, 1, 0, 0, 0]) == .decodeError)
    }

    @Test func `A CertificateRequest asks for OCSP with an empty extension`() throws {
        func requestsOCSP(_ status: [UInt8]?) throws -> Bool {
            var writer = ByteWriter()
            try CertificateRequest.write(requestContext: [UInt8]().span, into: &writer) { extensions in
                extensions.signatureAlgorithms([.ed25519])
                if let status { extensions.add(.statusRequest, body: status.span) }
            }
            let body = Array(writer.bytes.dropFirst(HandshakeMessage.headerLength))
            return try CertificateRequest(body.span).requestsOCSP
        }
        #expect(try requestsOCSP(nil) == false)
        #expect(try requestsOCSP([]))
        // The client's form, which is not the one to use here, says the same.
        #expect(try requestsOCSP([1, 0, 0, 0, 0]))
        #expect(throws: DecodeError.self) { try requestsOCSP([1, 0]) }
    }

    @Test func `A ServerKeyExchange gives the signed bytes`() throws {
        let parameters = try ServerKeyExchange.parameters(group: .x25519, publicKey: [UInt8](repeating: 6, count: 32))
        var writer = ByteWriter()
        try ServerKeyExchange.write(
            parameters: parameters,
            scheme: .rsaPSSRSAESHA256,
            signature: [1, 2, 3],
            into: &writer
        )
        let body = Array(writer.bytes.dropFirst(HandshakeMessage.headerLength))
        let message = try ServerKeyExchange(body.span)
        #expect(copyBytes(message.signedParameters) == parameters)
        #expect(parameters.prefix(4) == [3, 0, 29, 32])
        #expect(message.group == .x25519 && message.signature.scheme == .rsaPSSRSAESHA256)
        #expect(copyBytes(message.signature.signature) == [1, 2, 3])
        #expect(throws: EncodeError.self) {
            try ServerKeyExchange.parameters(group: .x25519, publicKey: [UInt8](repeating: 0, count: 256))
        }
    }

    @Test func `A chain is read in order with the leaf's staple`() throws {
        var writer = ByteWriter()
        try CertificateMessage.writeTLS13(requestContext: [7].span, chain: [[1], [2, 2]], into: &writer) {
            $0.ocspResponse([0x30, 0])
        }
        let body = Array(writer.bytes.dropFirst(HandshakeMessage.headerLength))
        let message = try CertificateMessage(body.span, version: .tls13)
        #expect(copyBytes(message.requestContext) == [7] && message.count == 2)
        var iterator = message.makeIterator()
        var seen: [[UInt8]] = []
        var staples: [[UInt8]?] = []
        while let entry = iterator.next() {
            seen.append(copyBytes(entry.certificate))
            staples.append(copyBytes(entry.ocspResponse))
        }
        #expect(seen == [[1], [2, 2]])
        #expect(staples == [[0x30, 0], nil])
    }

    @Test func `A TLS 1.2 hello without extensions has no block`() throws {
        var writer = ByteWriter()
        let random = [UInt8](repeating: 0, count: 32)
        try ServerHello.write(
            random: random.span,
            legacySessionID: [UInt8]().span,
            cipherSuite: .ecdheRSAWithAES128GCMSHA256,
            into: &writer
        ) { _ in }
        #expect(writer.count == HandshakeMessage.headerLength + 2 + 32 + 1 + 2 + 1)
        #expect(writer.bytes[3] == 38)
    }

    @Test func `The synthetic message for ClientHello1 has a handshake header`() {
        #expect(HandshakeMessage.messageHash([1, 2].span) == [254, 0, 0, 2, 1, 2])
    }
}
