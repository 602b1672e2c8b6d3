// SPDX-License-Identifier: Apache-2.0

import CBenchmarkPeer
import SafeTLS
import TLSCertificates

/// The longest list of one kind that a server can send to a client: the server is this library's, which has them encrypted
/// and signed as a hostile one would.
struct ServerListCase {
    let name: String
    /// Bytes of the list itself.
    let size: Int
    /// The certificates behind the server's own.
    var others: [[UInt8]] = []
    var authorities: [[UInt8]] = []
    var staple = CertificateStaple()

    static var all: [ServerListCase] { get throws { try requests + certificates + staples } }

    /// Nothing out of the ordinary.
    static let ordinary = ServerListCase(name: "", size: 0)

    // MARK: CertificateRequest

    private static var requests: [ServerListCase] {
        let attribute = { (number: Int) in
            CertificateBytes.element(
                0x31,
                CertificateBytes.sequence([6, 3, 0x55, 4, 3], [0x0C, 2] + ClientBytes.number(number))
            )
        }
        let short = (0..<3_800).map { CertificateBytes.sequence(attribute($0)) }
        let long = (0..<16).map { _ in CertificateBytes.sequence((0..<280).flatMap(attribute)) }
        return [
            ("empty names", [[UInt8]](repeating: [0x30, 0], count: 16_200)), ("short names", short),
            ("names of many attributes", long),
        ].map { name, names in
            ServerListCase(
                name: "CertificateRequest, \(name)",
                size: names.reduce(0) { $0 + 2 + $1.count },
                authorities: names
            )
        }
    }

    // MARK: Certificate

    private static var certificates: [ServerListCase] {
        let small = CertificateBytes.certificate(extensions: CertificateBytes.alternativeNames([0x82, 1, 0x61]))
        let medium = CertificateBytes.certificate(extensions: CertificateBytes.longExtension(1_000))
        func names(_ name: [UInt8], _ count: Int) -> [UInt8] {
            CertificateBytes.certificate(
                extensions: CertificateBytes.alternativeNames(ClientBytes.list(count) { _ in name })
            )
        }
        return [
            ("99 certificates", [[UInt8]](repeating: medium, count: 98)),
            ("small certificates", [[UInt8]](repeating: small, count: 98)),
            (
                "certificates with 320 short names each",
                [[UInt8]](repeating: names([0x82, 1, 0x61], 320), count: 98)
            ),
            ("8192 short names in subjectAltName", [names([0x82, 1, 0x61], 8192)]),
            ("8192 directory names in subjectAltName", [names([0xA4, 2, 0x30, 0], 8192)]),
            ("attributes of a subject", [CertificateBytes.certificate(subjectAttributes: 11_000)]),
        ].map { name, others in
            ServerListCase(
                name: "Certificate, \(name)",
                size: others.reduce(0) { $0 + 3 + $1.count },
                others: others
            )
        }
    }

    // MARK: What is stapled

    private static var staples: [ServerListCase] {
        get throws {
            let responses = ClientBytes.list(390) { number in
                CertificateBytes.sequence(
                    CertificateBytes.sequence(
                        CertificateBytes.sequence([6, 5, 0x2B, 0x0E, 3, 2, 0x1A]),
                        CertificateBytes.element(4, [UInt8](repeating: 7, count: 20)),
                        CertificateBytes.element(4, [UInt8](repeating: 8, count: 20)),
                        [2, 2] + ClientBytes.number(0x100 + number)
                    ),
                    [0x80, 0],
                    time
                )
            }
            let certificates = ClientBytes.list(110) { _ in CertificateBytes.certificate() }
            let timestamps = ClientBytes.vector16(ClientBytes.list(21_000) { [0, 1, UInt8($0 & 0xFF)] })
            return [
                ServerListCase(
                    name: "OCSP response, responses",
                    size: responses.count,
                    staple: CertificateStaple(ocspResponse: ocsp(responses: responses))
                ),
                ServerListCase(
                    name: "OCSP response, certificates",
                    size: certificates.count,
                    staple: CertificateStaple(ocspResponse: ocsp(certificates: certificates))
                ),
                ServerListCase(
                    name: "certificate timestamps",
                    size: timestamps.count,
                    staple: CertificateStaple(signedCertificateTimestamps: timestamps)
                ),
            ]
        }
    }

    private static let time = CertificateBytes.element(0x18, Array("20260101000000Z".utf8))

