// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto
import Testing

@testable import SafeTLS

/// A ClientHello with pre-shared keys of the tests' making (RFC 9846 §4.3.11).
struct OfferedPSK {
    var hello = Hello()
    var modes: [UInt8]? = [1]
    var identities: [[UInt8]] = []
    /// The session whose binders are computed; those of other identities are as wrong as can be.
    let session: ResumableSession

    /// Offers a session of a client configuration as it is.
    init(_ site: ResumptionTLS13Tests.Site, name: String = "server.example") throws {
        let cache = site.clientConfiguration.sessionCache
        let now = site.clientConfiguration.options.clock()
        session = try #require(cache.take(.dns(name), versions: .tls13 ... .tls13, at: now))
        identities = [session.ticket]
        hello.cipherSuites = [session.cipherSuite]
        hello.others = [(.serverName, Self.serverName(name))]
    }

    static func serverName(_ name: String) -> [UInt8] {
        Hello.vector16([0] + Hello.vector16(Array(name.utf8)))
    }

    /// The message; every binder is the one that fits the session.
    func message() throws -> [UInt8] {
        let algorithm = try #require(session.cipherSuite.hash)
        var hello = hello
        if let modes { hello.others.append((.pskKeyExchangeModes, [UInt8(modes.count)] + modes)) }
        let length = session.secret.count
        var list: [UInt8] = []
        var zeros: [UInt8] = []
        // The age of a ticket that came a moment ago.
        let age = (0..<4).map { UInt8(truncatingIfNeeded: session.ageAdd >> (24 - 8 * UInt32($0))) }
        for identity in identities {
            list += Hello.vector16(identity) + age
            zeros += [UInt8(length)] + [UInt8](repeating: 0, count: length)
        }
        let binders = Hello.vector16(zeros)
        hello.others.append((.preSharedKey, Hello.vector16(list) + binders))
        var message = try hello.message()
        let partial = message.count - binders.count
        var hash = try KeyedHash(algorithm)
        let early = try EarlySecret(preSharedKey: session.secret, cipherSuite: session.cipherSuite, &hash)
        let digest = try Transcript(algorithm).digest(adding: message.span.extracting(0..<partial))
        let binder = try early.binder(.resumption, digest, &hash)
        var position = partial + 2
        for _ in identities {
            for index in 0..<length { message[position + 1 + index] = binder.bytes[index] }
            position += 1 + length
        }
        return message
    }

    /// What a server of this configuration answers.
    func answer(_ configuration: ServerConfiguration) throws -> Answer {
        try Self.answer(configuration, message())
    }

    static func answer(_ configuration: ServerConfiguration, _ message: [UInt8]) throws -> Answer {
        var server = ServerSession(configuration: configuration)
        if let error = Loopback.refusal(&server, WireBytes.record(.handshake, message)) { return .refused(error) }
        let records = WireBytes.records(Loopback.output(&server))
        let first = try #require(records.first)
        let body = Array(first.dropFirst(9))
        let hello = try ServerHello(body.span)
        if hello.isHelloRetryRequest { return .retry }
        if let identity = hello.selectedIdentity { return .resumed(identity) }
        return .full
    }

    enum Answer: Equatable {
        case full, retry
        case resumed(UInt16)
        case refused(TLSError)
    }
}
