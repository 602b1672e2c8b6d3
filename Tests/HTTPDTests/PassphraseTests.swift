// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Encrypted keys and `SSLPassPhraseDialog`.
@Suite struct PassphraseTests {
    /// A directory with an encrypted key for the certificate of `localhost`, and a program that knows the passphrase.
    private static func make(_ type: TestCertificates.KeyType, _ options: [String]) throws -> URL {
        let directory = try TemporaryDirectory.make("passphrase")
        let identity = try TestCertificates.shared().localhost(type)
        let kind = type == .rsa ? "RSA" : "ECC"
        try ChildProcess.check(
            "openssl",
            options + ["-in", identity.key.path, "-out", directory.path + "/key.pem", "-passout", "pass:open sesame"]
        )
        let script = """
            #!/bin/sh
            echo asked >> '\(directory.path)/asked'
            case "$1 $2" in
            localhost:*" \(kind)") echo 'open sesame' ;;
            *) exit 1 ;;
            esac
            """
        let program = directory.appendingPathComponent("ask")
        try Data(script.utf8).write(to: program)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program.path)
        return directory
    }

    private static func server(
        _ directory: URL,
        _ type: TestCertificates.KeyType,
        dialog: String = "exec:ask"
    ) throws -> HTTPServer {
        let certificate = try TestCertificates.shared().localhost(type).certificate.path
        let line = dialog.replacingOccurrences(of: "ask", with: directory.path + "/ask")
        return try HTTPServer(face: .ssl) { port in
            """
            SSLPassPhraseDialog \(line)
            <VirtualHost *:\(port)>
                ServerName localhost
                SSLEngine on
                SSLCertificateFile "\(certificate)"
                SSLCertificateKeyFile "\(directory.path)/key.pem"
            </VirtualHost>
            """
        }
    }

    /// The program is asked once, whatever httpd reads how often.
    @Test(
        arguments: [
            (.rsa, ["pkey", "-aes256"]), (.ecdsaP256, ["pkey", "-aes256"]), (.ecdsaP256, ["ec", "-aes256"]),
        ] as [(TestCertificates.KeyType, [String])]
    )
    func programs(type: TestCertificates.KeyType, options: [String]) throws {
        let directory = try Self.make(type, options)
        let server = try Self.server(directory, type)
        #expect(try curl([server.url]).text == "This is localhost.\n")
        try server.restartGracefully()
        #expect(try curl([server.url]).text == "This is localhost.\n")
        try server.stop()
        #expect(server.complaints.isEmpty, "\(server.complaints)")
        #expect(try String(contentsOf: directory.appendingPathComponent("asked"), encoding: .utf8) == "asked\n")
        #expect(!server.errorLog.contains("sesame"))
    }

    @Test func mistakes() throws {
        let directory = try Self.make(.ecdsaP256, ["pkey", "-aes256"])
        let wrong = directory.appendingPathComponent("ask")
        for (script, sentence) in [
            ("#!/bin/sh\necho wrong\n", "not right"), ("#!/bin/sh\nexit 1\n", "gives no passphrase"),
        ] {
            try Data(script.utf8).write(to: wrong)
            #expect { try Self.server(directory, .ecdsaP256) } throws: { "\($0)".contains(sentence) }
        }
        #expect { try Self.server(directory, .ecdsaP256, dialog: "guess") } throws: { "\($0)".contains("'guess'") }
        #expect { try Self.server(directory, .ecdsaP256, dialog: "|ask") } throws: { "\($0)".contains("pipe") }
    }
}
