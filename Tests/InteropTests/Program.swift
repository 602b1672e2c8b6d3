// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// A TLS stack that can play client and server in these tests.
enum Program: String, Sendable, CaseIterable {
    case safetls, openssl, gnutls, python

    /// Sent by every client; every server sends it back as it is or reversed.
    static let message = "The quick brown fox jumps over the lazy dog 0123456789"

    /// The offers that this program can be restricted to.
    var offers: [Offer] {
        switch self {
        case .safetls, .openssl, .gnutls: Offer.all
        case .python: Offer.coarse
        }
    }
}

/// A server that a test has started; it stops with the last reference.
struct RunningServer: Sendable {
    let child: ChildProcess
    let port: Int
}

/// `safetls` from the directory of products that holds the running tests.
enum SafeTLSTool {
    static let path: String = {
        let tests = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return URL(fileURLWithPath: tests).deletingLastPathComponent().appendingPathComponent("safetls").path
    }()
}

// MARK: - Servers

extension Program {
    /// Starts an echo server with a certificate of the offer's kind, restricted to the offer unless told otherwise.
    func startServer(_ offer: Offer, isRestricted: Bool = true) throws -> RunningServer {
        let identity = try TestCertificates.shared().localhost(offer.key)
        return switch self {
        case .safetls:
            try startSafeTLS(identities: [identity], isRestricted ? Self.safetlsOptions(offer) : [])
        case .openssl: try startOpenSSL(identity, ["-rev"] + Self.opensslOptions(offer))
        case .gnutls: try startGnuTLS(identity, ["--priority", offer.gnutlsPriority])
        case .python: try startPython(identity, offer)
        }
    }

    private func startPython(_ identity: TestCertificates.Identity, _ offer: Offer) throws -> RunningServer {
        let child = try ChildProcess(
            "python3",
            ["-c", PythonScripts.server, identity.certificate.path, identity.key.path, offer.versionName]
                + [offer.opensslSuite ?? ""]
        )
        return RunningServer(child: child, port: try Self.port(in: child, after: "listening on "))
    }

    /// Waits for the line that names the port and reads the number after its last colon.
    static func port(in child: ChildProcess, after phrase: String) throws -> Int {
        try Patience.wait(for: "the port of \(child.command)", by: child, details: { child.transcript }) {
            let text = child.transcript
            guard let start = text.range(of: phrase)?.upperBound, let end = text[start...].firstIndex(of: "\n"),
                let word = text[start..<end].split(separator: " ").first
            else { return nil }
            return word.split(separator: ":").last.flatMap { Int($0.filter(\.isNumber)) }
        }
    }
}

func startSafeTLS(identities: [TestCertificates.Identity], _ options: [String] = []) throws -> RunningServer {
    let files = identities.flatMap { ["--cert", $0.certificate.path, "--key", $0.key.path] }
    let child = try ChildProcess(SafeTLSTool.path, ["serve", "--port", "0"] + files + options)
    return RunningServer(child: child, port: try Program.port(in: child, after: "listening on "))
}

func startOpenSSL(_ identity: TestCertificates.Identity, _ options: [String]) throws -> RunningServer {
    let child = try ChildProcess(
        "openssl",
        ["s_server", "-accept", "127.0.0.1:0", "-cert", identity.certificate.path, "-key", identity.key.path]
            + ["-cert_chain", identity.certificate.path] + options,
        input: .pipe
    )
    return RunningServer(child: child, port: try Program.port(in: child, after: "ACCEPT "))
}

func startGnuTLS(
    _ identity: TestCertificates.Identity,
    _ options: [String],
    asksForCertificates: Bool = false
) throws -> RunningServer {
    let port = try LoopbackPort.free()
    let child = try ChildProcess(
        "gnutls-serv",
        ["--echo", "--port", "\(port)", "--x509certfile", identity.certificate.path]
            + ["--x509keyfile", identity.key.path] + (asksForCertificates ? [] : ["--disable-client-cert"]) + options
    )
    try LoopbackPort.wait(for: port, by: child)
    return RunningServer(child: child, port: port)
}

// MARK: - Clients

