// SPDX-License-Identifier: Apache-2.0

import TLSCrypto
import Testing

@testable import SafeTLS

/// Sessions that a client takes into another process.
@Suite("Saved sessions")
struct SavedSessionTests {
    private static let name = ServerName.dns("server.example")
    private static let versions = [ProtocolVersion.tls12, .tls13]

    /// A pair of one version, whose client keeps sessions and whose server gives them.
    private static func pair(_ version: ProtocolVersion, seed: UInt64 = 1) -> Pair {
        var pair = Pair(seed: seed)
        pair.client.versions = version...version
        pair.server.ticketCount = 1
        pair.client.sessionCacheCapacity = 8
        return pair
    }

    private static func connect(
        _ client: ClientConfiguration,
        _ server: ServerConfiguration
    ) throws -> (negotiated: NegotiatedParameters, path: [Certificate]) {
        var client = try ClientSession(configuration: client, serverName: name)
        var server = ServerSession(configuration: server)
        try Loopback.run(&client, &server)
        // TLS 1.3 sends its tickets after the handshake.
        _ = try Loopback.feed(&client, Loopback.seal(&server, [1]))
        let (negotiated, path) = (client.negotiated, client.verifiedPath)
        return (try #require(negotiated), path)
    }

    private static func bytes(_ secret: borrowing Secret) -> [UInt8] {
        var bytes: [UInt8] = []
        for index in 0..<secret.count { bytes.append(secret.bytes[index]) }
        return bytes
    }

    /// The session that a client gives away, as bytes; empty when it has none.
    private static func take(_ client: ClientConfiguration) -> [UInt8] {
        guard let session = client.takeSession(with: name) else { return [] }
        return bytes(session)
    }

    /// A session as bytes, and the server that gave it.
    private static func saved(_ pair: Pair) throws -> (bytes: [UInt8], server: ServerConfiguration) {
        let server = try pair.serverConfiguration()
        let client = try pair.clientConfiguration()
        _ = try connect(client, server)
        let bytes = take(client)
        try #require(!bytes.isEmpty)
        return (bytes, server)
    }

    private static func refusal(_ bytes: [UInt8], _ pair: Pair) throws -> SavedSessionError? {
        let client = try pair.clientConfiguration()
        do throws(SavedSessionError) {
            try client.restoreSession(bytes.span)
            return nil
        } catch {
            return error
        }
    }

    @Test("are resumed by a configuration like the first, once", arguments: versions)
    func resumed(version: ProtocolVersion) throws {
        let pair = Self.pair(version)
        let (bytes, server) = try Self.saved(pair)
        let client = try pair.clientConfiguration()
        #expect(try client.restoreSession(bytes.span) == Self.name)
        let second = try Self.connect(client, server)
        #expect(second.negotiated.isResumed && second.negotiated.version == version)
        #expect(second.path.count == 2)
    }

    @Test("are not kept beside their bytes")
    func taken() throws {
        let pair = Self.pair(.tls13)
        let server = try pair.serverConfiguration()
        let client = try pair.clientConfiguration()
        #expect(Self.take(client).isEmpty)
        _ = try Self.connect(client, server)
        #expect(!Self.take(client).isEmpty)
        #expect(Self.take(client).isEmpty)
        #expect(try !Self.connect(client, server).negotiated.isResumed)
    }

    @Test("are refused when they are cut off, longer, or changed anywhere", arguments: versions)
    func damaged(version: ProtocolVersion) throws {
        let pair = Self.pair(version)
        let bytes = try Self.saved(pair).bytes
        let client = try pair.clientConfiguration()
        func isRefused(_ damaged: [UInt8]) -> Bool {
            do throws(SavedSessionError) {
                try client.restoreSession(damaged.span)
                return false
            } catch .otherFormat {
                return true
            } catch .malformed {
                return true
            } catch {
                return false
            }
        }
        for length in bytes.indices where !isRefused(Array(bytes[..<length])) {
            Issue.record("taken with \(length) of \(bytes.count) bytes")
        }
        for index in bytes.indices {
            var damaged = bytes
            damaged[index] ^= 0x40
            if !isRefused(damaged) { Issue.record("taken with byte \(index) changed") }
        }
        #expect(isRefused(bytes + [0]))
        #expect(!isRefused(bytes))
    }

    /// The checksum keeps damage away from the fields; somebody may have made one anew.
    @Test("have fields that are whole beneath the checksum", arguments: versions)
    func wholeFields(version: ProtocolVersion) throws {
        let pair = Self.pair(version)
        let whole = try Self.saved(pair).bytes
        let client = try pair.clientConfiguration()
        let fields = Array(whole.dropLast(32))
        func restore(_ fields: [UInt8]) throws -> Bool {
            let bytes = fields + (try Self.sha256(fields))
            do throws(SavedSessionError) {
                try client.restoreSession(bytes.span)
                return true
            } catch {
                return false
            }
        }
        #expect(try restore(fields))
        for length in 0..<fields.count where try restore(Array(fields[..<length])) {
            Issue.record("taken with \(length) of \(fields.count) bytes")
        }
        #expect(try !restore(fields + [0]))
    }

    /// The fields of a saved session by their names, to be changed one by one.
    private struct Fields {
        var head: [UInt8] = []
        var server: [UInt8] = []
        var version: [UInt8] = []
        var suite: [UInt8] = []
        var flags: [UInt8] = []
        var authenticatedAt: [UInt8] = []
        var receivedAt: [UInt8] = []
        var receivedMilliseconds: [UInt8] = []
        var lifetime: [UInt8] = []
        var numbers: [UInt8] = []
        var applicationProtocol: [UInt8] = []
        var ticket: [UInt8] = []
        var sessionID: [UInt8] = []
        /// With the length of each.
        var certificates: [UInt8] = []
        var response: [UInt8] = []
        var timestamps: [UInt8] = []
        var secret: [UInt8] = []

        init(_ bytes: [UInt8]) {
            var rest = bytes.dropLast(32)
            func take(_ count: Int) -> [UInt8] {
                defer { rest = rest.dropFirst(count) }
                return Array(rest.prefix(count))
            }
            func vector(_ width: Int) -> [UInt8] { take(take(width).reduce(0) { $0 << 8 | Int($1) }) }
            head = take(Array("safetls client session".utf8).count + 1)
            let policy = vector(1)
            head += Self.vector(policy, 1)
            server = vector(1)
            (version, suite, flags) = (take(2), take(2), take(1))
            (authenticatedAt, receivedAt, receivedMilliseconds, lifetime) = (take(8), take(8), take(8), take(8))
            numbers = take(8)
            applicationProtocol = vector(1)
            (ticket, sessionID) = (vector(2), vector(1))
            (certificates, response, timestamps) = (vector(3), vector(3), vector(3))
            secret = vector(1)
        }

        static func vector(_ bytes: [UInt8], _ width: Int) -> [UInt8] {
            (0..<width).reversed().map { UInt8(truncatingIfNeeded: bytes.count >> (8 * $0)) } + bytes
        }

        /// All of it with a checksum that is right.
        func bytes() throws -> [UInt8] {
            let times = authenticatedAt + receivedAt + receivedMilliseconds + lifetime
            let names = Self.vector(ticket, 2) + Self.vector(sessionID, 1)
            let lists = Self.vector(certificates, 3) + Self.vector(response, 3) + Self.vector(timestamps, 3)
            let fields =
                head + Self.vector(server, 1) + version + suite + flags + times + numbers
                + Self.vector(applicationProtocol, 1) + names + lists + Self.vector(secret, 1)
            return fields + (try SavedSessionTests.sha256(fields))
        }
    }

    private static let lowest = [0x80] + [UInt8](repeating: 0, count: 7)

    /// Each field is checked by itself: the checksum is right, and all the others are.
    @Test("have fields that are checked beneath the checksum", arguments: versions)
    func fields(version: ProtocolVersion) throws {
        let pair = Self.pair(version)
        let whole = try Self.saved(pair).bytes
        let fields = Fields(whole)
        #expect(try fields.bytes() == whole)
        let client = try pair.clientConfiguration()
        func refusal(_ change: (inout Fields) -> Void) throws -> String {
            var changed = fields
            change(&changed)
            let bytes = try changed.bytes()
            do throws(SavedSessionError) {
                try client.restoreSession(bytes.span)
                return "taken"
            } catch .malformed(let reason) {
                return reason
            } catch {
                return "\(error)"
            }
        }
        let isTLS13 = version == .tls13
        #expect(try refusal { _ in } == "taken")
        #expect(try refusal { $0.server = Array("no name".utf8) }.contains("names no server"))
        let versions = "a version that does not fit the rest"
        #expect(try refusal { $0.version = [3, 2] }.contains(versions))
        #expect(try refusal { $0.version = isTLS13 ? [3, 3] : [3, 4] }.contains(versions))
        #expect(try refusal { $0.suite = isTLS13 ? [0xC0, 0x2F] : [0x13, 0x01] }.contains(versions))
        #expect(try refusal { $0.flags = [2] }.contains(versions))
        for time in [\Fields.authenticatedAt, \.receivedAt, \.receivedMilliseconds, \.lifetime] {
            #expect(try refusal { $0[keyPath: time] = Self.lowest }.contains("a time before 1970"))
            #expect(
                try refusal { $0[keyPath: time] = [UInt8](repeating: 0xFF, count: 8) }.contains("a time before 1970")
            )
        }
        // The latest that is a time: its session comes from the future.
        let latest = [0x7F] + [UInt8](repeating: 0xFF, count: 7)
        #expect(try refusal { $0.receivedAt = latest }.contains("expired"))
        // That one is for the server alone.
        #expect(try refusal { $0.receivedMilliseconds = latest } == "taken")
        #expect(try refusal { $0.authenticatedAt = latest }.contains("expired"))
        let secrets = "a secret of a wrong length"
        #expect(try refusal { $0.secret.removeLast() }.contains(secrets))
        #expect(try refusal { $0.secret.append(0) }.contains(secrets))
        #expect(try refusal { $0.secret = [] }.contains(secrets))
        let names = "nothing that a server could know it by"
        #expect(try refusal { ($0.ticket, $0.sessionID) = ([], []) }.contains(names))
        let long = [UInt8](repeating: 1, count: TLSLimits.keptTicketLength + 1)
        #expect(try refusal { $0.ticket = long }.contains(names))
        #expect(try refusal { $0.sessionID = [UInt8](repeating: 1, count: isTLS13 ? 1 : 33) }.contains(names))
        #expect(try refusal { $0.certificates = [] }.contains(names))
        let many = (0...TLSLimits.certificateChainLength).flatMap { _ in
            Fields.vector(Array(fields.certificates.dropFirst(3).prefix(Self.first(fields.certificates))), 3)
        }
        #expect(try refusal { $0.certificates = many }.contains("too many certificates"))
        #expect(try refusal { $0.certificates = [0, 0, 1, 0x30] }.contains("a certificate that does not parse"))
    }

