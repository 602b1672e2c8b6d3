// SPDX-License-Identifier: Apache-2.0

import Foundation
import SafeTLS
import Testing

@Suite("Credentials from PKCS #12 files")
struct PKCS12CredentialTests {
    private static func path(_ name: String) -> String {
        URL(filePath: TestCredentials.directory).deletingLastPathComponent().appending(path: "pkcs12/\(name).p12").path
    }

    private static func credential(_ name: String, _ passphrase: String) throws(ConfigurationError) -> Credential {
        let words = Array(passphrase.utf8)
        return try Credential(pkcs12File: path(name), passphrase: words.span)
    }

    @Test("have the key's certificate first, and those behind it that certify the one before")
    func chain() throws {
        // The file also has the root, and a stranger's certificate.
        for (name, passphrase) in [("modern", "secret"), ("triple-des", "Schlüssel"), ("empty", ""), ("plain", "")] {
            let chain = try Self.credential(name, passphrase).certificateChain
            #expect(chain.map { $0.subject.commonName } == ["leaf", "Middle"])
        }
        let bytes = Array(try Data(contentsOf: URL(filePath: Self.path("modern"))))
        let words = Array("secret".utf8)
        #expect(try Credential(pkcs12: bytes.span, passphrase: words.span).certificateChain.count == 2)
    }

    @Test("serve")
    func handshake() throws {
        let pair = Pair()
        let configuration = try ServerConfiguration(
            credentials: [try Self.credential("modern", "secret")],
            options: pair.server
        )
        var client = try pair.makeClient(deferring: .verification)
        var server = ServerSession(configuration: configuration)
        try Loopback.run(&client, &server)
        try client.answer(verification: .accepted(path: []))
        try Loopback.run(&client, &server)
        let chain = client.peerCertificates
        #expect(chain.map { $0.subject.commonName } == ["leaf", "Middle"])
        let isComplete = server.negotiated != nil
        #expect(isComplete)
    }

    @Test(
        "errors name the file and what is wrong",
        arguments: [
            ("modern", "guess", "passphrase is not right"), ("long-mac", "secret", "which is too long"),
            ("no-key", "secret", "no private key that belongs"),
            ("no-certificate", "secret", "no private key that belongs"),
            ("missing", "secret", "cannot be read"),
        ]
    )
    func errors(name: String, passphrase: String, words: String) {
        let error = #expect(throws: ConfigurationError.self) { try Self.credential(name, passphrase) }
        #expect(error?.file == Self.path(name) && error?.reason.contains(words) == true)
    }
}
