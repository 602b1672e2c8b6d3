// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CSockets
import SafeTLS
import TLSCrypto

/// Where the passphrase of a key comes from. Never from the command line, which all users of the machine can see.
struct PassphraseArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The first line of this file is the passphrase of encrypted keys; else it is asked for on the terminal.",
            valueName: "file"
        ),
        completion: .file()
    )
    var passphraseFile: String?

    @Option(
        name: .customLong("passphrase-env"),
        help: ArgumentHelp("This environment variable has the passphrase of encrypted keys.", valueName: "name")
    )
    var passphraseVariable: String?

    /// The longest passphrase, in bytes.
    private static let longest = 1024

    func validate() throws {
        guard passphraseFile == nil || passphraseVariable == nil else {
            throw ValidationError("--passphrase-file and --passphrase-env do not go together.")
        }
    }

    /// The passphrase that the command line names; nil when it names none.
    private func named() throws -> Secret? {
        if let passphraseFile {
            let contents = try FileBytes.readSecret(passphraseFile, limit: 65_536)
            let text = contents.bytes
            var count = text.indices.first { text[$0] == 0x0A } ?? text.count
            if count > 0, text[count - 1] == 0x0D { count -= 1 }
            guard count <= Self.longest else {
                throw Failure(.usage, "\(passphraseFile): a passphrase has at most \(Self.longest) bytes")
            }
            return Secret(copying: text.extracting(0..<count))
        }
        guard let passphraseVariable else { return nil }
        var text = Secret(zeroed: Self.longest)
        let count = environment(passphraseVariable, &text)
        guard count >= 0 else { throw Failure(.usage, "there is no environment variable \(passphraseVariable)") }
        guard count <= Self.longest else {
            throw Failure(.usage, "a passphrase has at most \(Self.longest) bytes, and \(passphraseVariable) has more")
        }
        return Secret(copying: text.bytes.extracting(0..<count))
    }

    private func environment(_ name: String, _ text: inout Secret) -> Int {
        let name = Array(name.utf8)
        var bytes = text.mutableBytes
        return cs_environment(name.span, &bytes)
    }

    /// The passphrase of a file's key: as the command line says, or else from whoever sits at the terminal.
    func passphrase(of file: String) throws -> Secret {
        if let named = try named() { return named }
        let prompt = Array("Passphrase of \(printable(file)): ".utf8)
        var text = Secret(zeroed: Self.longest)
        let count: Int
        do {
            var bytes = text.mutableBytes
            count = cs_ask(prompt.span, &bytes)
        }
        guard count != cs_cancelled else { throw Failure(.usage, "\(file): no passphrase was given") }
        guard count != cs_too_long else {
            throw Failure(.usage, "\(file): a passphrase has at most \(Self.longest) bytes")
        }
        guard count >= 0 else {
            throw Failure(
                .usage,
                "\(file): the private key is encrypted, and there is no terminal to ask for its passphrase: "
                    + "name it by --passphrase-file or --passphrase-env"
            )
        }
        return Secret(copying: text.bytes.extracting(0..<count))
    }

    /// Whether the command line names a passphrase.
    private var isNamed: Bool { passphraseFile != nil || passphraseVariable != nil }

    // MARK: Credentials

    /// Reads a certificate chain with its key, in PEM or from a PKCS #12 file.
    ///
    /// - Parameters:
    ///   - file: The chain, or everything.
    ///   - keyFile: The key; nil when it is in the same file.
    func credential(_ file: String, keyFile: String?) throws -> Credential {
        try failing(with: .usage) {
            let contents = try FileBytes.readSecret(file, limit: 1 << 24)
            if Self.isPKCS12(contents.bytes) {
                guard keyFile == nil else {
                    throw Failure(.usage, "\(file) is a PKCS #12 file, which has the key: leave --key out")
                }
                return try pkcs12(file)
            }
            let key = keyFile ?? file
            guard Credential.isKeyEncrypted(inFile: key) else {
                return try Credential(certificateFile: file, keyFile: keyFile)
            }
            let passphrase = try passphrase(of: key)
            return try Credential(certificateFiles: [file], keyFile: key, passphrase: passphrase.bytes)
        }
    }

    /// DER begins with a SEQUENCE of a length that takes more than one byte; PEM is text.
    private static func isPKCS12(_ bytes: Span<UInt8>) -> Bool {
        bytes.count > 2 && bytes[0] == 0x30 && bytes[1] >= 0x80
    }

    /// Many have no passphrase; whoever sits at a terminal is asked only where it takes one.
    private func pkcs12(_ file: String) throws -> Credential {
        if !isNamed {
            let none = Secret(zeroed: 0)
            if let credential = try? Credential(pkcs12File: file, passphrase: none.bytes) { return credential }
        }
        let passphrase = try passphrase(of: file)
        return try Credential(pkcs12File: file, passphrase: passphrase.bytes)
    }
}
