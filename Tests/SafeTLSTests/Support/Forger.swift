// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

@testable import SafeTLS

/// Seals and opens records with a secret from a key log: a peer that keeps to no rule but the record protection's.
final class Forger {
    private var sealer: RecordSealer? = nil
    private var opener: RecordOpener? = nil

    init(_ secret: [UInt8], updates: Int = 0) throws {
        var current = secret
        for _ in 0..<updates { current = try Self.expand(current, "traffic upd", 32) }
        let key = try Self.expand(current, "key", 16)
        let iv = try Self.expand(current, "iv", 12)
        sealer = try RecordSealer(tls13: .aes128GCM, key: key.span, iv: iv.span)
        opener = try RecordOpener(tls13: .aes128GCM, key: key.span, iv: iv.span)
    }

    init(sealer: consuming RecordSealer, opener: consuming RecordOpener) {
        self.sealer = consume sealer
        self.opener = consume opener
    }

    private static func expand(_ secret: [UInt8], _ label: String, _ count: Int) throws -> [UInt8] {
        var hash = try KeyedHash(.sha256)
        let expanded = try hash.expandLabel(secret.span, label, count: count)
        return copyBytes(expanded.bytes)
    }

    convenience init(_ log: SecretLog, _ label: KeyLogLabel, updates: Int = 0) throws {
        try self.init(log.secret(label), updates: updates)
    }

    /// One record.
    func seal(_ content: [UInt8], _ type: ContentType = .handshake) throws -> [UInt8] {
        var record = [UInt8](repeating: 0, count: content.count + RecordSize.overhead)
        var span = record.mutableSpan
        let written = try sealer?.seal(content.span, type: type, into: &span, at: 0) ?? 0
        record.removeLast(record.count - written)
        return record
    }

    /// One record whose inner plaintext is given whole: content, type and padding. It ends in a zero byte.
    func seal(inner: [UInt8]) throws -> [UInt8] {
        try seal(Array(inner.dropLast()), ContentType(rawValue: 0))
    }

    /// The content of one record.
    func open(_ record: [UInt8]) throws -> Opened {
        var buffer = record
        var span = buffer.mutableSpan
        guard
            let opened = try opener?.open(
                &span,
                range: RecordSize.header..<record.count,
                type: ContentType(rawValue: record[0])
            )
        else { throw CryptoError.authenticationFailed }
        return Opened(type: opened.type, content: Array(buffer[opened.content]))
    }

    struct Opened: Equatable {
        let type: ContentType
        let content: [UInt8]
    }
}

/// Bytes on the wire, put together and taken apart by hand.
enum WireBytes {
    /// An unprotected record.
    static func record(_ type: ContentType, _ body: [UInt8], version: UInt16 = 0x0303) -> [UInt8] {
        [type.rawValue, UInt8(version >> 8), UInt8(version & 0xFF), UInt8(body.count >> 8), UInt8(body.count & 0xFF)]
            + body
    }

    /// Cuts a stream of whole records.
    static func records(_ bytes: [UInt8]) -> [[UInt8]] {
        var records: [[UInt8]] = []
        var rest = bytes[...]
        while rest.count >= 5 {
            let start = rest.startIndex
            let length = 5 + Int(rest[start + 3]) << 8 + Int(rest[start + 4])
            records.append(Array(rest.prefix(length)))
            rest = rest.dropFirst(length)
        }
        return records
    }

    /// A handshake message.
    static func message(_ type: HandshakeType, _ body: [UInt8] = []) -> [UInt8] {
        [type.rawValue, UInt8(body.count >> 16 & 0xFF), UInt8(body.count >> 8 & 0xFF), UInt8(body.count & 0xFF)] + body
    }

    /// Cuts a stream of whole handshake messages.
    static func messages(_ bytes: [UInt8]) -> [[UInt8]] {
        var messages: [[UInt8]] = []
        var rest = bytes[...]
        while rest.count >= 4 {
            let start = rest.startIndex
            let length = 4 + Int(rest[start + 1]) << 16 + Int(rest[start + 2]) << 8 + Int(rest[start + 3])
            messages.append(Array(rest.prefix(length)))
            rest = rest.dropFirst(length)
        }
        return messages
    }

    static let changeCipherSpec = record(.changeCipherSpec, [1])

    static func alert(_ description: AlertDescription, level: UInt8 = 2) -> [UInt8] {
        record(.alert, [level, description.rawValue])
    }

    /// The body of an extension block.
    static func extensions(_ list: [(ExtensionType, [UInt8])]) -> [UInt8] {
        var writer = ByteWriter()
        writer.vector16 { block in
            for (type, body) in list {
                block.append(type.rawValue)
                block.vector16(body)
            }
        }
        return writer.takeBytes()
    }
}

extension Loopback {
    /// Gives `input` to a session that must refuse it.
    ///
    /// - Returns: The error; nil when the session took everything.
    static func refusal<Session: TLSSession & ~Copyable>(_ session: inout Session, _ input: [UInt8]) -> TLSError? {
        do throws(TLSError) {
            try feed(&session, input)
            return nil
        } catch {
            return error
        }
    }

    /// Gives `input` to a session that must refuse it with an unprotected alert.
    static func plainAlert<Session: TLSSession & ~Copyable>(
        _ session: inout Session,
        _ input: [UInt8]
    ) -> AlertDescription? {
        guard refusal(&session, input) != nil, let last = WireBytes.records(output(&session)).last else { return nil }
        guard last.count == 7, last[0] == ContentType.alert.rawValue, last[5] == 2 else { return nil }
        return AlertDescription(rawValue: last[6])
    }
}

/// Two sessions that are connected, and the secrets that connect them.
struct Connection: ~Copyable {
    var client: ClientSession
    var server: ServerSession
    let log: SecretLog

    init(_ configure: (inout Pair) -> Void = { _ in }) throws {
        var pair = Pair.tls13()
        configure(&pair)
        let log = SecretLog()
        pair.client.keyLog = log
        let server = try pair.makeServer()
        try self.init(client: pair.makeClient(), server: server, log: log)
    }

    private init(client: consuming ClientSession, server: consuming ServerSession, log: SecretLog) throws {
        self.client = client
        self.server = server
        self.log = log
        try Loopback.run(&self.client, &self.server)
    }

    /// A forger of what the client sends.
    func clientForger(updates: Int = 0) throws -> Forger { try Forger(log, .clientApplication, updates: updates) }

    /// A forger of what the server sends.
    func serverForger(updates: Int = 0) throws -> Forger { try Forger(log, .serverApplication, updates: updates) }

    /// Sends bytes from the client to the server and gives what arrives.
    mutating func up(_ bytes: [UInt8]) throws(TLSError) -> [UInt8] {
        try Loopback.feed(&server, Loopback.seal(&client, bytes))
    }

    /// Sends bytes from the server to the client and gives what arrives.
    mutating func down(_ bytes: [UInt8]) throws(TLSError) -> [UInt8] {
        try Loopback.feed(&client, Loopback.seal(&server, bytes))
    }

    /// Whether data still gets through in both directions.
    mutating func works() throws(TLSError) -> Bool {
        let question: [UInt8] = [1, 2, 3]
        let answer: [UInt8] = [4, 5]
        let (arrived, returned) = (try up(question), try down(answer))
        return arrived == question && returned == answer
    }
}

extension Pair {
    /// TLS 1.3 with one suite, whose secrets a `Forger` can use.
    static func tls13() -> Pair {
        var pair = Pair()
        pair.restrict(to: .tls13)
        pair.server.cipherSuites = [.aes128GCMSHA256]
        return pair
    }
}
