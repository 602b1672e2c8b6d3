// SPDX-License-Identifier: Apache-2.0

import Dispatch
package import Foundation
import Synchronization

/// What went wrong while a test drove another program; the text carries that program's output.
package struct ChildProcessError: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}

/// A program run by a test, with its output kept in files so that no pipe can fill up and stall it.
///
/// Every wait has an end (see ``Patience``). A child that is still running when its last reference goes is killed.
package final class ChildProcess: Sendable {
    /// Where the child's standard input comes from.
    package enum Input {
        case none
        /// Whatever ``ChildProcess/write(_:)`` sends, until ``ChildProcess/closeInput()``.
        case pipe
        case file(URL)
    }

    /// How a child ended and what it printed.
    package struct Outcome: Sendable, CustomStringConvertible {
        /// The exit status, or minus the number of the signal that ended the child.
        package let status: Int32
        package let output: Data
        package let errors: String

        package var text: String { String(decoding: output, as: UTF8.self) }

        package var description: String {
            "status \(status)\n--- output\n\(text.prefix(6000))\n--- errors\n\(errors.prefix(6000))"
        }
    }

    private static let live = Mutex<Set<Int32>>([])
    /// Held while a child is started: descriptors that another thread opens meanwhile would be the child's, too, and a pipe whose end it
    /// has does not end before it.
    private static let start = NSLock()

    /// The command line, for messages.
    package let command: String
    private let process: Process
    private let input: Pipe?
    private let ended = DispatchSemaphore(value: 0)
    private let directory: URL
    private let hasEnded = Mutex(false)

    package var processIdentifier: Int32 { process.processIdentifier }
    package var isRunning: Bool { process.isRunning }
    package var outputFile: URL { directory.appendingPathComponent("output") }
    private var errorsFile: URL { directory.appendingPathComponent("errors") }

    /// Starts `executable`, looked up in the usual directories unless it is a path.
    package init(
        _ executable: String,
        _ arguments: [String],
        input source: Input = .none,
        environment: [String: String] = [:],
        in workingDirectory: URL? = nil
    ) throws {
        _ = Self.ignoresBrokenPipes
        command = ([executable] + arguments).joined(separator: " ")
        directory = try TemporaryDirectory.make("child")
        Self.start.lock()
        defer { Self.start.unlock() }
        process = Process()
        // The threads that run tests block signals, and a child inherits that; env undoes it and becomes the program.
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = try ["--default-signal", Self.locate(executable)] + arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.currentDirectoryURL = workingDirectory ?? directory
        switch source {
        case .none:
            self.input = nil
            process.standardInput = FileHandle.nullDevice
        case .pipe:
            let pipe = Pipe()
            self.input = pipe
            process.standardInput = pipe
        case .file(let file):
            self.input = nil
            process.standardInput = try FileHandle(forReadingFrom: file)
        }
        for name in ["output", "errors"] {
            _ = FileManager.default.createFile(atPath: directory.appendingPathComponent(name).path, contents: nil)
        }
        process.standardOutput = try FileHandle(forWritingTo: directory.appendingPathComponent("output"))
        process.standardError = try FileHandle(forWritingTo: directory.appendingPathComponent("errors"))
        process.terminationHandler = { [ended] process in
            _ = Self.live.withLock { $0.remove(process.processIdentifier) }
            ended.signal()
        }
        try process.run()
        // The child has its own copies of these.
        try? (process.standardOutput as? FileHandle)?.close()
        try? (process.standardError as? FileHandle)?.close()
        try? self.input?.fileHandleForReading.close()
        let pid = process.processIdentifier
        Self.live.withLock { _ = $0.insert(pid) }
        if !process.isRunning {
            _ = Self.live.withLock { $0.remove(pid) }
        }
    }

    deinit {
        terminate()
        try? FileManager.default.removeItem(at: directory)
    }

    /// Runs a program to its end.
    @discardableResult
    package static func run(
        _ executable: String,
        _ arguments: [String],
        input: Input = .none,
        environment: [String: String] = [:],
        in workingDirectory: URL? = nil
    ) throws -> Outcome {
        let child = try ChildProcess(
            executable,
            arguments,
            input: input,
            environment: environment,
            in: workingDirectory
        )
        return try child.waitForExit()
    }

    /// Runs a program to its end and throws unless its exit status is 0.
    @discardableResult
    package static func check(
        _ executable: String,
        _ arguments: [String],
        input: Input = .none,
        environment: [String: String] = [:],
        in workingDirectory: URL? = nil
    ) throws -> Outcome {
        let outcome = try run(
            executable,
            arguments,
            input: input,
            environment: environment,
            in: workingDirectory
        )
        guard outcome.status == 0 else {
            throw ChildProcessError("\(executable) \(arguments.joined(separator: " ")): \(outcome)")
        }
        return outcome
    }

    package func write(_ text: String) throws {
        try input?.fileHandleForWriting.write(contentsOf: Data(text.utf8))
    }

    package func closeInput() {
        try? input?.fileHandleForWriting.close()
    }

    /// Standard output and standard error so far.
    package var transcript: String {
        let output = (try? Data(contentsOf: outputFile)) ?? Data()
        let errors = (try? Data(contentsOf: errorsFile)) ?? Data()
        return String(decoding: output + errors, as: UTF8.self)
    }

    /// Waits until standard output or standard error contains `text`; returns everything printed so far.
    @discardableResult
    package func waitForText(_ text: String) throws -> String {
        try Patience.wait(for: "'\(text)' of \(command)", by: self, details: { transcript.suffix(6000).description }) {
            let seen = transcript
            return seen.contains(text) ? seen : nil
        }
    }

    /// Waits for the child's end; one that does nothing any more is killed and the call throws.
    @discardableResult
    package func waitForExit() throws -> Outcome {
        var patience = Patience(processIdentifier)
        while !waitForEnd(0.5) {
            guard patience.isOver() else { continue }
            terminate()
            throw ChildProcessError("\(command): does not end\n\(transcript.prefix(6000))")
        }
        let status = process.terminationStatus
        return Outcome(
            status: process.terminationReason == .exit ? status : -status,
            output: (try? Data(contentsOf: outputFile)) ?? Data(),
            errors: (try? String(decoding: Data(contentsOf: errorsFile), as: UTF8.self)) ?? ""
        )
    }

    package func signal(_ number: Int32) {
        if process.isRunning { kill(process.processIdentifier, number) }
    }

    /// Asks the child to end, and kills it if it has not within five seconds.
    package func terminate() {
        closeInput()
        signal(SIGTERM)
        guard !waitForEnd(5) else { return }
        signal(SIGKILL)
        _ = waitForEnd(5)
    }

    private func waitForEnd(_ timeout: TimeInterval) -> Bool {
        hasEnded.withLock { done in
            if !done { done = ended.wait(timeout: .now() + timeout) == .success }
            return done
        }
    }

    static func killAll() {
        for pid in live.withLock({ $0 }) { kill(pid, SIGKILL) }
    }

    /// Writing to a child that has gone must be an error, not the end of the test run.
    private static let ignoresBrokenPipes: Void = { Glibc.signal(SIGPIPE, SIG_IGN) }()

    /// The system's own programs come before anything else in `PATH`: they are the peers that users have.
    private static func locate(_ executable: String) throws -> String {
        if executable.contains("/") { return executable }
        let environment = ProcessInfo.processInfo.environment
        let path = environment["PATH"] ?? ""
        // Tests/Peers/openssl35.sh has one of its own.
        let first = environment["SAFETLS_PROGRAMS"].map { [$0] } ?? []
        for directory in first + ["/usr/bin", "/usr/sbin"] + path.split(separator: ":").map(String.init) {
            let candidate = "\(directory)/\(executable)"
            if FileManager.default.isExecutableFile(atPath: candidate) { return candidate }
        }
        throw ChildProcessError("\(executable) is not installed; 'make setup' installs it")
    }
}

/// Compares without `#expect` seeing the operands: it would look for the smallest difference between megabytes.
package func isSame(_ left: Data, _ right: Data) -> Bool {
    left == right
}
