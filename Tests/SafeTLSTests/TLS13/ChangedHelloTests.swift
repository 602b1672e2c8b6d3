// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto
import Testing

@testable import SafeTLS

/// A second ClientHello that is another than the first (RFC 9846 §4.2.2).
@Suite("Second ClientHello")
struct ChangedHelloTests {
    enum Change: CaseIterable {
        case nothing, noPreSharedKey, serverName, noServerName, applicationProtocol, moreApplicationProtocols
        case noApplicationProtocol, anotherExtension
    }

    private static let name = OfferedPSK.serverName("server.example")
    private static let protocols: [UInt8] = Hello.vector16([2, 0x68, 0x32])

    private static func second(
        _ change: Change,
        _ offered: OfferedPSK
    ) throws -> [UInt8] {
        var offered = offered
        var name: [UInt8]? = Self.name
        var protocols: [UInt8]? = Self.protocols
        switch change {
        case .nothing, .noPreSharedKey: break
        case .serverName: name = OfferedPSK.serverName("other.example")
        case .noServerName: name = nil
        case .applicationProtocol: protocols = Hello.vector16([2, 0x68, 0x33])
        case .moreApplicationProtocols: protocols = Hello.vector16([2, 0x68, 0x32, 1, 0x78])
        case .noApplicationProtocol: protocols = nil
        case .anotherExtension: break
        }
        offered.hello.others = []
        if let name { offered.hello.others.append((.serverName, name)) }
        if let protocols { offered.hello.others.append((.applicationLayerProtocolNegotiation, protocols)) }
        if change == .anotherExtension { offered.hello.others.append((ExtensionType(rawValue: 0x4A4A), [])) }
        offered.hello.shares = [.secp256r1]
        guard change == .noPreSharedKey else { return try offered.message() }
        offered.hello.others.append((.pskKeyExchangeModes, [1, 1]))
        return try offered.hello.message()
    }

    @Test("is refused", arguments: Change.allCases)
    func changed(change: Change) throws {
        let site = try ResumptionTLS13Tests.Site { pair in
            pair.server.groups = [.secp256r1]
            pair.server.applicationProtocols = ["h2"]
        }
        _ = try site.connect()
        var offered = try OfferedPSK(site)
        offered.hello.groups = [.x25519, .secp256r1]
        offered.hello.others = [
            (.serverName, Self.name), (.applicationLayerProtocolNegotiation, Self.protocols),
        ]
        var server = ServerSession(configuration: site.server)
        let first = try offered.message()
        try Loopback.feed(&server, WireBytes.record(.handshake, first))
        let retry = try #require(WireBytes.records(Loopback.output(&server)).first)
        let body = Array(retry.dropFirst(9))
        let isRetry = try ServerHello(body.span).isHelloRetryRequest
        #expect(isRetry)
        let error = Loopback.refusal(&server, WireBytes.record(.handshake, try Self.second(change, offered)))
        switch change {
        case .nothing:
            // The binders of this hello cover the first one only; that nothing else was found is what counts.
            #expect(error == .peerMisbehaved(.badBinder))
        case .noPreSharedKey:
            let what = "a second ClientHello without the pre-shared key of the first"
            #expect(error == .peerMisbehaved(.illegalParameter(what)))
        default:
            #expect(error == .peerMisbehaved(.illegalParameter("a second ClientHello that differs from the first")))
        }
    }
}

/// A client's Certificate with an extension that the server's request does not ask for (RFC 9846 §4.5.1).
@Suite("Extensions of a client's certificates")
struct UnaskedExtensionTests {
    @Test(
        "end the handshake",
        arguments: [
            (ExtensionType(rawValue: 0x4A4A), [], .unsupportedExtension),
            (.statusRequest, [1, 0, 0, 1, 0x30], .unsupportedExtension),
            (.signedCertificateTimestamp, [0, 3, 0, 1, 7], .unsupportedExtension),
            (.serverName, [], .illegalParameter),
        ] as [(ExtensionType, [UInt8], AlertDescription)]
    )
    func unasked(type: ExtensionType, body: [UInt8], alert: AlertDescription) throws {
        for isExtended in [false, true] {
            var pair = Pair.tls13()
            let log = SecretLog()
            pair.server.keyLog = log
            pair.server.clientAuthentication = ClientAuthentication(.required, trustAnchors: TestCredentials.anchors)
            var client = try pair.makeClient()
            var server = try pair.makeServer()
            try Loopback.feed(&server, Loopback.output(&client))
            _ = Loopback.output(&server)
            let der = try TestCredentials.named("p256").certificateChain[0].der
            let extensions = WireBytes.extensions(isExtended ? [(type, body)] : [])
            let length = der.count + 3 + extensions.count
            var message: [UInt8] = [0, 0, UInt8(length >> 8), UInt8(length & 0xFF)]
            message += [0, UInt8(der.count >> 8), UInt8(der.count & 0xFF)] + der + extensions
            let forger = try Forger(log, .clientHandshake)
            let error = try Loopback.refusal(&server, forger.seal(WireBytes.message(.certificate, message)))
            #expect(error?.alert == (isExtended ? alert : nil))
        }
    }
}
