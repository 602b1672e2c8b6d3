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

    init(_ text: String) throws(DirectiveError) {
        if text.lowercased() == "builtin" {
            self = .terminal
        } else if text.lowercased().hasPrefix("exec:") {
            self = .program(String(text.dropFirst(5)))
        } else if text.hasPrefix("|") {
            throw DirectiveError("programs that are asked through a pipe are not supported: write exec:program")
        } else {
            throw DirectiveError("'\(text)' is neither builtin nor exec:program")
        }
    }

    private var path: String? {
        if case .program(let path) = self { path } else { nil }
    }

    /// How often somebody at the terminal may be wrong.
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
        let algorithm = CertificateVariables.isRSA(inFile: chain[0]) ? "RSA" : "ECC"
        var attempt = 0
        while true {
            attempt += 1
            guard unsafe tlsd_ask_passphrase(pool.pointer, path, server, algorithm, buffer, Self.longest) else {
                throw DirectiveError("\(keyFile): the key is encrypted, and SSLPassPhraseDialog gives no passphrase")
            }
            do throws(ConfigurationError) {
                let credential = try unsafe Self.credential(chain, keyFile, buffer)
                unsafe tlsd_keep_passphrase(keyFile, buffer)
                return credential
            } catch {
                guard error.file == keyFile else {
                    // The passphrase is right, the certificate another.
                    unsafe tlsd_keep_passphrase(keyFile, buffer)
                    throw DirectiveError("\(error)")
                }
                guard path == nil, attempt < Self.attempts else { throw DirectiveError("\(error)") }
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
