// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CSockets
import SafeTLS

@main
struct SafeTLSCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "safetls",
        abstract: "TLS 1.2 and 1.3 from the command line.",
        usage: """
            safetls connect example.org:443 --check
            safetls connect mail.example.org --starttls smtp --showcerts
            safetls serve --cert server.pem --key server.key --www
            """,
        discussion: ExitStatus.list,
        version: TLSLibrary.version,
        subcommands: [Connect.self, Serve.self, Version.self]
    )

    static func main() {
        do {
            // Before anything else is opened: it would take the place of a stream that is closed.
            guard closedStreams >= 0 else { exit(withError: ExitCode(ExitStatus.output.rawValue)) }
            cs_ignore_broken_pipes()
            do {
                var command = try parseAsRoot()
                try command.run()
            } catch let error where exitCode(for: error) == .success {
                // Help, the version or completions. The parser would print them, and not look whether it can.
                let text = fullMessage(for: error)
                if !text.isEmpty { try outputWhatIsWanted(Array((text + "\n").utf8)) }
            }
        } catch is OutputClosed {
            exit(withError: ExitCode.success)
        } catch let failure as Failure {
            note("Error: \(failure)")
            exit(withError: ExitCode(failure.status.rawValue))
        } catch {
            exit(withError: error)
        }
    }
}

struct Version: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Print the version.")

    func run() throws {
        try outputWhatIsWanted(Array("safetls \(TLSLibrary.version)\n".utf8))
    }
}
