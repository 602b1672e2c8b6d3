// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The programs of `Tests/Peers`, which `make peers` installs: OpenSSL 3.5, Go, a client on Chromium's BoringSSL.
package enum Peer: String, Sendable, CaseIterable {
    case openssl, go, chromium

    private static let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()

    /// The command, and its first arguments.
    package func command() throws -> [String] {
        let bin = Self.tests.deletingLastPathComponent().appendingPathComponent("build/peers/bin")
        let command =
            switch self {
            case .openssl, .chromium:
                [
                    bin.appendingPathComponent("python").path,
                    Self.tests.appendingPathComponent("Peers/\(rawValue).py").path,
                ]
            case .go: [bin.appendingPathComponent("go-peer").path]
            }
        guard FileManager.default.isExecutableFile(atPath: command[0]) else {
            throw ChildProcessError("\(command[0]) is missing: `make peers` installs it")
        }
        return command
    }

    /// Starts the program.
    package func start(_ arguments: [String]) throws -> ChildProcess {
        let command = try command()
        return try ChildProcess(command[0], Array(command.dropFirst()) + arguments)
    }

    /// Runs the program, which must succeed, and gives what it printed.
    package func run(_ arguments: [String]) throws -> String {
        let command = try command()
        return try ChildProcess.check(command[0], Array(command.dropFirst()) + arguments).text
    }
}
