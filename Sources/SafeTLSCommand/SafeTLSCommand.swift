// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import SafeTLS

@main
struct SafeTLSCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "safetls",
        abstract: "TLS 1.2 and 1.3 from the command line.",
        version: TLSLibrary.version,
        subcommands: [Connect.self, Serve.self, Version.self]
    )
}

struct Version: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Print the version.")

    func run() {
        print("safetls \(TLSLibrary.version)")
    }
}
