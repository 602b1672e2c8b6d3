// SPDX-License-Identifier: Apache-2.0
import Foundation
import SafeTLS
import Testing

@testable import HTTPDCore

/// `SSLVHostSNIPolicy`: which virtual hosts may answer on a connection whose handshake another one has made.
@Suite struct ServerNamePolicyTests {
    private static let all: [ServerNamePolicy] = [.strict, .secure, .authonly, .insecure]

    /// The policies of hosts with the same certificate, each with lines of its own, separated by semicolons. `$CA` is a
    /// file with an authority, `$OTHER` another, `$DIRECTORY` has one in it.
    private func hosts(_ texts: String...) throws -> [ServerPolicy] {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: directory) }
        try Data(Fixture.certificate.utf8).write(to: directory.appendingPathComponent("authority.pem"))
        return try Fixture.withFile(Fixture.certificate) { authority in
            try Fixture.withFile(Fixture.certificate) { other in
                let main = try Fixture.settings { $0.setStrictServerName(false) }
                return try texts.map { text in
                    let host = ServerSettings()
                    for line in text.split(separator: ";") {
                        let words = line.split(separator: " ").map {
                            String($0).replacing("$CA", with: authority).replacing("$OTHER", with: other)
                                .replacing("$DIRECTORY", with: directory.path)
                        }
                        _ = try host.apply(ssl: words[0], Array(words.dropFirst()), at: SSLLine { $0 })
                    }
                    let settings = ServerSettings(outer: main, inner: host)
                    try settings.makePolicy(names: VirtualHostNames(exact: ["host.test"], patterns: []))
                    return try #require(settings.policy)
                }
            }
        }
    }

    private func allowing(_ one: ServerPolicy, _ other: ServerPolicy) -> [ServerNamePolicy] {
        Self.all.filter { $0.allows(one, other) }
    }

    @Test func everyPolicyAllowsTheHostItself() throws {
        let host = try hosts("SSLVerifyClient optional;SSLCACertificateFile $CA")[0]
        #expect(allowing(host, host) == Self.all)
    }

    /// Different hosts, though they say the same, are different to the strict policy only.
    @Test(arguments: [
        ("", ""), ("SSLProtocol all", "SSLProtocol -all +TLSv1.2 +TLSv1.3"), ("SSLVerifyDepth 1", ""),
        ("SSLVerifyClient none", ""), ("SSLHonorCipherOrder off", ""), ("SSLSessionTickets off", ""),
        ("SSLUserName SSL_CLIENT_S_DN_CN", ""),
        ("SSLVerifyClient require;SSLCACertificateFile $CA", "SSLCACertificateFile $CA;SSLVerifyClient require"),
    ])
    func equals(one: String, other: String) throws {
        let hosts = try hosts(one, other)
        #expect(allowing(hosts[0], hosts[1]) == [.secure, .authonly, .insecure])
    }

    /// What a handshake was made with, but not how clients prove who they are.
    @Test(arguments: [
        ("SSLProtocol TLSv1.3", ""), ("SSLCipherSuite HIGH:!AES128", "SSLCipherSuite HIGH"),
        ("SSLCipherSuite TLSv1.3 TLS_AES_128_GCM_SHA256", ""), ("SSLOpenSSLConfCmd Curves X25519", ""),
        ("SSLOpenSSLConfCmd MinProtocol TLSv1.3", ""), ("SSLOpenSSLConfCmd SignatureAlgorithms ECDSA+SHA256", ""),
        ("SSLOpenSSLConfCmd ClientSignatureAlgorithms ed25519", ""),
    ])
    func differentHandshakes(one: String, other: String) throws {
        let hosts = try hosts(one, other)
        #expect(allowing(hosts[0], hosts[1]) == [.authonly, .insecure])
        #expect(allowing(hosts[1], hosts[0]) == [.authonly, .insecure])
    }

    @Test(arguments: [
        ("SSLVerifyClient require;SSLCACertificateFile $CA", "SSLCACertificateFile $CA"),
        (
            "SSLVerifyClient require;SSLCACertificateFile $CA",
            "SSLVerifyClient optional;SSLCACertificateFile $CA"
        ),
        (
            "SSLVerifyClient require;SSLCACertificateFile $CA",
            "SSLVerifyClient require;SSLCACertificateFile $OTHER"
        ),
        ("SSLVerifyDepth 2", ""), ("SSLCADNRequestFile $CA", ""), ("SSLCADNRequestPath /nowhere", ""),
        ("SSLCARevocationFile $CA", ""), ("SSLCARevocationPath /nowhere", ""), ("SSLCARevocationCheck leaf", ""),
        ("SSLCARevocationCheck leaf", "SSLCARevocationCheck leaf no_crl_for_cert_ok"),
        ("SSLCACertificatePath $DIRECTORY", ""),
    ])
    func differentClients(one: String, other: String) throws {
        let hosts = try hosts(one, other)
        #expect(allowing(hosts[0], hosts[1]) == [.insecure])
        #expect(allowing(hosts[1], hosts[0]) == [.insecure])
    }

    /// A host without TLS of its own cannot ask clients: what others have asked has to be what it wants.
    @Test func clientsOfHostsWithoutTLS() throws {
        try Fixture.withFile(Fixture.certificate) { authority in
            func settings(_ verification: String?) throws -> ServerSettings {
                let host = ServerSettings()
                guard let verification else { return host }
                _ = try host.apply(ssl: "SSLVerifyClient", [verification], at: SSLLine { $0 })
                _ = try host.apply(ssl: "SSLCACertificateFile", [authority], at: SSLLine { $0 })
                return host
            }
            func policy(_ verification: String?) throws -> ServerPolicy {
                let server = try ServerSettings(outer: Fixture.settings(), inner: settings(verification))
                try server.makePolicy(names: VirtualHostNames(exact: ["host.test"], patterns: []))
                return try #require(server.policy)
            }
            let cases: [(host: String?, speaker: String?, isUnlike: Bool)] = [
                (nil, nil, false), (nil, "require", false), ("none", "require", false), ("require", nil, true),
                ("optional_no_ca", nil, true), ("require", "optional", true), ("require", "require", false),
                ("optional", "optional", false),
            ]
            for (host, speaker, isUnlike) in cases {
                let answer = try settings(host).asksClients(unlike: policy(speaker))
                #expect(answer == isUnlike, "\(host ?? "") by \(speaker ?? "")")
            }
        }
    }

    @Test func otherCertificates() throws {
        let policies = try (0..<2).map { _ in
            let settings = try Fixture.settings()
            try settings.makePolicy(names: VirtualHostNames(exact: ["host.test"], patterns: []))
            return try #require(settings.policy)
        }
        #expect(allowing(policies[0], policies[1]) == [.authonly, .insecure])
    }

    @Test(arguments: [
        ("strict", ServerNamePolicy.strict), ("secure", .secure), ("authonly", .authonly), ("insecure", .insecure),
    ])
    func words(word: String, policy: ServerNamePolicy) {
        #expect(ServerNamePolicy(rawValue: word) == policy)
    }

    /// Only `insecure` lets requests go between a host without TLS of its own and others; none lets one reach a host that
    /// insists on a name which the client has not said.
    @Test(arguments: all)
    func verdictsThatNoPolicyChanges(policy: ServerNamePolicy) throws {
        let hosts = try hosts("SSLEngine on", "SSLEngine on;SSLStrictSNIVHostCheck on")
        func verdict(_ connection: Int?, _ request: Int?, named: Bool) -> RequestVerdict {
            RequestVerdict(
                connection: connection.map { hosts[$0] },
                request: request.map { hosts[$0] },
                clientNamedServer: named,
                policy: policy
            )
        }
        let between = policy == .insecure ? RequestVerdict.proceed : .misdirected
        #expect(verdict(0, nil, named: true) == between && verdict(0, nil, named: false) == between)
        #expect(verdict(nil, 0, named: true) == between && verdict(nil, nil, named: true) == between)
        #expect(verdict(0, 1, named: false) == .forbidden)
        #expect(verdict(1, 0, named: false) == .forbidden)
        #expect(verdict(1, 1, named: false) == .forbidden)
        #expect(verdict(0, 0, named: false) == .proceed)
        #expect(verdict(1, 1, named: true) == .proceed)
    }
}
