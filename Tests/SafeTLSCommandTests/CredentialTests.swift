// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Certificates with encrypted keys and in PKCS #12 files, of both sides.
@Suite struct CredentialTests {
    /// A client's certificate with its key in other forms, all with the passphrase "geheim".
    private struct Files {
        let certificate: String
        let encryptedKey: String
        let pkcs12: String
        /// Without a passphrase.
        let openPKCS12: String
        let passphrase: String

        init(_ identity: TestCertificates.Identity) throws {
            let directory = try TemporaryDirectory.make("keys")
            certificate = identity.certificate.path
            encryptedKey = directory.appendingPathComponent("encrypted.key").path
            pkcs12 = directory.appendingPathComponent("all.p12").path
            openPKCS12 = directory.appendingPathComponent("open.p12").path
            passphrase = directory.appendingPathComponent("passphrase").path
            let key = identity.key.path
            try ChildProcess.check(
                "openssl",
                ["pkcs8", "-topk8", "-in", key, "-out", encryptedKey, "-passout", "pass:geheim"]
            )
            for (file, words) in [(pkcs12, "geheim"), (openPKCS12, "")] {
                try ChildProcess.check(
                    "openssl",
                    ["pkcs12", "-export", "-in", certificate, "-inkey", key, "-out", file, "-passout", "pass:\(words)"]
                )
            }
            try Data("geheim\r\nsecond line\n".utf8).write(to: URL(fileURLWithPath: passphrase))
        }
    }

    /// Connects with a certificate; returns the outcome, after the server has seen whose it is.
    private func show(_ options: [String], environment: [String: String] = [:]) throws -> ChildProcess.Outcome {
        let authority = try TestCertificates.shared().authority.path
        let (child, port) = try Tool.serve(try Tool.identity() + ["--client-ca", authority])
        let outcome = try Tool.connect(port, ["--check"] + options, environment: environment)
        if outcome.status == 0 { try child.waitForText("CN=client") }
        return outcome
    }

    private func files() throws -> Files { try Files(TestCertificates.shared().client(.ecdsaP256)) }

    @Test func encryptedKeyOfAClient() throws {
        let files = try files()
        let options = ["--cert", files.certificate, "--key", files.encryptedKey]
        #expect(try show(options + ["--passphrase-file", files.passphrase]).status == 0)
        #expect(try show(options + ["--passphrase-env", "WORDS"], environment: ["WORDS": "geheim"]).status == 0)
        let wrong = try show(options + ["--passphrase-env", "WORDS"], environment: ["WORDS": "offen"])
        #expect(wrong.status == 64 && wrong.errors.contains("the passphrase is not right"), "\(wrong)")
        let missing = try show(options + ["--passphrase-env", "WORDS_THAT_ARE_NOT_THERE"])
        #expect(missing.status == 64 && missing.errors.contains("no environment variable"), "\(missing)")
    }

    @Test func pkcs12OfAClient() throws {
        let files = try files()
        #expect(try show(["--cert", files.pkcs12, "--passphrase-file", files.passphrase]).status == 0)
        #expect(try show(["--cert", files.openPKCS12]).status == 0)
        let wrong = try show(
            ["--cert", files.pkcs12, "--passphrase-env", "WORDS"],
            environment: ["WORDS": "offen"]
        )
        #expect(wrong.status == 64 && wrong.errors.contains(files.pkcs12), "\(wrong)")
        let both = try show(["--cert", files.openPKCS12, "--key", files.encryptedKey])
        #expect(both.status == 64 && both.errors.contains("leave --key out"), "\(both)")
    }

    @Test func pkcs12OfAServer() throws {
        let files = try Files(TestCertificates.shared().localhost(.rsa))
        let (child, port) = try Tool.serve(["--cert", files.pkcs12, "--passphrase-file", files.passphrase])
        #expect(try Tool.connect(port).status == 0)
        withExtendedLifetime(child) {}
    }

