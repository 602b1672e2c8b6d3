// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Stapled OCSP responses and revocation lists, made by OpenSSL.
@Suite struct RevocationTests {
    /// An authority's files for one certificate: a response and a list.
    private struct Status {
        let response: URL
        let list: URL

        /// - Parameter isRevoked: Whether the authority has revoked the certificate of the key type.
        init(_ key: TestCertificates.KeyType, isRevoked: Bool) throws {
            let certificates = try TestCertificates.shared()
            let directory = try TemporaryDirectory.make("status")
            let identity = certificates.localhost(key)
            let serial = try ChildProcess.check(
                "openssl",
                ["x509", "-in", identity.certificate.path, "-noout", "-serial"]
            ).text.trimmingCharacters(in: .whitespacesAndNewlines).dropFirst("serial=".count)
            let revocation = isRevoked ? "R\t271231235959Z\t251001000000Z,keyCompromise" : "V\t271231235959Z\t"
            let index = directory.appendingPathComponent("index.txt")
            try Data("\(revocation)\t\(serial)\tunknown\t/O=SafeTLS tests/CN=localhost\n".utf8).write(to: index)
            response = directory.appendingPathComponent("response.der")
            list = directory.appendingPathComponent("list.pem")
            let authority = certificates.authority.path
            let authorityKey = certificates.file("ca.key").path
            try ChildProcess.check(
                "openssl",
                ["ocsp", "-index", index.path, "-CA", authority, "-rsigner", authority, "-rkey", authorityKey]
                    + ["-issuer", authority, "-cert", identity.certificate.path, "-respout", response.path]
                    + ["-ndays", "1", "-noverify"]
            )
            let configuration = """
                [ca]
                default_ca = authority
                [authority]
                database = \(index.path)
                default_md = sha256
                default_crl_days = 1
                """
            let file = directory.appendingPathComponent("ca.cnf")
            try Data(configuration.utf8).write(to: file)
            try ChildProcess.check(
                "openssl",
                [
                    "ca", "-gencrl", "-config", file.path, "-cert", authority, "-keyfile", authorityKey, "-out",
                    list.path,
                ]
            )
        }
    }

    private func identity() throws -> TestCertificates.Identity { try TestCertificates.shared().localhost(.ecdsaP256) }

    private func authority() throws -> [String] { ["--ca", try TestCertificates.shared().authority.path] }

    @Test(arguments: ["-tls1_2", "-tls1_3"]) func opensslReadsOurStaple(version: String) throws {
        let status = try Status(.ecdsaP256, isRevoked: false)
        let server = try startSafeTLS(identities: [identity()], ["--ocsp", status.response.path])
        let client = try startOpenSSLClient(server.port, [version, "-status"])
        try client.waitForText("Cert Status: good")
        try client.write("Q\n")
        #expect(try client.waitForExit().status == 0)
    }

    @Test(arguments: ["-tls1_2", "-tls1_3"], [false, true])
    func clientJudgesByTheStaple(version: String, isRevoked: Bool) throws {
        let status = try Status(.ecdsaP256, isRevoked: isRevoked)
        let server = try startOpenSSL(identity(), ["-rev", version, "-status_file", status.response.path])
        let outcome = try startSafeTLSClient(server.port, authority(), input: .none).waitForExit()
        if isRevoked {
            #expect(outcome.status == 1 && outcome.errors.contains("was revoked"), "\(outcome)")
            try server.child.waitForText("certificate revoked")
        } else {
            #expect(outcome.status == 0 && outcome.errors.contains("stapled"), "\(outcome)")
        }
    }

    @Test(arguments: [false, true]) func clientJudgesByRevocationLists(isRevoked: Bool) throws {
        let status = try Status(.ecdsaP256, isRevoked: isRevoked)
        let server = try startOpenSSL(identity(), ["-rev"])
        let client = try startSafeTLSClient(server.port, authority() + ["--crl", status.list.path], input: .none)
        let outcome = try client.waitForExit()
        #expect(outcome.status == (isRevoked ? 1 : 0), "\(outcome)")
        if isRevoked { #expect(outcome.errors.contains("was revoked"), "\(outcome)") }
    }
}
