// SPDX-License-Identifier: Apache-2.0

import TLSCrypto
import Testing

@testable import SafeTLS

/// Every secret, key and digest that RFC 8448 prints, derived again.
@Suite("RFC 8448 key schedule")
struct RFC8448KeyScheduleTests {
    @Test("all traces are there")
    func traces() {
        #expect(Trace.all.count == 5)
    }

    @Test("shared secrets", arguments: Trace.all)
    func sharedSecret(trace: Trace) throws {
        let group: KeyExchangeGroup = trace.name == Trace.Name.retry.rawValue ? .secp256r1 : .x25519
        let client = try KeyExchangePrivateKey(group, random: ScriptedRandom([trace.value("client_private")]))
        let server = try KeyExchangePrivateKey(group, random: ScriptedRandom([trace.value("server_private")]))
        let (clientPublic, serverPublic) = (client.publicKey, server.publicKey)
        #expect(try clientPublic == trace.value("client_public"))
        #expect(try serverPublic == trace.value("server_public"))
        let secret = try client.sharedSecret(with: serverPublic.span)
        let bytes = array(secret.bytes)
        #expect(try bytes == trace.value("ecdhe_shared"))
        let other = try server.sharedSecret(with: clientPublic.span)
        let otherBytes = array(other.bytes)
        #expect(otherBytes == bytes)
    }

    /// The stages by hand, from HKDF up: with a PSK where the trace has one.
    @Test("stages", arguments: Trace.all)
    func stages(trace: Trace) throws {
        var hash = try KeyedHash(.sha256)
        let zeros = [UInt8](repeating: 0, count: 32)
        let nothing = try HashState.hash(.sha256, Span())
        let psk = trace.secrets["psk"] ?? zeros
        let early = try hash.extract(salt: zeros.span, inputKeyMaterial: psk.span)
        try expect(early, trace, "early_secret")
        let derived = try hash.deriveSecret(early.bytes, "derived", transcript: nothing)
        try expect(derived, trace, "derived_early")
        let shared = try trace.value("ecdhe_shared")
        let handshake = try hash.extract(salt: derived.bytes, inputKeyMaterial: shared.span)
        try expect(handshake, trace, "handshake_secret")
        let derivedAgain = try hash.deriveSecret(handshake.bytes, "derived", transcript: nothing)
        try expect(derivedAgain, trace, "derived_handshake")
        let master = try hash.extract(salt: derivedAgain.bytes, inputKeyMaterial: zeros.span)
        try expect(master, trace, "master_secret")
        let whole = try digest(trace.value("hash_ch_client_finished"))
        let resumption = try hash.expandLabel(master.bytes, "res master", context: whole.span, count: 32)
        try expect(resumption, trace, "resumption_master_secret")
        if trace.secrets["ticket_nonce"] != nil {
            let nonce = try trace.value("ticket_nonce")
            let ticket = try hash.expandLabel(resumption.bytes, "resumption", context: nonce.span, count: 32)
            try expect(ticket, trace, "resumption_psk")
        }
    }

    /// The types that handshakes use, over transcripts of the trace's messages.
    @Test("traffic secrets", arguments: Trace.all.filter { $0.secrets["psk"] == nil })
    func trafficSecrets(trace: Trace) throws {
        var hash = try KeyedHash(.sha256)
        let shared = try trace.value("ecdhe_shared")
        let handshake = try EarlySecret(cipherSuite: .aes128GCMSHA256)
            .handshakeSecret(sharedSecret: Secret(copying: shared.span), &hash)
        let hello = try TraceTranscript(trace, through: .serverHello)
        #expect(try hello.digest == trace.value("hash_ch_sh"))
        let client = try handshake.clientTraffic(hello.hash, &hash)
        let server = try handshake.serverTraffic(hello.hash, &hash)
        try expect(client, &hash, trace, "client_handshake")
        try expect(server, &hash, trace, "server_handshake")

        let certificate = try TraceTranscript(trace, through: .certificate)
        #expect(try certificate.digest == trace.value("hash_to_server_certificate"))
        let content = CertificateVerifyContent.bytes(.server, transcript: certificate.hash)
        #expect(try content == trace.value("server_certificate_verify_content"))
        let verified = try TraceTranscript(trace, through: .certificateVerify)
        #expect(try verified.digest == trace.value("hash_before_server_finished"))
        let serverFinished = try array(server.verifyData(transcript: verified.hash, &hash).bytes)
        #expect(try serverFinished == Array(trace.message(.finished, fromClient: false).dropFirst(4)))

        let finished = try TraceTranscript(trace, through: .finished)
        #expect(try finished.digest == trace.value("hash_ch_server_finished"))
        let master = try handshake.masterSecret(&hash)
        try expect(master.clientTraffic(finished.hash, &hash), &hash, trace, "client_application")
        try expect(master.serverTraffic(finished.hash, &hash), &hash, trace, "server_application")
        try expect(master.exporter(finished.hash, &hash), trace, "exporter_master_secret")

        let own = try TraceTranscript(trace, beforeClientFinished: true)
        let clientFinished = try array(client.verifyData(transcript: own.hash, &hash).bytes)
        #expect(try clientFinished == Array(trace.message(.finished, fromClient: true).dropFirst(4)))
        let whole = try TraceTranscript(trace, beforeClientFinished: false)
        #expect(try whole.digest == trace.value("hash_ch_client_finished"))
    }

    @Test("the client's CertificateVerify signs the right bytes")
    func clientCertificateVerify() throws {
        let trace = try Trace.named(.clientAuthentication)
        var transcript = try Transcript(.sha256)
        let messages = trace.messages
        let last = try #require(messages.lastIndex { $0.first == HandshakeType.certificate.rawValue })
        for message in messages[...last] { transcript.update(message.span) }
        let content = try CertificateVerifyContent.bytes(.client, transcript: transcript.digest())
        #expect(try content == trace.value("client_certificate_verify_content"))
    }

