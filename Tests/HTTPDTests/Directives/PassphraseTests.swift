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

    /// A program that is spoken with: it may be wrong twice, and reads what is wanted.
    @Test func pipes() throws {
        let directory = try Self.make(.rsa, ["pkey", "-aes256"])
        let script = """
            #!/usr/bin/python3
            import os, sys
            def prompt():
                text = b""
                while not text.endswith(b"Enter pass phrase:"):
                    byte = os.read(0, 1)
                    if not byte: sys.exit(1)
                    text += byte
                return text.decode()
            with open('\(directory.path)/asked', 'a', buffering=1) as log:
                for answer in sys.argv[1:]:
                    log.write(prompt())
                    print(answer, flush=True)
                log.write(sys.stdin.read() + "left\\n")
            """
        let program = directory.appendingPathComponent("ask")
        try Data(script.utf8).write(to: program)
        let asked = directory.appendingPathComponent("asked")

        let server = try Self.server(directory, .rsa, dialog: "\"|ask wrong '' 'open sesame'\"")
        #expect(try curl([server.url]).text == "This is localhost.\n")
        try server.restartGracefully()
        #expect(try curl([server.url]).text == "This is localhost.\n")
        try server.stop()
        #expect(server.complaints.isEmpty, "\(server.complaints)")
        // The program has its end to itself.
        let text = try Patience.wait(for: "the program's end") {
            let text = try String(contentsOf: asked, encoding: .utf8)
            return text.contains("left\n") ? text : nil
        }
        #expect(
            text.contains("\nPrivate key localhost:443:RSA (\(directory.path)/key.pem)\nEnter pass phrase:")
        )
        #expect(text.components(separatedBy: "Enter pass phrase:").count == 4, "\(text)")
        #expect(text.components(separatedBy: "left\n").count == 2, "\(text)")

        #expect {
            try Self.server(directory, .rsa, dialog: "\"|ask one two three 'open sesame'\"")
        } throws: { "\($0)".contains("not right") }
    }

    /// Only the parent has use for the passphrase, at the next restart. Who is root can look.
    @Test(.enabled(if: getuid() == 0, "reading the memory of processes takes the rights of root")) func memory() throws
    {
        let directory = try Self.make(.ecdsaP256, ["pkey", "-aes256"])
        // With the process of mod_cgid, which nobody tells that it was forked.
        let server = try Self.server(directory, .ecdsaP256)
        #expect(try curl([server.url]).text == "This is localhost.\n")
        let script = """
            import os, sys
            parent = open(sys.argv[1]).read().strip()
            children = open("/proc/%s/task/%s/children" % (parent, parent)).read().split()
            for process in [parent] + children:
                found = False
                with open("/proc/%s/mem" % process, "rb", 0) as memory:
                    for line in open("/proc/%s/maps" % process):
                        area, rights = line.split()[:2]
                        start, end = (int(number, 16) for number in area.split("-"))
                        if not rights.startswith("rw"): continue
                        try: found = found or b"open sesame" in os.pread(memory.fileno(), end - start, start)
                        except (OSError, OverflowError): pass
                print("parent" if process == parent else "child", found)
            """
        let outcome = try ChildProcess.run(
            "python3",
            ["-c", script, server.root.appendingPathComponent("logs/httpd.pid").path]
        )
        let lines = Set(outcome.text.split(separator: "\n"))
        #expect(lines == ["parent True", "child False"], "\(outcome)")
        try server.stop()
    }

    @Test func mistakes() throws {
        let directory = try Self.make(.ecdsaP256, ["pkey", "-aes256"])
        let wrong = directory.appendingPathComponent("ask")
        for (script, sentence) in [
            ("#!/bin/sh\necho wrong\n", "not right"), ("#!/bin/sh\nexit 1\n", "gives no passphrase"),
            ("#!/bin/sh\necho open sesame\nexit 1\n", "gives no passphrase"),
        ] {
            try Data(script.utf8).write(to: wrong)
            #expect { try Self.server(directory, .ecdsaP256) } throws: { "\($0)".contains(sentence) }
        }
        #expect { try Self.server(directory, .ecdsaP256, dialog: "guess") } throws: { "\($0)".contains("'guess'") }
        for (dialog, sentence) in [
            ("exec:ask-nobody", "gives no passphrase"), ("\"|ask-nobody\"", "gives no passphrase"), ("|", "'|'"),
        ] {
            #expect { try Self.server(directory, .ecdsaP256, dialog: dialog) } throws: { "\($0)".contains(sentence) }
        }
    }
}
