// SPDX-License-Identifier: Apache-2.0

import TLSCrypto
import Testing

@testable import SafeTLS

@Suite("TLS 1.3 HelloRetryRequest")
struct HelloRetryRequestTests {
    @Test("for every group", arguments: NamedGroup.supported, [false, true])
    func everyGroup(group: NamedGroup, cookie: Bool) throws {
        let first = try #require(NamedGroup.supported.first { $0 != group && $0.classicalPart != group })
        var connection = try Connection { pair in
            pair.client.groups = [first, group]
            pair.server.groups = [group]
            pair.server.sendsRetryCookie = cookie
        }
        let (client, server) = (connection.client.negotiated, connection.server.negotiated)
        #expect(client == server)
        #expect(client?.group == group)
        #expect(client?.usedHelloRetryRequest == true)
        #expect(try connection.works())
    }

    @Test("is not needed when a share fits, though another group is preferred")
    func shareBeforePreference() throws {
        let connection = try Connection { pair in
            pair.client.groups = [.secp384r1, .x25519]
            pair.server.groups = [.x25519, .secp384r1]
        }
        let negotiated = connection.client.negotiated
        #expect(negotiated?.group == .secp384r1)
        #expect(negotiated?.usedHelloRetryRequest == false)
    }

    @Test("in one-byte pieces")
    func pieces() throws {
        let pair = retrying()
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        try Loopback.run(&client, &server, chunk: 1)
        let negotiated = client.negotiated
        #expect(negotiated?.usedHelloRetryRequest == true)
    }

    // MARK: Stateless

    @Test("another session goes on from the cookie")
    func stateless() throws {
        var pair = retrying(cookie: true)
        let log = SecretLog()
        pair.client.keyLog = log
        let configuration = try pair.serverConfiguration()
        var client = try pair.makeClient()
        var first = ServerSession(configuration: configuration)
        try Loopback.feed(&first, Loopback.output(&client))
        try Loopback.feed(&client, Loopback.output(&first))
        var second = ServerSession(configuration: configuration)
        // The client's compatibility record comes in front of its second ClientHello.
        let again = Loopback.output(&client)
        #expect(WireBytes.records(again).first == WireBytes.changeCipherSpec)
        try Loopback.feed(&second, again)
        try Loopback.run(&client, &second)
        let (clientSide, serverSide) = (client.negotiated, second.negotiated)
        #expect(clientSide == serverSide)
        #expect(clientSide?.usedHelloRetryRequest == true)
        let received = try Loopback.feed(&second, Loopback.seal(&client, [7, 8, 9]))
        #expect(received == [7, 8, 9])
    }

    @Test("a cookie with any byte changed is refused", arguments: 0..<102)
    func alteredCookie(position: Int) throws {
        let cookie = try cookie(of: retrying(cookie: true).serverConfiguration())
        #expect(cookie.count == 102 - 1)
        var altered = cookie
        if position < cookie.count { altered[position] ^= 1 } else { altered.append(0) }
        let configuration = try retrying(cookie: true).serverConfiguration()
        var session = ServerSession(configuration: configuration)
        let hello = Hello(groups: [.x25519, .secp256r1], shares: [.secp256r1], cookie: altered)
        let alert = try Loopback.plainAlert(&session, hello.record())
        #expect(alert == .illegalParameter)
    }

    @Test("a cookie of a server with another key is refused")
    func foreignCookie() throws {
        var other = retrying(cookie: true)
        other.server.random = SeededRandom(seed: 4711)
        let cookie = try cookie(of: other.serverConfiguration())
        var session = ServerSession(configuration: try retrying(cookie: true).serverConfiguration())
        let hello = Hello(groups: [.x25519, .secp256r1], shares: [.secp256r1], cookie: cookie)
        #expect(try Loopback.plainAlert(&session, hello.record()) == .illegalParameter)
    }

    @Test("short and forged cookies are refused", arguments: [1, 31, 32, 33, 64, 500])
    func forgedCookie(length: Int) throws {
        var session = ServerSession(configuration: try retrying(cookie: true).serverConfiguration())
        let forged = [UInt8](repeating: 0, count: length)
        let hello = Hello(groups: [.x25519, .secp256r1], shares: [.secp256r1], cookie: forged)
        #expect(try Loopback.plainAlert(&session, hello.record()) == .illegalParameter)
    }

