// SPDX-License-Identifier: Apache-2.0

import SafeTLS
import TLSCrypto

/// A file that keeps a session from one run to the next.
struct SessionFile {
    let path: String

    /// The longest file that is read: a ticket and a chain of certificates.
    private static let longest = 262_144

    /// What became of the session in the file.
    enum Restored {
        /// It is among those of the configuration, and is offered unless ``takeOut(of:for:)`` finds it gone.
        case ready
        /// There is none that can be used, for this reason: there is a full handshake.
        case none(String)
    }

    /// Gives a configuration the session in the file, which stays there until ``takeOut(of:for:)``.
    ///
    /// - Throws: `Failure` when the file is there and cannot be read, when it belongs to somebody else or is open to others – who
    ///   writes it decides whom the next connection trusts – and when no session could be left there.
    func restore(into configuration: ClientConfiguration, for server: ServerName) throws -> Restored {
        try failing(with: .usage) { try FileBytes.checkReplaceable(path) }
        guard FileBytes.exists(path) else { return .none("none yet") }
        let bytes = try failing(with: .usage) { try FileBytes.readPrivate(path, limit: Self.longest) }
        do throws(SavedSessionError) {
            let other = try configuration.restoreSession(bytes.bytes)
            return other == server ? .ready : .none("not used: it is a session with \(other)")
        } catch {
            return .none("not used: \(error)")
        }
    }

    /// Removes the file, right before its session is offered: a ticket is used once (RFC 9846 appendix C.4), and a server that refuses
    /// a session is not offered it again.
    ///
    /// - Returns: What is offered, for the user.
    func takeOut(of configuration: ClientConfiguration, for server: ServerName) throws -> String {
        guard try failing(with: .usage, { try FileBytes.remove(path) }) else {
            _ = configuration.takeSession(with: server)
            return "not used: somebody else has taken the session meanwhile"
        }
        return "offered"
    }

    /// Writes the newest session with a server into the file, if there is one.
    func save(from configuration: ClientConfiguration, for server: ServerName) throws -> String {
        guard let session = configuration.takeSession(with: server) else {
            return "not written: there is no new session"
        }
        try failing(with: .usage) { try FileBytes.replace(path, with: session.bytes) }
        return "written"
    }
}