extension Program {
    /// Connects, verifies the certificate for `localhost`, has the message echoed and closes.
    /// Returns what the client printed, including what was negotiated.
    func connect(to port: Int, _ offer: Offer, isRestricted: Bool = true) throws -> String {
        let authority = try TestCertificates.shared().authority.path
        switch self {
        case .safetls:
            return try converse(
                startSafeTLSClient(port, ["--ca", authority] + (isRestricted ? Self.safetlsOptions(offer) : [])),
                quit: nil
            )
        case .openssl:
            return try converse(startOpenSSLClient(port, Self.opensslOptions(offer)), quit: "Q\n")
        case .gnutls:
            return try converse(startGnuTLSClient(port, ["--priority", offer.gnutlsPriority]), quit: nil)
        case .python:
            let outcome = try ChildProcess.check(
                "python3",
                [
                    "-c", PythonScripts.client, "\(port)", authority, offer.versionName, offer.opensslSuite ?? "",
                    Self.message,
                ]
            )
            return outcome.text
        }
    }

    /// Sends the message, waits for its echo, then ends the connection by `quit` or by the end of input.
    private func converse(_ child: ChildProcess, quit: String?) throws -> String {
        try child.write(Self.message + "\n")
        let reversed = String(Self.message.reversed())
        try Patience.wait(for: "the echo of \(child.command)", by: child, details: { child.transcript }) {
            // A client that ends has its say below.
            let ran = child.isRunning
            let text = child.transcript
            return text.contains(Self.message) || text.contains(reversed) || !ran
        }
        if let quit { try? child.write(quit) }
        child.closeInput()
        let outcome = try child.waitForExit()
        guard outcome.status == 0 else { throw ChildProcessError("\(child.command): \(outcome)") }
        return child.transcript
    }

    fileprivate static func opensslOptions(_ offer: Offer) -> [String] {
        var options = [offer.version == .tls13 ? "-tls1_3" : "-tls1_2"]
        if let suite = offer.opensslSuite {
            options += [offer.version == .tls13 ? "-ciphersuites" : "-cipher", suite]
        }
        if let group = offer.group {
            options += ["-groups", group.rawValue.replacingOccurrences(of: "secp256r1", with: "prime256v1")]
        }
        if offer.requiresPKCS1 { options += ["-sigalgs", "RSA+SHA256:ECDSA+SHA256"] }
        return options
    }

    fileprivate static func safetlsOptions(_ offer: Offer) -> [String] {
        var options = [offer.version == .tls13 ? "--tls1.3" : "--tls1.2"]
        if let suite = offer.opensslSuite { options += ["--ciphers", suite] }
        if let group = offer.group { options += ["--groups", group.rawValue] }
        if offer.requiresPKCS1 { options += ["--sigalgs", "rsa_pkcs1_sha256,ecdsa_secp256r1_sha256"] }
        return options
    }
}

/// The server has ten minutes to shake hands, and a fifteenth of that for its ticket.
func startSafeTLSClient(
    _ port: Int,
    _ options: [String],
    input: ChildProcess.Input = .pipe
) throws -> ChildProcess {
    try ChildProcess(SafeTLSTool.path, ["connect", "localhost:\(port)", "--timeout", "600"] + options, input: input)
}

func startOpenSSLClient(_ port: Int, _ options: [String]) throws -> ChildProcess {
    let authority = try TestCertificates.shared().authority.path
    return try ChildProcess(
        "openssl",
        ["s_client", "-connect", "127.0.0.1:\(port)", "-CAfile", authority, "-verify_return_error"]
            + ["-servername", "localhost", "-verify_hostname", "localhost"] + options,
        input: .pipe
    )
}

func startGnuTLSClient(_ port: Int, _ options: [String]) throws -> ChildProcess {
    let authority = try TestCertificates.shared().authority.path
    return try ChildProcess(
        "gnutls-cli",
        ["--port", "\(port)", "--x509cafile", authority, "--verify-hostname=localhost", "--sni-hostname=localhost"]
            + options + ["127.0.0.1"],
        input: .pipe
    )
}

extension ChildProcess {
    /// Waits until the program has printed a text so many times.
    func waitForText(_ text: String, times count: Int) throws {
        try Patience.wait(for: "'\(text)', \(count) times, of \(command)", by: self, details: { transcript }) {
            transcript.components(separatedBy: text).count - 1 >= count
        }
    }
}