    @Test("a cookie belongs to one ClientHello")
    func cookieOfAnotherClient() throws {
        let configuration = try retrying(cookie: true).serverConfiguration()
        let cookie = try cookie(of: configuration)
        var hello = Hello(groups: [.x25519, .secp256r1], shares: [.secp256r1], cookie: cookie)
        var session = ServerSession(configuration: configuration)
        #expect(try Loopback.refusal(&session, hello.record()) == nil)
        hello.random[0] ^= 1
        var other = ServerSession(configuration: configuration)
        #expect(try Loopback.plainAlert(&other, hello.record()) == .illegalParameter)
    }

    @Test("a stateful server insists on its cookie")
    func cookieLeftOut() throws {
        let configuration = try retrying(cookie: true).serverConfiguration()
        var hello = Hello(groups: [.x25519, .secp256r1])
        var session = ServerSession(configuration: configuration)
        try Loopback.feed(&session, hello.record())
        _ = Loopback.output(&session)
        hello.shares = [.secp256r1]
        #expect(try Loopback.plainAlert(&session, hello.record()) == .missingExtension)

        var other = ServerSession(configuration: configuration)
        hello.shares = [.x25519]
        try Loopback.feed(&other, hello.record())
        _ = Loopback.output(&other)
        hello.shares = [.secp256r1]
        hello.cookie = [1, 2, 3]
        #expect(try Loopback.plainAlert(&other, hello.record()) == .illegalParameter)
    }

    // MARK: The second ClientHello

    @Test("a second ClientHello may only change what the RFC names", arguments: Change.allCases)
    func changedHello(change: Change) throws {
        var session = try retrying().makeServer()
        var hello = Hello(groups: [.x25519, .secp256r1])
        hello.sessionID = [1, 2, 3]
        hello.others = [(.padding, [0, 0]), (ExtensionType(rawValue: 0x3A3A), [1])]
        try Loopback.feed(&session, hello.record())
        _ = Loopback.output(&session)
        hello.shares = [.secp256r1]
        change.apply(to: &hello)
        let error = try Loopback.refusal(&session, hello.record())
        #expect(error?.alert == change.alert)
    }

    enum Change: CaseIterable {
        case nothing, padding, random, sessionID, suites, groups, schemes, otherExtension, newExtension, noExtension
        case sameShare, noShares, twoShares, foreignShare, earlyData, versions

        func apply(to hello: inout Hello) {
            switch self {
            case .nothing: break
            case .padding: hello.others[0].1 = [0, 0, 0, 0]
            case .random: hello.random[31] ^= 1
            case .sessionID: hello.sessionID[0] ^= 1
            case .suites: hello.cipherSuites.append(.aes256GCMSHA384)
            case .groups: hello.groups = [.secp256r1, .x25519]
            case .schemes: hello.schemes = [.ecdsaSECP256R1SHA256, .ed25519]
            case .otherExtension: hello.others[1].1 = [2]
            case .newExtension: hello.others.append((ExtensionType(rawValue: 0x4A4A), []))
            case .noExtension: hello.others.removeLast()
            case .sameShare: hello.shares = [.x25519]
            case .noShares: hello.shares = []
            case .twoShares: hello.shares = [.secp256r1, .x25519]
            case .foreignShare: hello.shares = [.secp384r1]
            case .earlyData: hello.others.append((.earlyData, []))
            case .versions: hello.versions = [.tls13, .tls12]
            }
        }

        var alert: AlertDescription? {
            switch self {
            case .nothing, .padding: nil
            default: .illegalParameter
            }
        }
    }

    @Test("the server expects a ClientHello and nothing else", arguments: [HandshakeType.finished, .keyUpdate])
    func otherMessage(type: HandshakeType) throws {
        var session = try retrying().makeServer()
        try Loopback.feed(&session, Hello(groups: [.x25519, .secp256r1]).record())
        _ = Loopback.output(&session)
        let message = WireBytes.message(type, [UInt8](repeating: 0, count: 32))
        #expect(Loopback.plainAlert(&session, WireBytes.record(.handshake, message)) == .unexpectedMessage)
    }