    /// Somebody at a terminal is asked, and what is typed is not to be seen there.
    @Test func passphraseFromTheTerminal() throws {
        let files = try files()
        let authority = try TestCertificates.shared().authority.path
        let (child, port) = try Tool.serve(try Tool.identity() + ["--client-ca", authority])
        let script = """
            import os, pty, sys
            pid, terminal = pty.fork()
            if pid == 0:
                os.execv(sys.argv[2], sys.argv[2:])
            seen = b""
            typed = False
            while True:
                try:
                    part = os.read(terminal, 1024)
                except OSError:
                    break
                if not part:
                    break
                seen += part
                if not typed and b"Passphrase of" in seen:
                    typed = True
                    os.write(terminal, sys.argv[1].encode())
            sys.stdout.write(seen.decode())
            sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
            """
        func type(_ keys: String) throws -> ChildProcess.Outcome {
            try ChildProcess.run(
                "python3",
                [
                    "-c", script, keys, Tool.path, "connect", "localhost:\(port)", "--ca", authority, "--check",
                    "--cert", files.certificate, "--key", files.encryptedKey,
                ]
            )
        }
        // With a slip that is taken back.
        let outcome = try type("geheix\u{7F}m\n")
        #expect(outcome.status == 0, "\(outcome)")
        #expect(outcome.text.contains("Passphrase of") && !outcome.text.contains("gehei"), "\(outcome)")
        try child.waitForText("CN=client")
        let wrong = try type("offen\n")
        #expect(wrong.status == 64 && wrong.text.contains("the passphrase is not right"), "\(wrong)")
        let long = try type(String(repeating: "a", count: 1025) + "\n")
        #expect(long.status == 64 && long.text.contains("at most 1024 bytes"), "\(long)")
        let cancelled = try type("gehe\u{3}")
        #expect(cancelled.status == 64 && cancelled.text.contains("no passphrase was given"), "\(cancelled)")
    }

    /// A signal ends the question at once, and the terminal shows again what is typed.
    @Test(arguments: [SIGTERM, SIGHUP, SIGINT]) func signalsAtTheTerminal(signal: Int32) throws {
        let files = try files()
        // The leader of the terminal's session outlives the command: what it leaves is seen.
        let script = """
            import os, pty, signal, subprocess, sys, termios
            number = int(sys.argv[1])
            leader, terminal = pty.fork()
            if leader == 0:
                child = subprocess.Popen(sys.argv[2:])
                signal.signal(signal.SIGUSR1, lambda *_: child.send_signal(number))
                print("running", flush=True)
                status = child.wait()
                shows = termios.tcgetattr(0)[3]
                is_shown = bool(shows & termios.ECHO and shows & termios.ICANON and shows & termios.ISIG)
                print("status", status, "shown", is_shown, flush=True)
                os._exit(0)
            seen = b""
            asked = False
            while True:
                try:
                    part = os.read(terminal, 1024)
                except OSError:
                    break
                if not part:
                    break
                seen += part
                if not asked and b"Passphrase of" in seen and b"running" in seen:
                    asked = True
                    os.kill(leader, signal.SIGUSR1)
            sys.stdout.write(seen.decode())
            """
        let outcome = try ChildProcess.run(
            "python3",
            [
                "-c", script, "\(signal)", Tool.path, "connect", "localhost:1", "--check", "--cert", files.certificate,
                "--key", files.encryptedKey,
            ]
        )
        #expect(outcome.text.contains("status -\(signal) shown True"), "\(outcome)")
    }

    @Test func noTerminalToAsk() throws {
        let files = try files()
        let outcome = try ChildProcess.run(
            "setsid",
            [
                "-w", Tool.path, "connect", "localhost:1", "--cert", files.certificate, "--key", files.encryptedKey,
                "--check",
            ]
        )
        #expect(outcome.status == 64 && outcome.errors.contains("--passphrase-file"), "\(outcome)")
    }
}
