// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Combinations with ML-KEM, against stacks that have them, and without them against those that have not.
@Suite struct PostQuantumTests {
    /// Peers that play both roles.
    private static let peers: [Peer] = [.openssl, .go]

    /// The peer's way to say a group.
    private static let codePoints = [
        "X25519MLKEM768": 0x11EC, "SecP256r1MLKEM768": 0x11EB, "SecP384r1MLKEM1024": 0x11ED, "x25519": 29,
        "secp256r1": 23,
    ]

    private static func name(_ group: String, for peer: Peer) -> String {
        peer == .go ? "\(codePoints[group] ?? 0)" : group
    }

    /// Nobody says anything.
    @Test(arguments: peers) func defaultsOfTheirClient(peer: Peer) throws {
        let server = try startSafeTLS(identities: [TestCertificates.shared().localhost(.ecdsaP256)])
        let text = try Self.connect(peer, to: server.port, "")
        #expect(text.contains("group X25519MLKEM768") && text.contains(Program.message), "\(text)")
        print("\(peer.rawValue) to safetls: \(text.prefix { $0 != "\n" })")
        try server.child.waitForText("X25519MLKEM768")
    }

    @Test(arguments: peers) func defaultsOfTheirServer(peer: Peer) throws {
        let server = try Self.startServer(peer, "")
        let text = try Self.connectSafeTLS(to: server.port)
        #expect(Self.group(text) == "X25519MLKEM768" && !text.contains("HelloRetryRequest"), "\(text)")
        try server.child.waitForText("group X25519MLKEM768")
        print("safetls to \(peer.rawValue): \(server.child.transcript.split(separator: "\n").last ?? "")")
    }

    /// Each group, the peer held to it.
    @Test(arguments: peers, ["X25519MLKEM768", "SecP256r1MLKEM768", "SecP384r1MLKEM1024"])
    func everyGroup(peer: Peer, group: String) throws {
        let ours = try startSafeTLS(identities: [TestCertificates.shared().localhost(.ecdsaP256)])
        let answer = try Self.connect(peer, to: ours.port, Self.name(group, for: peer))
        #expect(answer.contains("group \(group)") && answer.contains(Program.message), "\(answer)")
        let theirs = try Self.startServer(peer, Self.name(group, for: peer))
        let text = try Self.connectSafeTLS(to: theirs.port)
        #expect(Self.group(text) == group, "\(text)")
        // With a share for it in the first ClientHello, too.
        let again = try Self.startServer(peer, Self.name(group, for: peer))
        #expect(try Self.group(Self.connectSafeTLS(to: again.port, ["--groups", group])) == group)
    }

    /// Servers without ML-KEM: the system's OpenSSL before 3.5, GnuTLS and those that turned it off get X25519 at once.
    @Test(arguments: ["system", "gnutls", "openssl", "go"])
    func serversWithout(server: String) throws {
        let offer = Offer(version: .tls13)
        let running =
            switch server {
            case "system": try Program.openssl.startServer(offer, isRestricted: false)
            case "gnutls": try Program.gnutls.startServer(offer, isRestricted: false)
            case "openssl": try Self.startServer(.openssl, "x25519")
            default: try Self.startServer(.go, Self.name("x25519", for: .go))
            }
        let text = try Self.connectSafeTLS(to: running.port)
        let expected = server == "system" && NewOpenSSL.isUsual ? "X25519MLKEM768" : "x25519"
        #expect(Self.group(text) == expected, "\(text)")
        #expect(!text.contains("HelloRetryRequest"), "\(text)")
    }

    /// A server that has neither share asks for another one.
    @Test(arguments: peers) func retry(peer: Peer) throws {
        let running = try Self.startServer(peer, Self.name("secp256r1", for: peer))
        let text = try Self.connectSafeTLS(to: running.port)
        #expect(Self.group(text) == "secp256r1" && text.contains("HelloRetryRequest"), "\(text)")
    }

    // MARK: - Programs

    private static func startServer(_ peer: Peer, _ groups: String) throws -> RunningServer {
        let identity = try TestCertificates.shared().localhost(.ecdsaP256)
        let child = try peer.start(["server", identity.certificate.path, identity.key.path, groups])
        return RunningServer(child: child, port: try Program.port(in: child, after: "listening on "))
    }

    private static func connect(_ peer: Peer, to port: Int, _ groups: String) throws -> String {
        let authority = try TestCertificates.shared().authority.path
        return try peer.run(["client", "\(port)", authority, groups, Program.message])
    }

    private static func connectSafeTLS(to port: Int, _ options: [String] = []) throws -> String {
        let authority = try TestCertificates.shared().authority.path
        let child = try startSafeTLSClient(port, ["--ca", authority] + options)
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

    /// What `safetls connect` says of the group.
    private static func group(_ text: String) -> String? {
        text.split(separator: "\n").first { $0.contains("group") }?.split(whereSeparator: { " \t:".contains($0) }).last
            .map(String.init)
    }
}