    // MARK: The client

    @Test("a second HelloRetryRequest is refused")
    func secondRetry() throws {
        let pair = retrying()
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        try Loopback.feed(&server, Loopback.output(&client))
        let retry = Loopback.output(&server)
        try Loopback.feed(&client, retry)
        _ = Loopback.output(&client)
        let error = Loopback.refusal(&client, WireBytes.records(retry)[0])
        #expect(error == .peerMisbehaved(.secondHelloRetryRequest))
        #expect(error?.alert == .unexpectedMessage)
    }

    @Test("HelloRetryRequests that a client refuses", arguments: BadRetry.allCases)
    func badRetry(bad: BadRetry) throws {
        var pair = Pair.tls13()
        pair.client.groups = [.x25519, .secp256r1]
        var client = try pair.makeClient()
        let record = Loopback.output(&client)
        let body = Array(record.dropFirst(9))
        let sessionID = try copyBytes(ClientHello(body.span).legacySessionID)
        let (extensions, suite) = bad.parts
        var hello: [UInt8] = [3, 3] + ServerHello.helloRetryRequestRandom
        hello += [UInt8(sessionID.count)] + (bad == .sessionID ? sessionID.reversed() : sessionID)
        hello += Hello.values([suite.rawValue]) + [bad == .compression ? 1 : 0]
        hello += WireBytes.extensions(extensions)
        let message = WireBytes.message(.serverHello, hello)
        #expect(Loopback.plainAlert(&client, WireBytes.record(.handshake, message)) == bad.alert)
    }

    enum BadRetry: CaseIterable {
        case sameGroup, foreignGroup, unknownGroup, nothing, unsolicited, misplaced, sessionID, suite, version
        case compression, emptyCookie, hugeCookie, noVersion

        var parts: ([(ExtensionType, [UInt8])], CipherSuite) {
            let version: (ExtensionType, [UInt8]) = (.supportedVersions, [3, 4])
            let group: (ExtensionType, [UInt8]) = (.keyShare, Hello.values([NamedGroup.secp256r1.rawValue]))
            let suite = CipherSuite.aes128GCMSHA256
            switch self {
            case .sameGroup: return ([version, (.keyShare, Hello.values([NamedGroup.x25519.rawValue]))], suite)
            case .foreignGroup: return ([version, (.keyShare, Hello.values([NamedGroup.secp384r1.rawValue]))], suite)
            case .unknownGroup: return ([version, (.keyShare, [0xAA, 0xAA])], suite)
            case .nothing: return ([version], suite)
            case .unsolicited: return ([version, group, (.earlyData, [])], suite)
            case .misplaced: return ([version, group, (.supportedGroups, [])], suite)
            case .sessionID, .compression: return ([version, group], suite)
            case .suite: return ([version, group], .ecdheECDSAWithAES128GCMSHA256)
            case .version: return ([(.supportedVersions, [3, 3]), group], suite)
            case .emptyCookie: return ([version, (.cookie, [0, 0])], suite)
            case .hugeCookie:
                let cookie = Hello.vector16([UInt8](repeating: 1, count: TLSLimits.cookieLength + 1))
                return ([version, (.cookie, cookie)], suite)
            case .noVersion: return ([group], suite)
            }
        }

        var alert: AlertDescription {
            switch self {
            case .unsolicited: .unsupportedExtension
            case .emptyCookie: .decodeError
            case .hugeCookie: .unexpectedMessage
            case .noVersion: .protocolVersion
            default: .illegalParameter
            }
        }
    }

