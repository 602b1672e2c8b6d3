// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// ML-DSA certificates (draft-ietf-tls-mldsa) with stacks that have them. `safetls` then runs on their OpenSSL, where it is
/// not the system's.
@Suite struct MLDSATests {
    private static func certificates() throws -> MLDSACertificates { try MLDSACertificates.shared() }

    private static func safetls(_ arguments: [String], onNewOpenSSL: Bool = true) throws -> ChildProcess {
        try ChildProcess(
            SafeTLSTool.path,
            arguments,
            input: .pipe,
            environment: onNewOpenSSL ? NewOpenSSL.environment() : [:]
        )
    }

    private static func startServer(_ scheme: String, _ options: [String] = []) throws -> RunningServer {
        let identity = try certificates().identity(scheme)
        let files = ["--cert", identity.certificate.path, "--key", identity.key.path]
        let child = try safetls(["serve", "--port", "0"] + files + options)
        return RunningServer(child: child, port: try Program.port(in: child, after: "listening on "))
    }

    private static func startPeer(_ peer: Peer, _ scheme: String, _ options: [String] = []) throws -> RunningServer {
        let identity = try certificates().identity(scheme)
        let child = try peer.start(["server", identity.certificate.path, identity.key.path, ""] + options)
        return RunningServer(child: child, port: try Program.port(in: child, after: "listening on "))
    }

    /// What `safetls connect` prints, its message having been echoed.
    private static func connect(to port: Int, _ options: [String] = []) throws -> String {
        let child = try safetls(["connect", "localhost:\(port)", "--ca", certificates().authority.path] + options)
        try child.write(Program.message + "\n")
        try Patience.wait(for: "the echo", by: child, details: { child.transcript }) {
            child.transcript.contains(Program.message) || child.transcript.contains(String(Program.message.reversed()))
                || !child.isRunning
        }
        child.closeInput()
        let outcome = try child.waitForExit()
        guard outcome.status == 0 else { throw ChildProcessError("\(child.command): \(outcome)") }
        return child.transcript
    }

    private static func fact(_ name: String, in text: String) -> String? {
        text.split(separator: "\n").first { $0.contains(name) }?.split(whereSeparator: { " \t:".contains($0) }).last
            .map(String.init)
    }

    // MARK: - Where libcrypto has it

    @Test(arguments: [Peer.openssl, .go], MLDSACertificates.schemes)
    func ourServer(peer: Peer, scheme: String) throws {
        let server = try Self.startServer(scheme)
        let authority = try Self.certificates().authority.path
        let text = try peer.run(["client", "\(server.port)", authority, "", Program.message])
        #expect(text.contains("group X25519MLKEM768") && text.contains(Program.message), "\(text)")
        if peer == .openssl { #expect(text.contains("key ML-DSA-\(scheme.suffix(2))"), "\(text)") }
        try server.child.waitForText(scheme)
        print("\(peer.rawValue) to safetls: \(text.prefix { $0 != "\n" })")
    }

    @Test(arguments: [Peer.openssl, .go], MLDSACertificates.schemes)
    func theirServer(peer: Peer, scheme: String) throws {
        let server = try Self.startPeer(peer, scheme)
        let text = try Self.connect(to: server.port)
        #expect(Self.fact("signature", in: text) == scheme, "\(text)")
    }

    @Test(arguments: MLDSACertificates.schemes) func opensslShowsACertificate(scheme: String) throws {
        let authority = try Self.certificates().authority.path
        let server = try Self.startServer("mldsa44", ["--client-ca", authority, "--require-client-cert"])
        let identity = try Self.certificates().identity(scheme)
        let arguments = ["client", "\(server.port)", authority, "", Program.message, identity.certificate.path]
        let text = try Peer.openssl.run(arguments + [identity.key.path])
        #expect(text.contains(Program.message), "\(text)")
        try server.child.waitForText("CN=\(scheme)")
    }

    @Test(arguments: MLDSACertificates.schemes) func weShowACertificate(scheme: String) throws {
        let authority = try Self.certificates().authority.path
        let server = try Self.startPeer(.openssl, "mldsa87", [authority])
        let identity = try Self.certificates().identity(scheme)
        _ = try Self.connect(to: server.port, ["--cert", identity.certificate.path, "--key", identity.key.path])
        try server.child.waitForText("key ML-DSA-\(scheme.suffix(2))")
    }

    /// Clients of TLS 1.2 alone are told so.
    @Test func tls12() throws {
        let server = try Self.startServer("mldsa65")
        let client = try startOpenSSLClient(server.port, ["-tls1_2"])
        #expect(try client.waitForExit().status != 0)
        #expect(client.transcript.contains("protocol version"), "\(client.transcript)")
        let identity = try Self.certificates().identity("mldsa65")
        let files = ["--cert", identity.certificate.path, "--key", identity.key.path]
        let asked = try Self.safetls(["serve", "--port", "0", "--tls1.2"] + files)
        #expect(try asked.waitForExit().status != 0)
        #expect(asked.transcript.contains("no enabled signature scheme fits the certificate"), "\(asked.transcript)")
    }

    // MARK: - Where it has not

    @Test(
        .disabled(if: NewOpenSSL.isUsual, "the system's OpenSSL has ML-DSA"),
        arguments: MLDSACertificates.schemes
    )
    func refusals(scheme: String) throws {
        let words = "takes an OpenSSL that has it, 3.5 or later, and this is OpenSSL 3."
        let identity = try Self.certificates().identity(scheme)
        let files = ["--cert", identity.certificate.path, "--key", identity.key.path]
        for arguments in [
            ["serve", "--port", "0"] + files, ["connect", "localhost:1"] + files,
            ["connect", "localhost:1", "--sigalgs", scheme],
        ] {
            let child = try Self.safetls(arguments, onNewOpenSSL: false)
            #expect(try child.waitForExit().status != 0)
            #expect(child.transcript.contains(words), "\(child.transcript)")
        }
    }
}
