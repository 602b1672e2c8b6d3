// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto
import Testing

@testable import SafeTLS

/// What is sent together with a certificate, and to whom (RFC 6066 §8, RFC 9846 §4.5.1.1, RFC 6962 §3.3).
@Suite("Staples")
struct StapleTests {
    private static let response: [UInt8] = [0x30, 3, 2, 1, 0]
    private static let timestamps: [UInt8] = [0, 5, 0, 3, 7, 8, 9]

    private struct Outcome {
        var response: [UInt8]?
        var timestamps: [UInt8]?
        var error: TLSError?
    }

    /// Connects with a driver that takes any chain, or with the built-in verdict.
    private func connect(
        _ version: ProtocolVersion,
        _ staple: CertificateStaple,
        isDeferred: Bool = true,
        _ adjust: (inout Pair) -> Void = { _ in }
    ) throws -> Outcome {
        var pair = Pair()
        pair.restrict(to: version)
        adjust(&pair)
        let configuration = try pair.serverConfiguration()
        try configuration.credentials[0].setStaple(staple)
        var client = try pair.makeClient(deferring: isDeferred ? .verification : [])
        var server = ServerSession(configuration: configuration)
        var outcome = Outcome()
        do throws(TLSError) {
            var waiting: [UInt8] = []
            for _ in 0..<4 {
                try Loopback.feed(&server, Loopback.output(&client))
                try Loopback.feed(&client, Loopback.output(&server), keeping: &waiting)
                if case .verifyPeer(let request) = client.request {
                    outcome.response = request.ocspResponse
                    outcome.timestamps = request.signedCertificateTimestamps
                    try client.answer(verification: .accepted(path: request.certificateChain))
                    try Loopback.feed(&client, [], keeping: &waiting)
                }
            }
            let (response, timestamps) = (client.ocspResponse, client.signedCertificateTimestamps)
            #expect(response == outcome.response || !isDeferred)
            #expect(timestamps == outcome.timestamps || !isDeferred)
        } catch {
            outcome.error = error
        }
        return outcome
    }

    @Test("Clients get what they ask for", arguments: [ProtocolVersion.tls12, .tls13])
    func delivery(version: ProtocolVersion) throws {
        let staple = CertificateStaple(ocspResponse: Self.response, signedCertificateTimestamps: Self.timestamps)
        let both = try connect(version, staple) { $0.client.requestsSignedCertificateTimestamps = true }
        #expect(both.response == Self.response && both.timestamps == Self.timestamps && both.error == nil)
        let one = try connect(version, staple)
        #expect(one.response == Self.response && one.timestamps == nil && one.error == nil)
        let none = try connect(version, staple) { $0.client.requestsOCSPResponse = false }
        #expect(none.response == nil && none.timestamps == nil && none.error == nil)
        let nothing = try connect(version, CertificateStaple())
        #expect(nothing.response == nil && nothing.error == nil)
    }

    @Test("A response whose time is over is not sent", arguments: [ProtocolVersion.tls12, .tls13])
    func expiry(version: ProtocolVersion) throws {
        var staple = CertificateStaple(ocspResponse: Self.response, ocspExpiry: TestCredentials.now + 1)
        #expect(try connect(version, staple).response == Self.response)
        staple.ocspExpiry = TestCredentials.now
        #expect(try connect(version, staple).response == nil)
    }

    @Test("The built-in verdict refuses what is no response", arguments: [ProtocolVersion.tls12, .tls13])
    func malformed(version: ProtocolVersion) throws {
        let outcome = try connect(version, CertificateStaple(ocspResponse: Self.response), isDeferred: false)
        guard case .certificateRejected(let rejection) = outcome.error else {
            Issue.record("\(outcome)")
            return
        }
        #expect(outcome.error?.alert == .badCertificateStatusResponse)
        guard case .badStatusResponse = rejection.reason else {
            Issue.record("\(rejection)")
            return
        }
    }

    @Test("A client may insist on a response", arguments: [ProtocolVersion.tls12, .tls13])
    func required(version: ProtocolVersion) throws {
        let outcome = try connect(version, CertificateStaple(), isDeferred: false) {
            $0.client.requiresOCSPResponse = true
        }
        #expect(outcome.error?.alert == .badCertificateStatusResponse)
        #expect(throws: ConfigurationError.self) {
            try connect(version, CertificateStaple()) { pair in
                pair.client.requiresOCSPResponse = true
                pair.client.requestsOCSPResponse = false
            }
        }
    }

    @Test("Mistakes are told when a staple is set")
    func mistakes() throws {
        let credential = try TestCredentials.named("p256")
        let staples = [
            CertificateStaple(ocspResponse: []),
            CertificateStaple(ocspResponse: [UInt8](repeating: 0, count: TLSLimits.ocspResponseLength + 1)),
            CertificateStaple(signedCertificateTimestamps: []), CertificateStaple(signedCertificateTimestamps: [0, 0]),
            CertificateStaple(signedCertificateTimestamps: [0, 2, 0, 0]),
            CertificateStaple(signedCertificateTimestamps: [0, 3, 0, 1, 7, 7]),
        ]
        for staple in staples { #expect(throws: ConfigurationError.self) { try credential.setStaple(staple) } }
        #expect(credential.staple == CertificateStaple())
    }
}
