// SPDX-License-Identifier: Apache-2.0

import Foundation
import SafeTLS
import SafeTLSSockets
import Synchronization
import TestSupport
import Testing

@testable import SafeTLSCommand

/// What becomes of standard input, output and error that are closed, full, do not block, or have nobody who reads them.
@Suite struct StreamTests {
    /// Runs a line of the shell in which `"$@"` is a connection to a port.
    private func shell(_ line: String, _ port: UInt16, _ options: [String] = [], input: String) throws
        -> ChildProcess.Outcome
    {
        let file = try temporaryFile("input")
        try Data(input.utf8).write(to: URL(fileURLWithPath: file))
        let authority = try TestCertificates.shared().authority.path
        return try ChildProcess.run(
            "sh",
            ["-c", line, "sh", Tool.path, "connect", "localhost:\(port)", "--ca", authority] + options,
            input: .file(URL(fileURLWithPath: file))
        )
    }

    /// Whether bytes are whole records and nothing else.
    private func areRecords(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            guard rest.count >= 5, 20...23 ~= rest[rest.startIndex], rest[rest.startIndex + 1] == 3 else {
                return false
            }
            let length = Int(rest[rest.startIndex + 3]) << 8 | Int(rest[rest.startIndex + 4])
            guard rest.count >= 5 + length else { return false }
            rest = rest.dropFirst(5 + length)
        }
        return true
    }

    /// The connection would get the number of the stream, and in the clear what is printed.
    @Test(arguments: ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
    func closedStreamsAreNotTheConnection(redirections: String) throws {
        // An echo of what a connection reads from itself would not end.
        let hasInput = !redirections.contains("<")
        let (child, port) = try Tool.serve(try Tool.identity() + (hasInput ? [] : ["--www"]))
        let proxy = try RecordingProxy(to: port)
        let outcome = try shell("exec \"$@\" \(redirections)", proxy.port, input: "a secret line\n")
        #expect(outcome.status == 0, "\(outcome)")
        #expect(outcome.text == (redirections == "2>&-" ? "a secret line\n" : ""))
        let wire = proxy.bytes()
        #expect(wire.count > 200 && areRecords(wire), "\(String(decoding: wire, as: UTF8.self).debugDescription)")
        withExtendedLifetime(child) {}
    }

    /// The listener would get the number of standard output, and the first client that of standard error.
    @Test func closedStreamsOfAServer() throws {
        let port = UInt16(try LoopbackPort.free())
        let server = try ChildProcess(
            "sh",
            ["-c", "exec \"$@\" >&- 2>&-", "sh", Tool.path, "serve", "--port", "\(port)"] + (try Tool.identity())
        )
        try LoopbackPort.wait(for: Int(port), by: server)
        let outcome = try shell("exec \"$@\"", port, input: "a line\n")
        #expect(outcome.status == 0 && outcome.text == "a line\n", "\(outcome)")
        withExtendedLifetime(server) {}
    }

    @Test(arguments: [[], ["--showcerts"], ["--json"]]) func fullOutput(options: [String]) throws {
        let (child, port) = try Tool.serve(try Tool.identity())
        let outcome = try shell("exec \"$@\" > /dev/full", port, options, input: "a line\n")
        #expect(outcome.status == 74, "\(outcome)")
        #expect(outcome.errors.contains("cannot write to standard output: No space left on device"), "\(outcome)")
        withExtendedLifetime(child) {}
    }

    /// A server that answers before it has read everything, and closes: its socket is reset. Then the client, which the kernel takes no
    /// more of, has something to lose.
    @Test func answerBehindWhichNothingIsTaken() throws {
        let identity = try TestCertificates.shared().localhost(.ecdsaP256)
        let credential = try Credential(certificateFile: identity.certificate.path, keyFile: identity.key.path)
        let configuration = try ServerConfiguration(credentials: [credential])
        let listener = try Socket.listen(on: Endpoint(host: "127.0.0.1", port: 0))
        let port = try #require(Endpoint(listener.name(ofPeer: false))).port
        let box = Mutex<Socket?>(listener)
        Thread.detachNewThread {
            guard let listener = box.withLock({ $0.take() }), let socket = try? listener.acceptNext(),
                (try? socket.setBlocking(true)) != nil
            else { return }
            var connection = SocketConnection(ServerSession(configuration: configuration), over: socket)
            var hasRead = false
            while !hasRead {
                hasRead = !((try? connection.read()) ?? [1]).isEmpty
                try? connection.flush()
            }
            waitUntilNoMoreComes(to: Int(port))
            try? connection.write(Array("too much\n".utf8))
            connection.session.close()
            try? connection.flush()
        }
        let outcome = try shell("exec \"$@\"", port, input: String(repeating: "a line\n", count: 1_000_000))
        #expect(outcome.status == 5 && outcome.text == "too much\n", "\(outcome)")
    }

    /// What is wrong with the server is more than that nobody could be told.
    @Test func fullOutputOfARefusal() throws {
        let expired = try TestCertificates.shared().expired
        let (child, port) = try Tool.serve(["--cert", expired.certificate.path, "--key", expired.key.path])
        let outcome = try shell("exec \"$@\" > /dev/full", port, ["--json"], input: "")
        #expect(outcome.status == 1 && outcome.errors.contains("No space left on device"), "\(outcome)")
        withExtendedLifetime(child) {}
    }

    @Test func fullOutputOfOthers() throws {
        for arguments in ["version", "serve --require-psk --psk a:00112233445566778899aabbccddeeff --port 0"] {
            let outcome = try ChildProcess.run("sh", ["-c", "exec \"$0\" \(arguments) > /dev/full", Tool.path])
            #expect(outcome.status == 74, "\(outcome)")
        }
    }

    /// What is printed is all that these are for.
    @Test(arguments: [
        "--help", "help serve", "connect --help", "--version", "version", "--generate-completion-script bash",
        "--experimental-dump-help",
    ])
    func outputOfHelp(arguments: String) throws {
        func outcome(_ redirection: String) throws -> ChildProcess.Outcome {
            try ChildProcess.run("sh", ["-c", "exec \"$0\" \(arguments) \(redirection)", Tool.path])
        }
        let good = try outcome("")
        #expect(good.status == 0 && good.text.hasSuffix("\n") && good.errors.isEmpty, "\(good)")
        let full = try outcome("> /dev/full")
        #expect(full.status == 74 && full.errors.contains("No space left on device"), "\(full)")
        let closed = try outcome(">&-")
        #expect(closed.status == 74 && closed.errors.contains("standard output: it is closed"), "\(closed)")
        // That is none of theirs.
        #expect(try outcome("<&- 2>&-").text == good.text)
    }

    /// Nobody reads any more: that is the end, and nothing to complain about.
    @Test func outputThatNobodyReads() throws {
        let (child, port) = try Tool.serve(try Tool.identity())
        let outcome = try shell("{ yes | timeout 60 \"$@\"; echo \"status $?\" >&2; } | head -c 5", port, input: "")
        #expect(outcome.text == "y\ny\ny" && outcome.errors.contains("status 0\n"), "\(outcome)")
        #expect(!outcome.errors.contains("Error"), "\(outcome)")
        withExtendedLifetime(child) {}
    }

    /// Nor is a server waited for that has nothing to say, with an input that does not end.
    @Test func outputThatNobodyReadsOfASilentServer() throws {
        let (child, port) = try Tool.serve(try Tool.identity())
        let authority = try TestCertificates.shared().authority.path
        let line = "{ timeout 60 \"$@\"; echo \"status $?\" >&2; } | head -c 5"
        let shell = try ChildProcess(
            "sh",
            ["-c", line, "sh", Tool.path, "connect", "localhost:\(port)", "--ca", authority],
            input: .pipe
        )
        try shell.write("a line\n")
        let outcome = try shell.waitForExit()
        #expect(outcome.text == "a lin" && outcome.errors.contains("status 0\n"), "\(outcome)")
        withExtendedLifetime(child) {}
    }

    /// Who reads no more of the help has what it wanted.
    @Test(arguments: [["--help"], ["--version"], ["connect", "--help"]]) func helpThatNobodyReads(arguments: [String])
        throws
    {
        let script = """
            import os, subprocess, sys
            reader, writer = os.pipe()
            os.close(reader)
            print(subprocess.run(sys.argv[1:], stdout=writer).returncode)
            """
        let outcome = try ChildProcess.run("python3", ["-c", script, Tool.path] + arguments)
        #expect(outcome.text == "0\n", "\(outcome)")
    }

    /// A pipe that does not block takes what it has room for: the rest waits.
    @Test func outputThatDoesNotBlock() throws {
        let (child, port) = try Tool.serve(try Tool.identity())
        let script = """
            import fcntl, os, struct, subprocess, sys, termios, time
            reader, writer = os.pipe()
            os.set_blocking(writer, False)
            child = subprocess.Popen(sys.argv[1:], stdout=writer)
            os.close(writer)
            while child.poll() is None:
                if struct.unpack("i", fcntl.ioctl(reader, termios.FIONREAD, b"0000"))[0] >= 65536:
                    break
                time.sleep(0.01)
            count = 0
            while part := os.read(reader, 4096):
                count += len(part)
            print(count, child.wait())
            """
        let authority = try TestCertificates.shared().authority.path
        let file = try temporaryFile("input")
        try Data(count: 1_000_000).write(to: URL(fileURLWithPath: file))
        let outcome = try ChildProcess.run(
            "python3",
            ["-c", script, Tool.path, "connect", "localhost:\(port)", "--ca", authority],
            input: .file(URL(fileURLWithPath: file))
        )
        #expect(outcome.text == "1000000 0\n", "\(outcome)")
        withExtendedLifetime(child) {}
    }
}

/// Waits until a client that is not read from can send no more to a port.
private func waitUntilNoMoreComes(to port: Int) {
    var patience = Patience()
    var count = 0
    while !patience.isOver() {
        Thread.sleep(forTimeInterval: 0.05)
        let now = LoopbackPort.waitingBytes(at: port)
        if now > 0, now == count { return }
        count = now
    }
}
