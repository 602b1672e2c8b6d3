// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

@main
struct SafeTLSCommand: ParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "safetls",
        abstract: "TLS 1.2 and 1.3 from the command line.",
        version: version,
        subcommands: [Connect.self, Serve.self, Version.self]
    )
}

struct Version: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Print the version.")

    func run() {
        print("safetls \(SafeTLSCommand.version)")
    }
}
