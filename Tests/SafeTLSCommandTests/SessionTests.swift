// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import SafeTLSCommand

/// `--resume` and `--session-file` with servers that change, refuse or fail, and with files that are not what they should be.
@Suite struct SessionTests {
    private typealias Encounter = ScriptedServer.Encounter

    private func json(_ outcome: ChildProcess.Outcome) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: outcome.output) as? [String: Any], "\(outcome)")
    }

    private func expired() throws -> Encounter { Encounter(identity: try TestCertificates.shared().expired) }

    private func exists(_ file: String) -> Bool { FileManager.default.fileExists(atPath: file) }

    // MARK: What is said of a server

    /// Each connection is judged for itself, and the last one counts.
    @Test(arguments: ["--tls1.2", "--tls1.3"]) func secondConnectionIsRefused(version: String) throws {
        let server = try ScriptedServer(encounters: [Encounter(), try expired()])
        let outcome = try Tool.connect(server.port, ["--json", "--resume", version])
        let object = try json(outcome)
        #expect(outcome.status == 1 && object["exitStatus"] as? Int == 1, "\(outcome)")
        let verification = try #require(object["verification"] as? [String: Any])
        #expect(verification["trusted"] as? Bool == false)
        #expect((verification["reason"] as? String)?.contains("expired") == true)
        let certificate = try #require((object["certificates"] as? [[String: Any]])?.first)
        #expect((certificate["notAfter"] as? String)?.hasPrefix("2024") == true && object["negotiated"] is NSNull)
    }

    @Test func secondConnectionIsNoTLS() throws {
        let nonsense = Encounter(steps: [.send("HTTP/1.1 400 Bad Request\r\n\r\n"), .close])
        let server = try ScriptedServer(encounters: [Encounter(), nonsense])
        let outcome = try Tool.connect(server.port, ["--json", "--resume"])
        let object = try json(outcome)
        #expect(outcome.status == 3 && object["exitStatus"] as? Int == 3, "\(outcome)")
        let verification = try #require(object["verification"] as? [String: Any])
        #expect(verification["trusted"] is NSNull && object["negotiated"] is NSNull)
        #expect((object["certificates"] as? [Any])?.isEmpty == true)
    }

    /// The chain of a refused server is shown, whoever has judged it.
    @Test(arguments: ["--tls1.2", "--tls1.3"]) func refusedCertificatesAreShown(version: String) throws {
        let server = try ScriptedServer(encounters: [try expired(), try expired()])
        let file = try temporaryFile("session")
        let text = try Tool.connect(server.port, ["--check", "--session-file", file, version])
        #expect(text.status == 1 && text.says("certificate 0", "") && text.says("verdict", "refused"), "\(text)")
        let object = try json(try Tool.connect(server.port, ["--json", "--session-file", file, version]))
        #expect((object["certificates"] as? [Any])?.count == 1)
        #expect(!exists(file))
    }

    /// With external keys there are no sessions, and nobody has judged a certificate.
    @Test(arguments: [["--resume"], ["--session-file", "x"]]) func notWithPreSharedKeys(options: [String]) throws {
        let key = "a:00112233445566778899aabbccddeeff"
        let (child, port) = try Tool.serve(["--require-psk", "--psk", key])
        let outcome = try Tool.connect(port, ["--check", "--psk", key] + options)
        #expect(outcome.status == 64 && !outcome.errors.contains("trusted for"), "\(outcome)")
        #expect(outcome.errors.contains("--psk does not go with"), "\(outcome)")
        withExtendedLifetime(child) {}
    }

    // MARK: What is in the file

    /// A session that a server takes for an error is not offered again.
    @Test(arguments: ["--tls1.2", "--tls1.3"]) func refusedSessionsAreForgotten(version: String) throws {
        let refusal = Encounter(steps: [.expect([22, 3, 1]), .send([21, 3, 3, 0, 2, 2, 47]), .close])
        let server = try ScriptedServer(encounters: [Encounter(), refusal, Encounter()])
        let file = try temporaryFile("session")
        let options = ["--check", "--session-file", file, version]
        #expect(try Tool.connect(server.port, options).status == 0)
        let refused = try Tool.connect(server.port, options)
        #expect(refused.status == 3 && refused.says("session file", "offered"), "\(refused)")
        #expect(!exists(file))
        let again = try Tool.connect(server.port, options)
        #expect(again.status == 0 && again.says("session file", "none yet"), "\(again)")
        #expect(exists(file))
    }

    /// Where nobody is there to be offered the session it stays.
    @Test func sessionsThatAreNotOfferedStay() throws {
        let server = try ScriptedServer(encounters: [Encounter()])
        let file = try temporaryFile("session")
        let options = ["--check", "--session-file", file]
        #expect(try Tool.connect(server.port, options).status == 0)
        _ = server.result()
        #expect(try Tool.connect(UInt16(try LoopbackPort.free()), options).status == 2)
        #expect(exists(file))
    }

    /// TLS 1.2 sessions serve more than once.
    @Test func sessionsOfTLS12AreWrittenBack() throws {
        let (child, port) = try Tool.serve(try Tool.identity())
        let file = try temporaryFile("session")
        let options = ["--check", "--session-file", file, "--tls1.2"]
        for session in ["new", "resumed", "resumed", "resumed"] {
            let outcome = try Tool.connect(port, options)
            #expect(outcome.says("session", session) && outcome.says("session file", "written"), "\(outcome)")
        }
        withExtendedLifetime(child) {}
    }

    /// Before anybody is connected to, and in the JSON as in the exit status.
    @Test func filesThatCannotBeWritten() throws {
        let directory = URL(fileURLWithPath: try temporaryFile("session")).deletingLastPathComponent().path
        for file in [directory, directory + "/missing/session"] {
            let port = UInt16(try LoopbackPort.free())
            let outcome = try Tool.connect(port, ["--json", "--session-file", file])
            let object = try json(outcome)
            #expect(outcome.status == 64 && object["exitStatus"] as? Int == 64, "\(outcome)")
            #expect(object["address"] is NSNull && outcome.errors.contains(file), "\(outcome)")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory).isEmpty)
    }

    /// Nor when it is over: what is printed says how the command ends.
    @Test func filesThatCannotBeWrittenInTheEnd() throws {
        let directory = URL(fileURLWithPath: try temporaryFile("directory"))
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let server = try ScriptedServer([
            .send("220 ready\r\n"), .expect("AUTH TLS\r\n"),
            .perform { try FileManager.default.removeItem(at: directory) }, .send("234 begin\r\n"),
        ])
        let file = directory.appendingPathComponent("session").path
        let outcome = try Tool.connect(server.port, ["--starttls", "ftp", "--json", "--session-file", file])
        let object = try json(outcome)
        #expect(outcome.status == 64 && object["exitStatus"] as? Int == 64, "\(outcome)")
        #expect((object["error"] as? String)?.contains(file) == true && object["negotiated"] is [String: Any])
    }

    @Test func filesThatAreNoFiles() throws {
        let (child, port) = try Tool.serve(try Tool.identity())
        let file = try temporaryFile("session")
        let options = ["--check", "--session-file", file]
        try ChildProcess.check("mkfifo", ["-m", "600", file])
        let pipe = try Tool.connect(port, options)
        #expect(pipe.status == 64 && pipe.errors.contains("not a regular file"), "\(pipe)")
        try FileManager.default.removeItem(atPath: file)

        let huge = [FileAttributeKey.posixPermissions: 0o600]
        _ = FileManager.default.createFile(atPath: file, contents: Data(count: 300_000), attributes: huge)
        let long = try Tool.connect(port, options)
        #expect(long.status == 64 && long.errors.contains("longer than 262144 bytes"), "\(long)")
        try FileManager.default.removeItem(atPath: file)

        // A link is followed to be read, and replaced: what it leads to stays.
        let target = try temporaryFile("target")
        #expect(try Tool.connect(port, ["--check", "--session-file", target]).status == 0)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: target))
        try FileManager.default.createSymbolicLink(atPath: file, withDestinationPath: target)
        let link = try Tool.connect(port, options)
        #expect(link.status == 0 && link.says("session", "resumed"), "\(link)")
        #expect(try FileManager.default.attributesOfItem(atPath: file)[.type] as? FileAttributeType == .typeRegular)
        #expect(try Data(contentsOf: URL(fileURLWithPath: target)) == bytes)
        withExtendedLifetime(child) {}
    }
}
