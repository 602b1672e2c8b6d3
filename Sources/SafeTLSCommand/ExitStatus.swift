// SPDX-License-Identifier: Apache-2.0

import SafeTLS
import SafeTLSSockets

/// How the command ends. The manual page, README and `--help` list these.
enum ExitStatus: Int32, CaseIterable {
    /// The peer's certificate is refused.
    case certificate = 1
    /// There is no connection, or nothing can be listened on.
    case connection = 2
    /// The handshake has failed, or did not end in time.
    case handshake = 3
    /// The server does not go over from its protocol to TLS.
    case startTLS = 4
    /// The connection has failed after its handshake.
    case broken = 5
    /// The command line is wrong, or a file that it names: `EX_USAGE` of sysexits.h.
    case usage = 64

    /// Standard output cannot be written to: `EX_IOERR` of sysexits.h.
    case output = 74

    /// What the manual page says of it.
    var meaning: String {
        switch self {
        case .certificate: "The server's certificate was refused."
        case .connection: "No connection: no such host, nobody listens there, or no answer in time."
        case .handshake: "The handshake failed, or did not end in time."
        case .startTLS: "The server did not go over to TLS (--starttls)."
        case .broken: "The connection failed after the handshake."
        case .usage: "The command line has a mistake, or a file that it names."
        case .output: "Standard output could not be written to, for another reason than that its reader has gone."
        }
    }

    /// All of them in lines, for `--help`.
    static var list: String {
        "Exit status:\n  0   Everything went well.\n"
            + allCases.map { status in
                let number = String(status.rawValue)
                return "  " + number + String(repeating: " ", count: 4 - number.count) + status.meaning
            }.joined(separator: "\n")
    }
}

/// A sentence that ends the command.
struct Failure: Error, CustomStringConvertible {
    let status: ExitStatus
    let description: String

    init(_ status: ExitStatus, _ description: String) {
        self.status = status
        self.description = description
    }
}

/// Does something whose errors end the command with a status, unless they have one.
func failing<Result: ~Copyable>(with status: ExitStatus, _ body: () throws -> Result) throws -> Result {
    do {
        return try body()
    } catch let failure as Failure {
        throw failure
    } catch {
        throw Failure(status, "\(error)")
    }
}
