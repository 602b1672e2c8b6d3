// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import SafeTLS

@Suite("Server options that cannot work")
struct ServerOptionsTests {
    private func reason(_ credentials: [String], _ change: (inout ServerOptions) -> Void) throws -> String? {
        let credentials = try credentials.map(TestCredentials.named)
        var options = ServerOptions()
        change(&options)
        do throws(ConfigurationError) {
            _ = try ServerConfiguration(credentials: credentials, options: options)
            return nil
        } catch {
            return error.reason
        }
    }

    @Test("no certificate") func certificates() throws {
        #expect(try reason([]) { _ in } == "a server needs at least one certificate")
        #expect(try reason(["p256", "rsa2048"]) { _ in } == nil)
    }

    @Test("a version without a signature scheme")
    func schemesByVersion() throws {
        // RFC 9846 §4.3.3: RSASSA-PKCS1-v1_5 signs no handshake of TLS 1.3.
        let mixed = try reason(["rsa2048"]) { $0.signatureSchemes = [.rsaPKCS1SHA256] }
        #expect(mixed?.hasPrefix("TLSv1.3 is enabled") ?? false)
        let alone = try reason(["rsa2048"]) {
            $0.signatureSchemes = [.rsaPKCS1SHA256]
            $0.versions = .tls12 ... .tls12
        }
        #expect(alone == nil)
        let other = try reason(["rsa2048", "p256"]) {
            $0.signatureSchemes = [.rsaPKCS1SHA256, .ecdsaSECP256R1SHA256]
        }
        #expect(other == nil)
    }

    @Test("a certificate that no scheme fits")
    func schemesByCertificate() throws {
        let error = try reason(["p256", "rsa2048"]) { $0.signatureSchemes = [.ecdsaSECP256R1SHA256] }
        #expect(error?.hasPrefix("no enabled signature scheme fits the certificate") ?? false)
    }

    @Test("a version without a cipher suite", arguments: [ProtocolVersion.tls12, .tls13])
    func suitesByVersion(version: ProtocolVersion) throws {
        let error = try reason(["p256"]) { options in
            options.cipherSuites = CipherSuite.supported.filter { $0.isTLS13 != (version == .tls13) }
        }
        #expect(error == "\(version.name) is enabled but none of its cipher suites is")
    }

    @Test("versions, suites, groups and schemes that are not supported")
    func unsupported() throws {
        #expect(try reason(["p256"]) { $0.versions = ProtocolVersion(rawValue: 0x0301) ... .tls13 } != nil)
        #expect(try reason(["p256"]) { $0.cipherSuites.append(CipherSuite(rawValue: 0x002F)) } != nil)
        #expect(try reason(["p256"]) { $0.groups = [NamedGroup(rawValue: 0x0100)] } != nil)
        #expect(try reason(["p256"]) { $0.groups = [] } != nil)
        #expect(try reason(["p256"]) { $0.signatureSchemes.append(SignatureScheme(rawValue: 0x0201)) } != nil)
        #expect(try reason(["p256"]) { $0.signatureSchemes = [] } != nil)
    }

    @Test("ALPN names", arguments: [("", false), ("h2", true), (String(repeating: "x", count: 256), false)])
    func applicationProtocols(name: String, isValid: Bool) throws {
        let error = try reason(["p256"]) { $0.applicationProtocols = [name] }
        #expect((error == nil) == isValid)
        let many = try reason(["p256"]) {
            $0.applicationProtocols = (0..<300).map { number in
                String(repeating: "x", count: 250) + "\(number)"
            }
        }
        #expect(many == "too many ALPN protocol names")
    }
}
