// SPDX-License-Identifier: Apache-2.0

import TLSCrypto
import Testing

@testable import SafeTLS

/// Each message of RFC 8448 is read into its typed fields, written again from these alone, and compared.
@Suite struct RFC8448MessageTests {
    @Test(arguments: RFC8448.messages(.clientHello))
    func `ClientHello reads and writes back`(_ message: RFC8448.Message) throws {
        let body = message.body
        let hello = try ClientHello(body.span)
        #expect(hello.legacyVersion == .tls12)
        #expect(hello.offersTLS13 && hello.offersOnlyNullCompression)
        #expect(hello.cipherSuites.array == [.aes128GCMSHA256, .chaCha20Poly1305SHA256, .aes256GCMSHA384])
        var writer = ByteWriter()
        let types = try ClientHello.write(
            random: hello.random,
            legacySessionID: hello.legacySessionID,
            cipherSuites: hello.cipherSuites.array,
            into: &writer
        ) { extensions in
            var iterator = hello.extensions.makeIterator()
            while let next = iterator.next() {
                write(next, of: hello, into: &extensions)
            }
        }
        #expect(writer.bytes == message.bytes)
        #expect(types.firstMissing(from: hello.extensions.types) == nil)
        #expect(hello.extensions.types.firstMissing(from: types) == nil)
    }

    private func write(_ next: Extension, of hello: ClientHello, into extensions: inout ExtensionWriter) {
        switch next.type {
        case .serverName:
            extensions.serverName(String(decoding: copyBytes(hello.serverName) ?? [], as: UTF8.self))
        case .renegotiationInfo: extensions.renegotiationInfo()
        case .supportedGroups: extensions.supportedGroups(hello.supportedGroups?.array ?? [])
        case .supportedVersions: extensions.supportedVersions(hello.supportedVersions?.array ?? [])
        case .signatureAlgorithms: extensions.signatureAlgorithms(hello.signatureAlgorithms?.array ?? [])
        case .recordSizeLimit: extensions.recordSizeLimit(hello.recordSizeLimit ?? 0)
        case .pskKeyExchangeModes:
            extensions.pskKeyExchangeModes(hello.allows(.pskWithDHE) ? [.pskWithDHE] : [])
        case .cookie: extensions.cookie(copyBytes(hello.cookie) ?? [])
        case .earlyData where hello.hasEarlyData: extensions.addEmpty(.earlyData)
        case .padding: extensions.padding(next.body.count)
        case .keyShare:
            var shares: [KeyShare] = []
            if let keyShares = hello.keyShares {
                var iterator = keyShares.makeIterator()
                while let share = iterator.next() {
                    shares.append(KeyShare(group: share.group, publicKey: copyBytes(share.publicKey)))
                }
            }
            extensions.keyShares(shares)
        default: extensions.add(next.type, body: next.body)
        }
    }

    @Test(arguments: RFC8448.messages(.serverHello))
    func `ServerHello and HelloRetryRequest reads and writes back`(_ message: RFC8448.Message) throws {
        let body = message.body
        let hello = try ServerHello(body.span)
        #expect(hello.selectedVersion == .tls13 && hello.legacyVersion == .tls12)
        #expect(hello.hasDowngradeSentinel == false)
        #expect((hello.keyShare == nil) == hello.isHelloRetryRequest)
        var writer = ByteWriter()
        if hello.isHelloRetryRequest {
            try ServerHello.writeHelloRetryRequest(
                legacySessionID: hello.legacySessionID,
                cipherSuite: hello.cipherSuite,
                into: &writer
            ) { write(hello, into: &$0) }
        } else {
            try ServerHello.write(
                random: hello.random,
                legacySessionID: hello.legacySessionID,
                cipherSuite: hello.cipherSuite,
                into: &writer
            ) { write(hello, into: &$0) }
        }
        #expect(writer.bytes == message.bytes)
    }

    private func write(_ hello: ServerHello, into extensions: inout ExtensionWriter) {
        var iterator = hello.extensions.makeIterator()
        while let next = iterator.next() {
            switch next.type {
            case .supportedVersions: extensions.selectedVersion(hello.selectedVersion)
            case .keyShare:
                if let group = hello.selectedGroup {
                    extensions.selectedGroup(group)
                } else if let share = hello.keyShare {
                    extensions.keyShare(share.group, publicKey: copyBytes(share.publicKey))
                }
            case .cookie: extensions.cookie(copyBytes(hello.cookie) ?? [])
            case .preSharedKey: extensions.preSharedKey(selectedIdentity: hello.selectedIdentity ?? 0xFFFF)
            default: extensions.add(next.type, body: next.body)
            }
        }
    }