    @Test("the synthetic message behind a HelloRetryRequest")
    func messageHash() throws {
        let trace = try Trace.named(.retry)
        let hello = try trace.message(.clientHello, fromClient: true)
        let first = try HashState.hash(.sha256, hello.span)
        let digestBytes = array(first.bytes)
        #expect(try digestBytes == trace.value("client_hello_1_hash"))
        #expect(try HandshakeMessage.messageHash(first.bytes) == trace.value("message_hash_message"))
    }

    @Test("binder and early secrets of the resumption")
    func binder() throws {
        let trace = try Trace.named(.resumed)
        var hash = try KeyedHash(.sha256)
        let zeros = [UInt8](repeating: 0, count: 32)
        let nothing = try HashState.hash(.sha256, Span())
        let psk = try trace.value("psk")
        #expect(try psk == Trace.named(.simple).value("resumption_psk"))
        let early = try hash.extract(salt: zeros.span, inputKeyMaterial: psk.span)
        let binderKey = try hash.deriveSecret(early.bytes, "res binder", transcript: nothing)
        try expect(binderKey, trace, "binder_key")
        // The binder is a Finished over the ClientHello cut off before the binders.
        let truncated = try digest(trace.value("truncated_client_hello_hash"))
        let finishedKey = try hash.expandLabel(binderKey.bytes, "finished", count: 32)
        try expect(finishedKey, trace, "binder_finished_key")
        let binder = try hash.authenticate(key: finishedKey.bytes, truncated.span)
        #expect(try array(binder.bytes) == trace.value("binder"))
        let hello = try trace.message(.clientHello, fromClient: true)
        let cut = Array(hello.dropLast(2 + 1 + 32))
        let cutDigest = try HashState.hash(.sha256, cut.span)
        #expect(array(cutDigest.bytes) == truncated)
        #expect(try Array(hello.suffix(32)) == trace.value("binder"))

        let helloDigest = try HashState.hash(.sha256, hello.span)
        let traffic = try hash.deriveSecret(early.bytes, "c e traffic", transcript: helloDigest)
        try expect(traffic, trace, "client_early_traffic_secret")
        let exporter = try hash.deriveSecret(early.bytes, "e exp master", transcript: helloDigest)
        try expect(exporter, trace, "early_exporter_master_secret")
        try expectKeys(traffic, &hash, trace, "client_early")
    }

    // MARK: Comparisons

    private func digest(_ bytes: [UInt8]) throws -> [UInt8] {
        try #require(bytes.count == 32)
        return bytes
    }

    private func expect(_ secret: borrowing Secret, _ trace: Trace, _ name: String) throws {
        let bytes = array(secret.bytes)
        #expect(try bytes == trace.value(name), "\(trace.name) \(name)")
    }

    /// Compares a traffic secret through what it derives: the log line, the Finished key, the record keys.
    private func expect(
        _ traffic: borrowing TrafficSecret,
        _ hash: inout KeyedHash,
        _ trace: Trace,
        _ name: String
    ) throws {
        let log = SecretLog()
        traffic.log(to: log, as: .exporter, clientRandom: .init(repeating: 0))
        let suffix = name.hasSuffix("application") ? "_traffic_secret_0" : "_traffic_secret"
        let bytes = log.secret(.exporter)
        #expect(try bytes == trace.value(name + suffix), "\(trace.name) \(name)")
        let secret = Secret(copying: bytes.span)
        try expectKeys(secret, &hash, trace, name)
        if name.hasSuffix("handshake") {
            let key = try hash.expandLabel(secret.bytes, "finished", count: 32)
            try expect(key, trace, name.replacing("handshake", with: "finished_key"))
        }
    }

    private func expectKeys(
        _ secret: borrowing Secret,
        _ hash: inout KeyedHash,
        _ trace: Trace,
        _ name: String
    ) throws {
        try expect(hash.expandLabel(secret.bytes, "key", count: 16), trace, name + "_key")
        try expect(hash.expandLabel(secret.bytes, "iv", count: 12), trace, name + "_iv")
    }
}

/// The transcript hash of a trace's messages.
struct TraceTranscript {
    let hash: Digest
    var digest: [UInt8] { array(hash.bytes) }

    /// From the ClientHello through the server's last message of a type.
    init(_ trace: Trace, through type: HandshakeType) throws {
        let messages = trace.records.flatMap { record in record.messages.map { (record.isFromClient, $0) } }
        let end = try #require(messages.lastIndex { !$0.0 && $0.1.first == type.rawValue })
        try self.init(trace, messages[...end].map(\.1))
    }

    /// Up to the client's Finished, or through it.
    init(_ trace: Trace, beforeClientFinished: Bool) throws {
        let messages = trace.messages
        let end = try #require(messages.lastIndex { $0.first == HandshakeType.finished.rawValue })
        try self.init(trace, Array(beforeClientFinished ? messages[..<end] : messages[...end]))
    }

    private init(_ trace: Trace, _ messages: [[UInt8]]) throws {
        var rest = messages[...]
        var transcript = try Transcript(.sha256)
        if trace.name == Trace.Name.retry.rawValue {
            let hello = messages[0]
            let first = try HashState.hash(.sha256, hello.span)
            transcript = try Transcript(.sha256, firstClientHello: first.bytes)
            rest = rest.dropFirst()
        }
        for message in rest { transcript.update(message.span) }
        hash = try transcript.digest()
    }
}