    /// The length of the first certificate of a list.
    private static func first(_ list: [UInt8]) -> Int { list.prefix(3).reduce(0) { $0 << 8 | Int($1) } }

    private static func sha256(_ bytes: [UInt8]) throws -> [UInt8] {
        let digest = try HashState.hash(.sha256, bytes.span)
        return (0..<digest.count).map { digest.bytes[$0] }
    }

    @Test("do not go with other options, anchors or certificates of the client")
    func otherPolicy() throws {
        let pair = Self.pair(.tls13)
        let bytes = try Self.saved(pair).bytes
        #expect(try Self.refusal(bytes, pair) == nil)
        var other = pair
        other.client.versions = .tls12 ... .tls13
        #expect(try Self.refusal(bytes, other) == .otherPolicy)
        other = pair
        other.client.groups = [.secp256r1]
        #expect(try Self.refusal(bytes, other) == .otherPolicy)
        other = pair
        other.client.signatureSchemes = [.ed25519]
        #expect(try Self.refusal(bytes, other) == .otherPolicy)
        other = pair
        other.client.credentials = [try TestCredentials.named("p384")]
        #expect(try Self.refusal(bytes, other) == .otherPolicy)
        other = pair
        other.client.sessionCacheCapacity = 0
        #expect(try Self.refusal(bytes, other) == .notKept)

        let anchor = try TestCredentials.named("p384").certificateChain[0]
        let stranger = try ClientConfiguration(trustAnchors: TrustAnchors([anchor]), options: pair.client)
        #expect(throws: SavedSessionError.otherPolicy) { try stranger.restoreSession(bytes.span) }
    }

