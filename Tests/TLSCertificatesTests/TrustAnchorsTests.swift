// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import TLSCertificates

@Suite struct TrustAnchorsTests {
    private func withFile<Result>(_ contents: String, _ body: (String) throws -> Result) throws -> Result {
        let path = FileManager.default.temporaryDirectory.path + "/\(UUID().uuidString).pem"
        try contents.write(toFile: path, atomically: false, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try body(path)
    }

    @Test func aBundleIsRead() throws {
        let text = "# Roots\n" + Samples.ed25519 + "# The same again\n" + Samples.ed25519 + Samples.selfSigned
        let anchors = try withFile(text) { try TrustAnchors(pemFile: $0) }
        #expect(anchors.count == 3)
        let sample = Array(Samples.selfSigned.utf8)
        let certificate = try Certificate.certificates(fromPEM: sample.span)[0]
        #expect(anchors.contains(certificate))
        #expect(anchors.anchors(named: certificate.subject) == [certificate])
        #expect(anchors.anchors(named: try DistinguishedName(der: [0x30, 0])).isEmpty)
    }

    @Test func errorsNameTheFile() throws {
        let missing = #expect(throws: CertificateError.self) { try TrustAnchors(pemFile: "/nonexistent/ca.pem") }
        #expect(missing?.reason == "/nonexistent/ca.pem: the file cannot be read: No such file or directory")
        try withFile("no certificate here") { path in
            let empty = #expect(throws: CertificateError.self) { try TrustAnchors(pemFile: path) }
            #expect(empty?.reason == "\(path): the PEM text contains no CERTIFICATE block")
        }
    }

    @Test func theFirstBundleWithCertificatesCounts() throws {
        let broken = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"
        // Of a system's store, a certificate that cannot be read is passed over.
        try withFile(broken + Samples.selfSigned) { bundle in
            try withFile(broken) { useless in
                let anchors = try TrustAnchors.stored(
                    inBundles: ["/nonexistent", useless, bundle],
                    directory: "/nonexistent"
                )
                #expect(anchors.count == 1)
            }
        }
        let error = #expect(throws: CertificateError.self) {
            try TrustAnchors.stored(inBundles: ["/nonexistent/a"], directory: "/nonexistent/b")
        }
        #expect(
            error?.reason == "the system's CA certificates are in none of these places: /nonexistent/a, /nonexistent/b"
        )
    }

    @Test func aDirectoryIsReadWithoutABundle() throws {
        let directory = FileManager.default.temporaryDirectory.path + "/" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: directory + "/deeper", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        for (name, text) in [("a.pem", Samples.selfSigned), ("b.0", Samples.ecdsa), ("c.txt", "nothing")] {
            try text.write(toFile: directory + "/" + name, atomically: false, encoding: .utf8)
        }
        #expect(try TrustAnchors.stored(inBundles: [], directory: directory).count == 4)
    }

    @Test func theSystemsAnchorsAreAuthorities() throws {
        // Every system that builds this has the package of CA certificates: its own downloads need them.
        let anchors = try TrustAnchors.system()
        #expect(anchors.count > 50)
        for anchor in anchors.certificates {
            let rules = CertificateRules(purpose: .serverAuthentication, time: anchor.notAfter)
            let objection = rules.objection(toIssuer: anchor, authoritiesBelow: 0, isAnchor: true)
            #expect(objection == nil, "\(anchor)")
            #expect(throws: Never.self, "\(anchor)") { try anchor.publicKey() }
        }
    }
}
