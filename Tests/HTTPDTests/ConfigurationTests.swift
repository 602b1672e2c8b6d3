// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Mistakes that `apachectl configtest` must find, and name so that they can be mended.
@Suite struct ConfigurationTests {
    struct Mistake: Sendable, CustomTestStringConvertible {
        var testDescription: String
        /// The directives of the only virtual host.
        var directives: @Sendable (TestCertificates) -> [String]
        /// What one line of the complaint must contain.
        var words: @Sendable (TestCertificates) -> [String]
    }

    static let mistakes = [
        Mistake(
            testDescription: "missing certificate file",
            directives: { _ in ["TLSCertificate /nowhere/server.pem /nowhere/server.key"] },
            words: { _ in ["TLSCertificate", "/nowhere/server.pem"] }
        ),
        Mistake(
            testDescription: "missing key file",
            directives: { ["TLSCertificate \"\($0.localhost(.ecdsaP256).certificate.path)\" /nowhere/server.key"] },
            words: { _ in ["TLSCertificate", "/nowhere/server.key"] }
        ),
        Mistake(
            testDescription: "key of another certificate",
            directives: {
                let (mine, other) = ($0.localhost(.ecdsaP256).certificate.path, $0.localhost(.ecdsaP384).key.path)
                return ["TLSCertificate \"\(mine)\" \"\(other)\""]
            },
            words: { ["TLSCertificate", $0.localhost(.ecdsaP384).key.path] }
        ),
        Mistake(
            testDescription: "key file without a key",
            directives: {
                let certificate = $0.localhost(.ecdsaP256).certificate.path
                return ["TLSCertificate \"\(certificate)\" \"\($0.authority.path)\""]
            },
            words: { ["TLSCertificate", $0.authority.path] }
        ),
        Mistake(
            testDescription: "unknown cipher suite",
            directives: {
                [HTTPServer.certificateDirective($0.localhost(.rsa)), "TLSCiphersPrefer TLS_MADE_UP_SHA256"]
            },
            words: { _ in ["TLSCiphersPrefer", "TLS_MADE_UP_SHA256"] }
        ),
        Mistake(
            testDescription: "unknown protocol",
            directives: { [HTTPServer.certificateDirective($0.localhost(.rsa)), "TLSProtocol v1.9"] },
            words: { _ in ["TLSProtocol", "v1.9"] }
        ),
        Mistake(
            testDescription: "early data with tickets of other servers",
            directives: {
                [
                    HTTPServer.certificateDirective($0.localhost(.rsa)), "TLSEarlyData on",
                    "TLSTicketKeys \"\($0.authority.path)\"",
                ]
            },
            words: { _ in ["TLSEarlyData", "TLSTicketKeys"] }
        ),
        Mistake(
            testDescription: "no certificate",
            directives: { _ in [] },
            words: { _ in ["TLSCertificate", "localhost"] }
        ),
    ]

    private func test(_ directives: [String]) throws -> ChildProcess.Outcome {
        let root = try HTTPServer.makeRoot()
        let port = try LoopbackPort.free()
        let hosts = """
            TLSEngine 127.0.0.1:\(port)
            <VirtualHost 127.0.0.1:\(port)>
                ServerName localhost
                \(directives.joined(separator: "\n    "))
            </VirtualHost>
            """
        let file = root.appendingPathComponent("httpd.conf")
        try Data(HTTPServer.configuration(.event, root: root, port: port, hosts: hosts).utf8).write(to: file)
        return try ChildProcess.run("/usr/sbin/apache2", ["-t", "-d", root.path, "-f", file.path])
    }

    @Test(arguments: mistakes) func mistakeIsNamed(_ mistake: Mistake) throws {
        let certificates = try TestCertificates.shared()
        let outcome = try test(mistake.directives(certificates))
        #expect(outcome.status != 0)
        let words = mistake.words(certificates)
        let lines = (outcome.text + outcome.errors).split(separator: "\n").filter { line in
            words.allSatisfy { line.contains($0) }
        }
        #expect(lines.count == 1, "\(outcome)")
    }

    @Test func soundConfigurationPasses() throws {
        let certificates = try TestCertificates.shared()
        let outcome = try test([
            HTTPServer.certificateDirective(certificates.localhost(.ecdsaP256)),
            HTTPServer.certificateDirective(certificates.withIntermediate),
            "TLSProtocol v1.3+", "TLSHonorClientOrder off", "TLSStrictSNI on",
            "TLSCiphersPrefer TLS_CHACHA20_POLY1305_SHA256",
            "TLSCiphersSuppress ECDHE-RSA-AES128-GCM-SHA256",
        ])
        #expect(outcome.status == 0 && outcome.errors.contains("Syntax OK"), "\(outcome)")
    }

    /// Only a process that may read the key, as root may, can start: the children need not.
    @Test func keyIsReadBeforeTheChildrenStart() throws {
        let certificates = try TestCertificates.shared()
        let identity = certificates.localhost(.ecdsaP256)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: identity.key.path)
        let server = try HTTPServer()
        #expect(try curl([server.url]).text == "This is localhost.\n")
    }
}
