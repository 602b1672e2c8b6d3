// SPDX-License-Identifier: Apache-2.0
import CHTTPD
import HTTPDCore
import SafeTLS

/// `SSLPassPhraseDialog`: who is asked for the passphrases of keys.
enum PassphraseDialog {
    /// Whoever sits at the terminal.
    case terminal
    /// A program, whose first line it is; its arguments are the server and the kind of the key.
    case program(String)
    /// A program with arguments that is spoken with as somebody at a terminal would be.
    case pipe(String)

    /// - Parameter resolve: Makes a path absolute, relative to ServerRoot.
    init(_ text: String, resolvingPathsWith resolve: (String) -> String) throws(DirectiveError) {
        if text.lowercased() == "builtin" {
            self = .terminal
        } else if text.lowercased().hasPrefix("exec:"), text.utf8.count > 5 {
            self = .program(resolve(String(text.dropFirst(5))))
        } else if text.hasPrefix("|"), text.utf8.count > 1 {
            self = .pipe(String(text.dropFirst()))
        } else {
            throw DirectiveError("'\(text)' is none of builtin, exec:program and |program")
        }
    }

    /// Whether who is asked may be wrong once or twice.
    private var isPatient: Bool {
        if case .program = self { false } else { true }
    }

    /// Asks for a passphrase; false when there is no answer.
    private func ask(
        _ question: Question,
        attempt: Int,
        _ buffer: UnsafeMutablePointer<CChar>,
        _ pool: Pool
    ) -> Bool {
        let (server, algorithm) = (question.server, question.algorithm)
        switch self {
        case .terminal:
            return unsafe tlsd_ask_passphrase(pool.pointer, nil, server, algorithm, buffer, Self.longest)
        case .program(let path):
            return unsafe tlsd_ask_passphrase(pool.pointer, path, server, algorithm, buffer, Self.longest)
        case .pipe(let command):
            let prompt = question.prompt(attempt: attempt)
            return unsafe tlsd_ask_dialog(pool.pointer, command, prompt, buffer, Self.longest)
        }
    }

    /// What a passphrase is wanted for.
    private struct Question {
        let server: String
        let algorithm: String
        let keyFile: String

        /// What a program reads that is spoken with. Programs wait for the last line, which has no end, or for that which
        /// names the key.
        func prompt(attempt: Int) -> String {
            let before =
                attempt == 1
                ? "Keys of this server are encrypted: their passphrases are needed to start it.\n\n"
                    + "Private key \(server):\(algorithm) (\(keyFile))\n"
                : "The passphrase is not right.\n"
            return before + "Enter pass phrase:"
        }
    }

    /// How often somebody is asked who may be wrong.
    private static let attempts = 3

    /// Longest passphrase, in bytes.
    private static let longest = 1024

    /// Reads a certificate whose key is encrypted.
    ///
    /// - Parameter server: Name and port of the server, for who is asked.
    func credential(
        _ chain: [String],
        _ keyFile: String,
        server: String,
        _ pool: Pool
    ) throws(DirectiveError) -> Credential {
        if let known = unsafe tlsd_known_passphrase(keyFile) {
            do throws(ConfigurationError) {
                return try unsafe Self.credential(chain, keyFile, known)
            } catch {
                // It may be the key of another certificate, or have changed.
                guard error.file == keyFile else { throw DirectiveError("\(error)") }
            }
        }
        guard let memory = unsafe malloc(Self.longest) else { throw DirectiveError("out of memory") }
        let buffer = unsafe memory.bindMemory(to: CChar.self, capacity: Self.longest)
        defer {
            unsafe explicit_bzero(buffer, Self.longest)
            unsafe free(buffer)
        }
        let question = Question(
            server: server,
            algorithm: CertificateVariables.isRSA(inFile: chain[0]) ? "RSA" : "ECC",
            keyFile: keyFile
        )
        var attempt = 0
        // A program is spoken with about one key.
        var farewell = "The server does not start.\n"
        defer { unsafe tlsd_end_dialog(farewell) }
        while true {
            attempt += 1
            guard unsafe ask(question, attempt: attempt, buffer, pool) else {
                throw DirectiveError("\(keyFile): the key is encrypted, and SSLPassPhraseDialog gives no passphrase")
            }
            do throws(ConfigurationError) {
                let credential = try unsafe Self.credential(chain, keyFile, buffer)
                unsafe tlsd_keep_passphrase(keyFile, buffer)
                farewell = "OK: the passphrase is right.\n"
                return credential
            } catch {
                guard error.file == keyFile else {
                    // The passphrase is right, the certificate another.
                    unsafe tlsd_keep_passphrase(keyFile, buffer)
                    throw DirectiveError("\(error)")
                }
                guard isPatient, attempt < Self.attempts else { throw DirectiveError("\(error)") }
            }
        }
    }

    private static func credential(
        _ chain: [String],
        _ keyFile: String,
        _ passphrase: UnsafePointer<CChar>
    ) throws(ConfigurationError) -> Credential {
        let bytes = unsafe UnsafeRawPointer(passphrase).assumingMemoryBound(to: UInt8.self)
        let span = unsafe Span(_unsafeElements: UnsafeBufferPointer(start: bytes, count: strlen(passphrase)))
        return try Credential(certificateFiles: chain, keyFile: keyFile, passphrase: span)
    }
}
