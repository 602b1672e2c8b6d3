// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import TestSupport
import Testing

@testable import SafeTLSCommand

/// What `safetls connect` shows, and how it ends.
@Suite struct ConnectTests {
    private func certificates() throws -> TestCertificates { try TestCertificates.shared() }

    private func json(_ outcome: ChildProcess.Outcome) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: outcome.output) as? [String: Any], "\(outcome)")
    }

    // MARK: Exit status

    @Test func statusOfARefusedCertificate() throws {
        let expired = try certificates().expired
        let (child, port) = try Tool.serve(["--cert", expired.certificate.path, "--key", expired.key.path])
        let outcome = try Tool.connect(port)
        #expect(outcome.status == 1 && outcome.says("verdict", "refused"), "\(outcome)")
        withExtendedLifetime(child) {}
    }

    @Test func statusWithoutAConnection() throws {
        let outcome = try Tool.connect(UInt16(try LoopbackPort.free()))
        #expect(outcome.status == 2 && outcome.errors.contains("refused"), "\(outcome)")
    }

    @Test func statusOfAFailedHandshake() throws {
        let server = try ScriptedServer([.send("HTTP/1.1 400 Bad Request\r\n\r\n")])
        let outcome = try Tool.connect(server.port)
        #expect(outcome.status == 3, "\(outcome)")
    }

    /// In TLS 1.3 a client is through with the handshake before the server has seen its certificate, or that it has none.
    @Test(arguments: [("--tls1.2", 3), ("--tls1.3", 5)]) func statusOfAServerThatWantsACertificate(
        version: String,
        status: Int32
    ) throws {
        let certificates = try certificates()
        let (child, port) = try Tool.serve(
            try Tool.identity() + ["--client-ca", certificates.authority.path, "--require-client-cert"]
        )
        let without = try Tool.connect(port, ["--check", version])
        #expect(without.status == status && without.errors.contains("alert"), "\(without)")
        for option in ["--json", "--showcerts"] {
            let outcome = try Tool.connect(port, [option, version])
            #expect(outcome.status == status && outcome.errors.contains("alert"), "\(outcome)")
        }
        let ours = certificates.client(.ecdsaP256)
        let with = try Tool.connect(
            port,
            ["--check", version, "--cert", ours.certificate.path, "--key", ours.key.path]
        )
        #expect(with.status == 0, "\(with)")
        withExtendedLifetime(child) {}
    }

    @Test(arguments: [
        ["connect"], ["connect", "::1:443"], ["connect", "localhost", "--ca", "/nonexistent"],
        ["connect", "localhost", "--timeout", "0"], ["connect", "localhost", "-4", "-6"],
        ["connect", "localhost", "--insecure", "--session-file", "x"], ["connect", "localhost", "--json", "--head"],
        ["connect", "localhost", "--cert", "/nonexistent"], ["serve", "--cert", "/nonexistent"],
        ["connect", "bücher.example", "--check"],
    ]) func statusOfMistakes(arguments: [String]) throws {
        let outcome = try Tool.run(arguments)
        #expect(outcome.status == 64 && outcome.output.isEmpty, "\(outcome)")
    }

    // MARK: Which address

    @Test func addressFamilies() throws {
        let identity = try Tool.identity()
        let (child, port) = try Tool.serve(identity)
        let authority = try certificates().authority.path
        let four = try Tool.run(["connect", "127.0.0.1:\(port)", "--ca", authority, "--check", "-4"])
        #expect(four.status == 0, "\(four)")
        // There is an address, and it is of the other kind.
        let six = try Tool.run(["connect", "127.0.0.1:\(port)", "--ca", authority, "--check", "-6"])
        #expect(six.status == 2, "\(six)")
        withExtendedLifetime(child) {}
    }

    // MARK: What is shown

    @Test(arguments: ["--tls1.2", "--tls1.3"]) func json(version: String) throws {
        let (child, port) = try Tool.serve(try Tool.identity(.rsa) + ["--alpn", "h2"])
        let outcome = try Tool.connect(port, ["--json", "--alpn", "h2", version])
        let object = try json(outcome)
        #expect(outcome.status == 0 && object["exitStatus"] as? Int == 0)
        #expect(object["format"] as? Int == 1 && object["host"] as? String == "localhost")
        #expect(object["port"] as? Int == Int(port) && object["address"] as? String == "127.0.0.1:\(port)")
        #expect(object["error"] is NSNull && object["starttls"] is NSNull)
        let negotiated = try #require(object["negotiated"] as? [String: Any])
        #expect(negotiated["version"] as? String == (version == "--tls1.2" ? "TLSv1.2" : "TLSv1.3"))
        #expect(negotiated["applicationProtocol"] as? String == "h2" && negotiated["resumed"] as? Bool == false)
        let verification = try #require(object["verification"] as? [String: Any])
        #expect(verification["trusted"] as? Bool == true && verification["ignored"] as? Bool == false)
        let list = try #require(object["certificates"] as? [[String: Any]])
        let key = try #require(list.first?["key"] as? [String: Any])
        #expect(key["algorithm"] as? String == "RSA" && key["size"] as? Int == 2048)
        let names = try #require(list.first?["alternativeNames"] as? [[String: String]])
        #expect(
            names.contains(["kind": "DNS", "value": "localhost"]) && names.contains(["kind": "IP", "value": "::1"])
        )
        withExtendedLifetime(child) {}
    }

    @Test func jsonOfARefusal() throws {
        let (child, port) = try Tool.serve(try Tool.identity())
        let outcome = try Tool.run(
            ["connect", "localhost:\(port)", "--json", "--ca", try certificates().unknownAuthority.path]
        )
        let object = try json(outcome)
        #expect(outcome.status == 1 && object["exitStatus"] as? Int == 1)
        #expect((object["error"] as? String)?.contains("trust anchor") == true)
        let verification = try #require(object["verification"] as? [String: Any])
        #expect(verification["trusted"] as? Bool == false && verification["reason"] is String)
        #expect((object["certificates"] as? [Any])?.count == 1 && object["negotiated"] is NSNull)
        withExtendedLifetime(child) {}
    }

    @Test func jsonWithoutAConnection() throws {
        let outcome = try Tool.connect(UInt16(try LoopbackPort.free()), ["--json"])
        let object = try json(outcome)
        #expect(outcome.status == 2 && object["exitStatus"] as? Int == 2 && object["address"] is NSNull)
    }

    /// The certificates are what openssl says that they are.
    @Test func certificatesAsOpenSSLHasThem() throws {
        let chain = try certificates().withIntermediate
        let (child, port) = try Tool.serve(["--cert", chain.certificate.path, "--key", chain.key.path])
        let outcome = try Tool.connect(port, ["--showcerts"])
        #expect(outcome.status == 0, "\(outcome)")
        #expect(outcome.text.components(separatedBy: "-----BEGIN CERTIFICATE-----").count == 3)
        let file = try temporaryFile("chain.pem")
        try outcome.output.write(to: URL(fileURLWithPath: file))
        func openssl(_ options: String...) throws -> String {
            let text = try ChildProcess.check("openssl", ["x509", "-in", file, "-noout"] + options).text
            return String(text[(text.firstIndex(of: "=").map(text.index(after:)) ?? text.startIndex)...])
                .trimmingCharacters(in: .whitespacesAndNewlines)
        }
        let lines = outcome.text.split(separator: "\n")
        func value(_ name: String) -> String {
            let line = lines.first { $0.hasPrefix("  \(name) ") } ?? ""
            return line.dropFirst(name.count + 2).trimmingCharacters(in: .whitespaces)
        }
        #expect(try value("SHA-256") == openssl("-fingerprint", "-sha256"))
        #expect(try value("SHA-1") == openssl("-fingerprint", "-sha1"))
        #expect(try value("serial").replacingOccurrences(of: ":", with: "") == openssl("-serial"))
        #expect(try value("subject") == openssl("-subject", "-nameopt", "RFC2253"))
        #expect(try value("issuer") == openssl("-issuer", "-nameopt", "RFC2253"))
        #expect(value("names") == "DNS:localhost, IP:127.0.0.1, IP:::1")
        #expect(value("key") == "ECDSA, P-256")
        #expect(value("valid").hasSuffix(" left"))
        withExtendedLifetime(child) {}
    }

    /// A name that would act upon a terminal is escaped, wherever it is shown.
    @Test func namesOfStrangersAreEscaped() throws {
        let key = try temporaryFile("key.pem")
        let file = key.replacingOccurrences(of: "key.pem", with: "cert.pem")
        try ChildProcess.check(
            "openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-utf8", "-keyout",
                key,
                "-out", file, "-days", "2", "-subj", "/CN=evil\u{1B}[2J\u{202E}name",
                "-addext", "subjectAltName=URI:x\u{1B}[31m,DNS:a\u{1B}[31m.example",
            ]
        )
        let (child, port) = try Tool.serve(["--cert", file, "--key", key])
        for options in [
            ["--check"], ["--showcerts", "--insecure"], ["--json", "--insecure"], ["--showcerts", "--trace"],
        ] {
            let outcome = try Tool.connect(port, options)
            let shown = outcome.text + outcome.errors
            #expect(shown.contains("evil"), "\(outcome)")
            #expect(!shown.unicodeScalars.contains { $0.isInvisible && $0 != "\n" }, "\(outcome)")
        }
        withExtendedLifetime(child) {}
    }

    @Test(arguments: ["--tls1.2", "--tls1.3"]) func insecureGoesOn(version: String) throws {
        let expired = try certificates().expired
        let (child, port) = try Tool.serve(["--cert", expired.certificate.path, "--key", expired.key.path, "--www"])
        let outcome = try Tool.connect(port, ["--head", "--insecure", version])
        #expect(outcome.status == 0 && outcome.text.hasPrefix("HTTP/1.1 200 OK"), "\(outcome)")
        #expect(outcome.says("verdict", "REFUSED, and --insecure goes on") && outcome.errors.contains("expired"))
        #expect(outcome.says("warning", "nobody knows who this server is"))
        let object = try json(try Tool.connect(port, ["--json", "--insecure", version]))
        let verification = try #require(object["verification"] as? [String: Any])
        #expect(verification["trusted"] as? Bool == false && verification["ignored"] as? Bool == true)
        #expect((verification["reason"] as? String)?.contains("expired") == true)
        withExtendedLifetime(child) {}
    }

    /// Whoever goes on because of one thing is told of the others.
    @Test func allThatIsWrongIsSaid() throws {
        let expired = try certificates().expired
        let (child, port) = try Tool.serve(["--cert", expired.certificate.path, "--key", expired.key.path])
        let target = ["connect", "localhost:\(port)", "--ca", try certificates().unknownAuthority.path]
        let outcome = try Tool.run(target + ["--servername", "other.example", "--check", "--insecure"])
        #expect(outcome.status == 0 && outcome.errors.contains("goes on: ") && outcome.errors.contains("expired"))
        let also = outcome.errors.split(separator: "\n").filter { $0.hasPrefix("also ") }
        #expect(also.count == 2 && also[0].contains("other.example"), "\(outcome)")
        #expect(also.last?.contains("trust anchor") == true, "\(outcome)")
        for options in [["--insecure"], []] {
            let object = try json(try Tool.run(target + ["--servername", "other.example", "--json"] + options))
            let verification = try #require(object["verification"] as? [String: Any])
            let reasons = try #require(verification["reasons"] as? [String])
            #expect(reasons.count == 3 && verification["reason"] as? String == reasons[0], "\(reasons)")
        }
        let one = try json(try Tool.connect(port, ["--json", "--insecure"]))
        #expect(((one["verification"] as? [String: Any])?["reasons"] as? [Any])?.count == 1, "\(one)")
        withExtendedLifetime(child) {}
    }

    /// A key that is not for signatures is refused before anybody judges the chain.
    @Test(arguments: ["--tls1.2", "--tls1.3"]) func certificatesThatAreRefusedUnjudgedAreShown(version: String) throws {
        let key = try temporaryFile("key.pem")
        let file = key.replacingOccurrences(of: "key.pem", with: "cert.pem")
        try ChildProcess.check(
            "openssl",
            [
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", file, "-days", "2",
                "-subj", "/CN=localhost", "-addext", "keyUsage=critical,keyEncipherment",
            ]
        )
        let (child, port) = try Tool.serve(["--cert", file, "--key", key])
        for options in [[], ["--insecure"], ["--resume"]] {
            let outcome = try Tool.connect(port, ["--json", version] + options)
            let object = try json(outcome)
            #expect(outcome.status == 1 && outcome.says("certificate 0", "CN=localhost"), "\(outcome)")
            let certificates = try #require(object["certificates"] as? [[String: Any]])
            let verification = try #require(object["verification"] as? [String: Any])
            #expect(certificates.count == 1 && verification["trusted"] as? Bool == false)
            #expect((verification["reason"] as? String)?.contains("digitalSignature") == true, "\(outcome)")
        }
        withExtendedLifetime(child) {}
    }

    /// A zone means nothing to others.
    @Test func zonesAreNotSent() throws {
        func authority(_ arguments: String...) throws -> String { "\(try Connect.parse(arguments).authority)" }
        #expect(try authority("[fe80::1%lo]:8443") == "[fe80::1]:8443")
        #expect(try authority("fe80::1%lo") == "[fe80::1]:443")
        #expect(try authority("example.org", "--servername", "other.example") == "other.example:443")
    }

    @Test func traceShowsRecordsAndMessages() throws {
        let (child, port) = try Tool.serve(try Tool.identity())
        let outcome = try Tool.connect(port, ["--check", "--trace", "--tls1.3", "--groups", "x25519"])
        let trace = outcome.errors.split(separator: "\n").filter { $0.hasPrefix("<") || $0.hasPrefix(">") }
        let words = trace.map { $0.replacing(/, [0-9]+ bytes/, with: "") }
        #expect(
            words.prefix(12) == [
                "> record handshake", ">   client_hello", "< record handshake", "<   server_hello",
                "< record change_cipher_spec", "<   change_cipher_spec", "< record application_data",
                "<   encrypted_extensions, encrypted", "<   compressed_certificate, encrypted",
                "<   certificate_verify, encrypted", "> record change_cipher_spec", ">   change_cipher_spec",
            ],
            "\(outcome)"
        )
        #expect(
            words.suffix(4) == [
                "> record application_data", ">   alert close_notify, encrypted", "< record application_data",
                "<   alert close_notify, encrypted",
            ],
            "\(outcome)"
        )
        // Every record once, and the data of none.
        #expect(words.count { $0 == "< record handshake" } == 1)
        withExtendedLifetime(child) {}
    }

    /// A session that waits for a verdict leaves records where they are: they are shown once all the same.
    @Test func traceShowsEachRecordOnce() throws {
        // Its records hold 16 bytes, so that the Finished message lies in several.
        let server = try ScriptedServer([])
        let outcome = try Tool.connect(server.port, ["--check", "--trace", "--tls1.3", "--groups", "x25519"])
        func sum(_ pattern: Regex<(Substring, Substring)>) -> Int {
            outcome.errors.matches(of: pattern).compactMap { Int($0.1) }.reduce(0, +)
        }
        let lengths = sum(/(?m)^< record application_data, ([0-9]+) bytes/)
        let count = outcome.errors.matches(of: /(?m)^< record application_data/).count
        // Each has its type and its tag beside the content.
        #expect(count > 20 && lengths - 17 * count == sum(/(?m)^<   .*, ([0-9]+) bytes, encrypted/), "\(outcome)")
    }

    // MARK: Sessions

    @Test(arguments: ["--tls1.2", "--tls1.3"]) func sessionFile(version: String) throws {
        let (child, port) = try Tool.serve(try Tool.identity() + ["--early-data"])
        let file = try temporaryFile("session")
        let options = ["--check", "--session-file", file, version]
        let first = try Tool.connect(port, options)
        #expect(first.status == 0 && first.says("session", "new") && first.says("session file", "none yet"), "\(first)")
        #expect(first.says("session file", "written"), "\(first)")
        let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        let second = try Tool.connect(port, options)
        #expect(second.says("session file", "offered") && second.says("session", "resumed"), "\(second)")
        // Nothing lies about.
        let directory = URL(fileURLWithPath: file).deletingLastPathComponent().path
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == ["session"])

        // Under other options there is a full handshake.
        let other = try Tool.connect(port, options + ["--groups", "secp256r1"])
        #expect(other.says("session file", "not used: ") && other.says("session", "new"), "\(other)")
        if version == "--tls1.3" {
            // That one has left a session, too: whoever uses the file always connects alike.
            _ = try Tool.connect(port, options + ["--early-data", "x"].dropLast(2))
            let early = try Tool.connect(port, ["--session-file", file, version, "--early-data", "hello early"])
            #expect(early.says("0-RTT data", "accepted") && early.text == "hello early\n", "\(early)")
        }
        withExtendedLifetime(child) {}
    }

    @Test func sessionFileThatOthersCanUse() throws {
        let (child, port) = try Tool.serve(try Tool.identity())
        let file = try temporaryFile("session")
        _ = try Tool.connect(port, ["--check", "--session-file", file])
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: file)
        let outcome = try Tool.connect(port, ["--check", "--session-file", file])
        #expect(outcome.status == 64 && outcome.errors.contains("0600"), "\(outcome)")
        withExtendedLifetime(child) {}
    }

    @Test func sessionFileThatIsDamagedOrOfAnother() throws {
        let (child, port) = try Tool.serve(try Tool.identity())
        let file = try temporaryFile("session")
        _ = try Tool.connect(port, ["--check", "--session-file", file])
        let bytes = try Data(contentsOf: URL(fileURLWithPath: file))
        for damaged in [Data(), Data("nonsense".utf8), bytes.prefix(bytes.count / 2), bytes + [0]] {
            // In place, so that the mode stays.
            let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: file))
            try handle.truncate(atOffset: 0)
            try handle.write(contentsOf: damaged)
            try handle.close()
            let outcome = try Tool.connect(port, ["--check", "--session-file", file])
            #expect(outcome.status == 0 && outcome.says("session file", "not used: "), "\(outcome)")
            #expect(outcome.says("session", "new") && outcome.says("session file", "written"), "\(outcome)")
        }
        // A session for one name is not offered to another.
        let authority = try certificates().authority.path
        let other = try Tool.run(
            ["connect", "127.0.0.1:\(port)", "--ca", authority, "--check", "--session-file", file]
        )
        #expect(other.status == 0 && other.says("session file", "not used: it is a session with localhost"), "\(other)")
        #expect(other.says("session", "new"), "\(other)")
        withExtendedLifetime(child) {}
    }
}