    @Test func `One ServerHello is a HelloRetryRequest`() throws {
        var retries: [String] = []
        for message in RFC8448.messages(.serverHello) {
            let body = message.body
            let hello = try ServerHello(body.span)
            if hello.isHelloRetryRequest {
                retries.append(message.trace)
                #expect(hello.selectedGroup == .secp256r1)
                #expect(copyBytes(hello.cookie)?.count == 114)
            }
        }
        #expect(retries == ["HelloRetryRequest_Handshake"])
    }

    @Test(arguments: RFC8448.messages(.encryptedExtensions))
    func `EncryptedExtensions reads and writes back`(_ message: RFC8448.Message) throws {
        let body = message.body
        let view = try EncryptedExtensions(body.span)
        var writer = ByteWriter()
        try EncryptedExtensions.write(into: &writer) { extensions in
            var iterator = view.extensions.makeIterator()
            while let next = iterator.next() {
                switch next.type {
                case .supportedGroups: extensions.supportedGroups(view.supportedGroups?.array ?? [])
                case .recordSizeLimit: extensions.recordSizeLimit(view.recordSizeLimit ?? 0)
                case .serverName: extensions.addEmpty(.serverName)
                default: extensions.add(next.type, body: next.body)
                }
            }
        }
        #expect(writer.bytes == message.bytes)
    }

    @Test(arguments: RFC8448.messages(.certificate))
    func `Certificate reads and writes back`(_ message: RFC8448.Message) throws {
        let body = message.body
        let view = try CertificateMessage(body.span, version: .tls13)
        #expect(view.count == 1)
        var chain: [[UInt8]] = []
        var iterator = view.makeIterator()
        while let entry = iterator.next() {
            chain.append(copyBytes(entry.certificate))
        }
        var writer = ByteWriter()
        try CertificateMessage.writeTLS13(requestContext: view.requestContext, chain: chain, into: &writer)
        #expect(writer.bytes == message.bytes)
    }

    @Test func `CertificateRequest reads and writes back`() throws {
        let message = try #require(RFC8448.messages(.certificateRequest).first)
        let body = message.body
        let view = try CertificateRequest(body.span)
        let schemes = view.signatureAlgorithms?.array ?? []
        #expect(schemes.contains(.rsaPSSRSAESHA256))
        var writer = ByteWriter()
        try CertificateRequest.write(requestContext: view.requestContext, into: &writer) { extensions in
            extensions.signatureAlgorithms(schemes)
        }
        #expect(writer.bytes == message.bytes)
    }

    @Test(arguments: RFC8448.messages(.certificateVerify))
    func `CertificateVerify reads and writes back`(_ message: RFC8448.Message) throws {
        let body = message.body
        let view = try DigitallySigned(body.span)
        var writer = ByteWriter()
        try DigitallySigned.writeCertificateVerify(
            scheme: view.scheme,
            signature: copyBytes(view.signature),
            into: &writer
        )
        #expect(writer.bytes == message.bytes)
    }

    @Test(arguments: RFC8448.messages(.finished))
    func `Finished reads and writes back`(_ message: RFC8448.Message) throws {
        let body = message.body
        let view = try Finished(body.span, length: 32)
        var writer = ByteWriter()
        try Finished.write(verifyData: view.verifyData, into: &writer)
        #expect(writer.bytes == message.bytes)
    }

    @Test func `NewSessionTicket reads and writes back`() throws {
        let message = try #require(RFC8448.messages(.newSessionTicket).first)
        let body = message.body
        let view = try NewSessionTicket(body.span)
        #expect(view.lifetime == 30 && view.maximumEarlyDataSize == 1024)
        var writer = ByteWriter()
        try NewSessionTicket.write(
            lifetime: view.lifetime,
            ageAdd: view.ageAdd,
            nonce: view.nonce,
            ticket: view.ticket,
            into: &writer
        ) { $0.maximumEarlyDataSize(1024) }
        #expect(writer.bytes == message.bytes)
    }

    @Test func `The pre-shared key offer`() throws {
        let trace = "Resumed_0RTT_Handshake"
        let message = try #require(RFC8448.messages(.clientHello).first { $0.trace == trace })
        let body = message.body
        let hello = try ClientHello(body.span)
        let offer = hello.preSharedKey
        #expect(offer?.count == 1)
        #expect(offer?.bindersByteCount == 35)
        #expect(copyBytes(offer?.binder(at: 0))?.prefix(4) == [0x3A, 0xDD, 0x4F, 0xB2])
        #expect(offer?.identity(at: 0)?.identity.count == 178)
        #expect(copyBytes(offer?.identity(at: 1)?.identity) == nil)
        #expect(hello.hasEarlyData && hello.hasPreSharedKey)
    }
}
