// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto
import Testing

@testable import SafeTLS

/// A certificate that says that a response is always stapled to it (RFC 7633 §4.2.3.1).
@Suite("Must-staple")
struct MustStapleTests {
    private static func failure(
        _ version: ProtocolVersion,
        _ staple: CertificateStaple?,
        requestsResponse: Bool
    ) throws -> TLSError? {
        var pair = Pair()
        pair.restrict(to: version)
        pair.credentials = ["must-staple"]
        pair.client.requestsOCSPResponse = requestsResponse
        let configuration = try pair.serverConfiguration()
        if let staple { try configuration.credentials[0].setStaple(staple) }
        let anchors = try TrustAnchors(pemFile: "\(TestCredentials.directory)/must-staple-ca.pem")
        let trusting = try ClientConfiguration(trustAnchors: anchors, options: pair.client)
        var client = try ClientSession(configuration: trusting, serverName: .dns("server.example"))
        var server = ServerSession(configuration: configuration)
        do throws(TLSError) {
            try Loopback.run(&client, &server)
        } catch {
            return error
        }
        return nil
    }

    @Test("without a response the certificate is refused", arguments: [ProtocolVersion.tls12, .tls13])
    func none(version: ProtocolVersion) throws {
        let error = try Self.failure(version, nil, requestsResponse: true)
        guard case .certificateRejected(let rejection) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(rejection.reason == .noStatusResponse)
        #expect(error?.alert == .badCertificateStatusResponse)
    }

    @Test("a client that asks for none cannot expect one", arguments: [ProtocolVersion.tls12, .tls13])
    func notAsked(version: ProtocolVersion) throws {
        #expect(try Self.failure(version, nil, requestsResponse: false) == nil)
    }

    @Test("and one that is no response does not count", arguments: [ProtocolVersion.tls12, .tls13])
    func broken(version: ProtocolVersion) throws {
        let error = try Self.failure(version, CertificateStaple(ocspResponse: [0x30, 0]), requestsResponse: true)
        #expect(error?.alert == .badCertificateStatusResponse)
    }
}