    @Test("are judged again: by the clock, and by rules that have changed")
    func judged() throws {
        let pair = Self.pair(.tls13)
        let bytes = try Self.saved(pair).bytes
        var later = pair
        later.client.clock = { TestCredentials.now + 8 * 86_400 }
        #expect(try Self.refusal(bytes, later) == .expired)
        var earlier = pair
        earlier.client.clock = { TestCredentials.now - 1 }
        #expect(try Self.refusal(bytes, earlier) == .expired)

        var strict = pair
        strict.client.requiresOCSPResponse = true
        guard case .certificateRejected(let rejection)? = try Self.refusal(bytes, strict) else {
            Issue.record("taken without the OCSP response that is required")
            return
        }
        #expect(rejection.reason == .noStatusResponse)
    }

    @Test("of servers that a judge accepts are put before that judge again")
    func judge() throws {
        let pair = Self.pair(.tls13)
        let server = try pair.serverConfiguration()
        func client(_ accepts: Bool) throws -> ClientConfiguration {
            try ClientConfiguration(
                judge: { request in
                    accepts
                        ? .accepted(path: request.certificateChain)
                        : .rejected(CertificateRejection(certificate: "", depth: 0, reason: .selfSigned))
                },
                options: pair.client
            )
        }
        let first = try client(true)
        _ = try Self.connect(first, server)
        let bytes = Self.take(first)
        try #require(!bytes.isEmpty)
        let second = try client(true)
        try second.restoreSession(bytes.span)
        #expect(try Self.connect(second, server).negotiated.isResumed)
        let third = try client(false)
        #expect(throws: SavedSessionError.self) { try third.restoreSession(bytes.span) }
        // Nor does a verifier take what a judge has accepted.
        #expect(try Self.refusal(bytes, pair) == .otherPolicy)
    }
}
