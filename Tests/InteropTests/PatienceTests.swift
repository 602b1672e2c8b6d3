// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// How long `safetls connect` waits for servers that are slow, silent or rude, and what it says of them.
@Suite struct PatienceTests {
    private func identity() throws -> TestCertificates.Identity { try TestCertificates.shared().localhost(.ecdsaP256) }

    private func authority() throws -> [String] { ["--ca", try TestCertificates.shared().authority.path] }

    /// A server in Python that shakes hands, does what the lines say with each `connection`, and resumes sessions.
    private func startServer(_ lines: String...) throws -> (child: ChildProcess, port: Int) {
        let identity = try identity()
        let script = """
            import socket, ssl, struct, sys, time
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(sys.argv[1], sys.argv[2])
            listener = socket.create_server(("127.0.0.1", 0))
            print("listening on 127.0.0.1:%d" % listener.getsockname()[1], flush=True)
            open_connections = []
            while True:
                plain, _ = listener.accept()
                try:
                    connection = context.wrap_socket(plain, server_side=True)
            \(lines.map { String(repeating: " ", count: 8) + $0 }.joined(separator: "\n"))
                except OSError as error:
                    print(error, flush=True)
                open_connections.append(connection)
            """
        let child = try ChildProcess("python3", ["-c", script, identity.certificate.path, identity.key.path])
        return (child, try Program.port(in: child, after: "listening on "))
    }

    /// A server that takes the connection, does what the line says with `plain`, and no more.
    private func startPlainServer(_ line: String) throws -> (child: ChildProcess, port: Int) {
        let script = """
            import socket
            listener = socket.create_server(("127.0.0.1", 0))
            print("listening on 127.0.0.1:%d" % listener.getsockname()[1], flush=True)
            plain, _ = listener.accept()
            \(line)
            listener.accept()
            """
        let child = try ChildProcess("python3", ["-c", script])
        return (child, try Program.port(in: child, after: "listening on "))
    }

    private func connect(_ port: Int, _ options: [String]) throws -> ChildProcess.Outcome {
        try startSafeTLSClient(port, try authority() + options, input: .none).waitForExit()
    }

    // MARK: Resumption

    /// RFC 9846 §6.1 lets the server keep its side open; standard input's end closes ours on the second connection.
    @Test(arguments: ["--tls1.2", "--tls1.3"]) func aServerThatNeverAnswersCloseNotify(version: String) throws {
        let server = try startServer("if connection.session_reused: connection.unwrap()")
        let outcome = try connect(server.port, ["--resume", version])
        #expect(outcome.status == 0, "\(outcome)")
        #expect(outcome.says("first connection", "left a session"))
        #expect(outcome.says("session", "resumed"), "\(outcome)")
        #expect(outcome.says("verdict", "trusted for localhost"))
    }

    @Test func aServerThatResetsBehindItsTicket() throws {
        let server = try startServer(
            "if not connection.session_reused:",
            "    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))",
            "connection.close()"
        )
        let outcome = try connect(server.port, ["--resume", "--tls1.3"])
        #expect(outcome.says("first connection", "left a session"), "\(outcome)")
        #expect(outcome.says("session", "resumed"), "\(outcome)")
    }

    @Test func aServerThatLeavesNoSession() throws {
        let server = try startOpenSSL(identity(), ["-rev", "-tls1_3", "-num_tickets", "0"])
        // Who gives it longer waits longer for what does not come.
        let outcome = try connect(server.port, ["--resume", "--timeout", "30"])
        #expect(outcome.status == 0, "\(outcome)")
        #expect(outcome.says("first connection", "left no session"), "\(outcome)")
        #expect(outcome.says("session", "new"), "\(outcome)")
    }

    @Test func aServerThatIsRefusedWhileResuming() throws {
        let server = try startOpenSSL(TestCertificates.shared().expired, ["-rev"])
        let outcome = try connect(server.port, ["--resume"])
        #expect(outcome.status == 1 && outcome.says("verdict", "refused"), "\(outcome)")
    }

    @Test func aTicketThatAllowsNoEarlyData() throws {
        let server = try startOpenSSL(identity(), ["-rev", "-tls1_3"])
        let outcome = try connect(server.port, ["--resume", "--early-data", "early words"])
        #expect(outcome.status == 0, "\(outcome)")
        #expect(outcome.says("0-RTT data", "not sent: the server's ticket allows none"), "\(outcome)")
    }

    // MARK: Silence and early ends

    @Test(arguments: [[], ["--resume"], ["--head"]]) func aServerThatSaysNothing(options: [String]) throws {
        let server = try startPlainServer("pass")
        let outcome = try connect(server.port, ["--timeout", "3"] + options)
        #expect(outcome.status == 3, "\(outcome)")
        #expect(outcome.errors.contains("the handshake did not end within 3 s"), "\(outcome)")
    }

    @Test func aServerThatAnswersNoRequest() throws {
        let server = try startServer("pass")
        // Enough for the handshake on a busy machine.
        let outcome = try connect(server.port, ["--timeout", "20", "--head"])
        #expect(outcome.status == 5, "\(outcome)")
        #expect(outcome.errors.contains("the server did not answer within 20 s"), "\(outcome)")
    }

    @Test func aServerThatClosesInTheHandshake() throws {
        let server = try startPlainServer("plain.recv(65536); plain.close()")
        let outcome = try connect(server.port, [])
        #expect(outcome.status == 3, "\(outcome)")
        #expect(outcome.errors.contains("during the handshake, where ServerHello was expected"), "\(outcome)")
    }
}

extension ChildProcess.Outcome {
    /// Whether there is a line on standard error with this name, and a value that begins so.
    fileprivate func says(_ name: String, _ value: String) -> Bool {
        errors.split(separator: "\n").contains { line in
            line.hasPrefix(name) && line.dropFirst(name.count).drop { $0 == " " }.hasPrefix(value)
        }
    }
}
