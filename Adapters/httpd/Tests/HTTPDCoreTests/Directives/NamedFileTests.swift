// SPDX-License-Identifier: Apache-2.0
import Foundation
import SafeTLS
import Testing

@testable import HTTPDCore

/// The files that directives name, looked at whether or not anything uses them.
@Suite struct NamedFileTests {
    private func problem(_ directive: String, _ text: String) throws -> String? {
        try Fixture.withFile(text) { path in
            let file = try #require(NamedFile(directive: directive, path: path, argument: path, place: "line 1 of x"))
            return file.problem.map { $0.replacing(path, with: "FILE") }
        }
    }

    @Test(arguments: [
        "SSLCACertificateFile", "SSLCADNRequestFile", "SSLOCSPResponderCertificateFile", "SSLProxyCACertificateFile",
        "SSLProxyMachineCertificateChainFile", "TLSClientCA", "tlsproxyca", "SSLCertificateChainFile",
    ])
    func certificates(directive: String) throws {
        #expect(try problem(directive, Fixture.certificate) == nil)
        #expect(try problem(directive, "nonsense")?.hasPrefix("FILE: ") == true)
    }

    @Test(arguments: ["SSLCARevocationFile", "SSLProxyCARevocationFile", "TLSClientCRL"])
    func lists(directive: String) throws {
        #expect(try problem(directive, Fixture.certificate)?.hasPrefix("FILE: ") == true)
    }

    @Test(arguments: ["SSLSessionTicketKeyFile", "TLSTicketKeys"])
    func secrets(directive: String) throws {
        #expect(try problem(directive, String(repeating: "x", count: 48)) == nil)
        #expect(try problem(directive, "short") != nil)
    }

    @Test(arguments: ["SSLCACertificatePath", "SSLCADNRequestPath", "SSLProxyCACertificatePath", "SSLCARevocationPath"])
    func directories(directive: String) throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: directory) }
        let path = directory.path
        let file = try #require(NamedFile(directive: directive, path: path, argument: path, place: ""))
        #expect(file.isDirectory && file.problem?.hasPrefix(path) == true)
        guard directive.contains("CertificatePath") else { return }
        try Data(Fixture.certificate.utf8).write(to: directory.appendingPathComponent("a.pem"))
        #expect(file.problem == nil)
    }

    @Test func whatNamesNoFile() {
        #expect(NamedFile(directive: "SSLProtocol", path: "/all", argument: "all", place: "") == nil)
        #expect(NamedFile(directive: "TLSProxyCA", path: "/default", argument: "Default", place: "") == nil)
    }
}