    /// An OCSPResponse (RFC 6960 §4.2.1) that nobody has signed.
    private static func ocsp(responses: [UInt8] = [], certificates: [UInt8] = []) -> [UInt8] {
        let responder = CertificateBytes.element(
            0xA1,
            CertificateBytes.sequence(
                CertificateBytes.element(0x31, CertificateBytes.sequence([6, 3, 0x55, 4, 3], [0x0C, 0]))
            )
        )
        let basic = CertificateBytes.sequence(
            CertificateBytes.sequence(responder, time, CertificateBytes.sequence(responses)),
            CertificateBytes.sequence([6, 8, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 4, 3, 2]),
            CertificateBytes.element(3, [0] + [UInt8](repeating: 0x22, count: 64)),
            certificates.isEmpty ? [] : CertificateBytes.element(0xA0, CertificateBytes.sequence(certificates))
        )
        return CertificateBytes.sequence(
            [0x0A, 1, 0],
            CertificateBytes.element(
                0xA0,
                CertificateBytes.sequence(
                    [6, 9, 0x2B, 6, 1, 5, 5, 7, 0x30, 1, 1],
                    CertificateBytes.element(4, basic)
                )
            )
        )
    }
}

extension ListReport {
    /// What the lists of servers cost a client that has a certificate and wants everything stapled; whether that is within
    /// the limits.
    static func runOnClient() throws -> Bool {
        var isWithinLimits = true
        for version in [ProtocolVersion.tls13, .tls12] {
            let (ordinary, flight) = try cost(.ordinary, version)
            for list in try ServerListCase.all {
                let (cost, bytes) = try cost(list, version)
                let name = "\(version == .tls13 ? "TLS 1.3" : "TLS 1.2") \(list.name), to a client"
                isWithinLimits =
                    show(name, list.size, cost, besides: ordinary, message: bytes - flight) && isWithinLimits
            }
        }
        return isWithinLimits
    }

    private static func cost(_ list: ServerListCase, _ version: ProtocolVersion) throws -> (Cost, flight: Int) {
        let chain = try SafeTLSPeer.identity(.p256, bench_pem_chain)
        let key = try SafeTLSPeer.identity(.p256, bench_pem_key)
        let anchor = try SafeTLSPeer.identity(.p256, bench_pem_anchor)
        let anchors = TrustAnchors(try Certificate.certificates(fromPEM: anchor.span))
        let credential = try Credential(certificateChainPEM: chain.span, privateKeyPEM: key.span)
        let server = try credential.replacingIssuers(
            by: credential.certificateChain.dropFirst() + list.others.map { try Certificate(der: $0) }
        )
        try server.setStaple(list.staple)
        var serverOptions = ServerOptions()
        serverOptions.versions = version...version
        if !list.authorities.isEmpty {
            var authentication = ClientAuthentication(.optional, trustAnchors: anchors)
            authentication.authorityNames = .names(try list.authorities.map { try DistinguishedName(der: $0) })
            serverOptions.clientAuthentication = authentication
        }
        let serverConfiguration = try ServerConfiguration(credentials: [server], options: serverOptions)
        var options = ClientOptions()
        options.versions = version...version
        options.credentials = [credential]
        options.requestsOCSPResponse = true
        options.requestsSignedCertificateTimestamps = true
        options.sessionCacheCapacity = 0
        let configuration = try ClientConfiguration(trustAnchors: anchors, options: options)
        guard let name = ServerName("bench.test") else { throw BenchmarkFailure("the server name is refused") }

        var cost = Cost()
        var flight = 0
        for _ in 0..<repetitions {
            var session = try ClientSession(configuration: configuration, serverName: name)
            var peer = ServerSession(configuration: serverConfiguration)
            var hello = takeOutput(&session)
            _ = take(&hello, &peer)
            var answer = takeOutput(&peer)
            flight = answer.count
            let before = bench_read_meters().nanoseconds
            bench_watch_heap()
            cost.outcome = take(&answer, &session)
            let bytes = bench_stop_watching_heap()
            let after = bench_read_meters().nanoseconds
            cost.nanoseconds = min(cost.nanoseconds, after - before)
            cost.bytes = max(cost.bytes, bytes)
        }
        return (cost, flight)
    }

    private static func takeOutput<Session: TLSSession & ~Copyable>(_ session: inout Session) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(session.pendingOutputCount)
        do {
            let output = session.pendingOutput
            for index in output.indices { bytes.append(output[index]) }
        }
        session.discardOutput(bytes.count)
        return bytes
    }

    /// Has a session take all of some bytes; gives what came of it.
    private static func take<Session: TLSSession & ~Copyable>(
        _ buffer: inout [UInt8],
        _ session: inout Session
    ) -> String {
        do throws(TLSError) {
            var consumed = 0
            while consumed < buffer.count {
                var span = buffer.mutableSpan
                var rest = span._mutatingExtracting(consumed..<span.count)
                let received = try session.receive(&rest)
                consumed += received.consumed
                if received.consumed == 0 { break }
            }
            return "taken"
        } catch {
            return "\(error)"
        }
    }
}