    @Test("a HelloRetryRequest with nothing but a cookie keeps the key share")
    func cookieOnly() throws {
        let pair = Pair.tls13()
        var client = try pair.makeClient()
        let first = Array(Loopback.output(&client).dropFirst(5))
        let firstBody = Array(first.dropFirst(4))
        let sessionID = try copyBytes(ClientHello(firstBody.span).legacySessionID)
        var hello: [UInt8] = [3, 3] + ServerHello.helloRetryRequestRandom
        hello += [UInt8(sessionID.count)] + sessionID + Hello.values([CipherSuite.aes128GCMSHA256.rawValue]) + [0]
        let cookie: [UInt8] = [9, 8, 7]
        hello += WireBytes.extensions([(.supportedVersions, [3, 4]), (.cookie, Hello.vector16(cookie))])
        try Loopback.feed(&client, WireBytes.record(.handshake, WireBytes.message(.serverHello, hello)))
        let records = WireBytes.records(Loopback.output(&client))
        #expect(records.map(\.first) == [ContentType.changeCipherSpec.rawValue, ContentType.handshake.rawValue])
        let secondBody = Array(records[1].dropFirst(9))
        #expect(try copyBytes(ClientHello(secondBody.span).cookie) == cookie)
        let before = try copyBytes(ClientHello(firstBody.span).keyShares?.publicKey(for: .x25519))
        let after = try copyBytes(ClientHello(secondBody.span).keyShares?.publicKey(for: .x25519))
        #expect(before == after && before != nil)
    }

    @Test("a ServerHello must go on as its HelloRetryRequest began", arguments: AfterRetry.allCases)
    func afterRetry(change: AfterRetry) throws {
        let pair = retrying()
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        try Loopback.feed(&server, Loopback.output(&client))
        try Loopback.feed(&client, Loopback.output(&server))
        try Loopback.feed(&server, Loopback.output(&client))
        let body = Array(WireBytes.records(Loopback.output(&server))[0].dropFirst(9))
        let hello = try ServerHello(body.span)
        let (random, sessionID) = (copyBytes(hello.random), copyBytes(hello.legacySessionID))
        let share = copyBytes(hello.keyShare?.publicKey) ?? []
        var suite = CipherSuite.aes128GCMSHA256
        var extensions: [(ExtensionType, [UInt8])] = [(.supportedVersions, [3, 4])]
        var keyShare: [UInt8] = [0, 23] + Hello.vector16(share)
        switch change {
        case .nothing: break
        case .suite: suite = .chaCha20Poly1305SHA256
        case .hash: suite = .aes256GCMSHA384
        // The group of the first share, which the client has given up.
        case .group: keyShare = [0, 29] + Hello.vector16([UInt8](repeating: 9, count: 32))
        case .version:
            suite = .ecdheECDSAWithAES128GCMSHA256
            extensions = [(.renegotiationInfo, [0])]
        case .cookie: extensions.append((.cookie, [0, 1, 1]))
        }
        if change != .version { extensions.append((.keyShare, keyShare)) }
        var changed: [UInt8] = [3, 3] + random + [UInt8(sessionID.count)] + sessionID
        changed += Hello.values([suite.rawValue]) + [0] + WireBytes.extensions(extensions)
        let record = WireBytes.record(.handshake, WireBytes.message(.serverHello, changed))
        #expect(Loopback.refusal(&client, record)?.alert == change.alert)
    }

    enum AfterRetry: CaseIterable {
        case nothing, suite, hash, group, version, cookie

        var alert: AlertDescription? {
            switch self {
            case .nothing: nil
            case .cookie: .unsupportedExtension
            default: .illegalParameter
            }
        }
    }

    // MARK: Helpers

    private func retrying(cookie: Bool = false) -> Pair {
        var pair = Pair()
        pair.server.versions = .tls13 ... .tls13
        pair.server.cipherSuites = [.aes128GCMSHA256]
        pair.client.groups = [.x25519, .secp256r1]
        pair.server.groups = [.secp256r1]
        pair.server.sendsRetryCookie = cookie
        return pair
    }

    /// The cookie that a server gives to the hello of `Hello(groups: [.x25519, .secp256r1])`.
    private func cookie(of configuration: ServerConfiguration) throws -> [UInt8] {
        var session = ServerSession(configuration: configuration)
        try Loopback.feed(&session, Hello(groups: [.x25519, .secp256r1]).record())
        let body = Array(Loopback.output(&session).dropFirst(9))
        return try #require(try copyBytes(ServerHello(body.span).cookie))
    }
}
