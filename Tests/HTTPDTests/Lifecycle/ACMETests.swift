// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// mod_md with an authority that speaks ACME: Let's Encrypt's pebble, on loopback.
@Suite struct ACMETests {
    private static let name = "managed.example"

    /// The authority, and the name server that it asks.
    private final class Authority: Sendable {
        let port: Int
        private let servers: [ChildProcess]

        init(plain: Int, tls: Int) throws {
            port = try LoopbackPort.free()
            let (management, names, namesManagement) =
                (try LoopbackPort.free(), try LoopbackPort.free(), try LoopbackPort.free())
            let identity = try TestCertificates.shared().localhost(.ecdsaP256)
            let file = try TemporaryDirectory.make("pebble").appendingPathComponent("pebble.json")
            let configuration = """
                {"pebble": {
                    "listenAddress": "127.0.0.1:\(port)", "managementListenAddress": "127.0.0.1:\(management)",
                    "certificate": "\(identity.certificate.path)", "privateKey": "\(identity.key.path)",
                    "httpPort": \(plain), "tlsPort": \(tls), "ocspResponderURL": "", "externalAccountBindingRequired": false
                }}
                """
            try Data(configuration.utf8).write(to: file)
            servers = [
                try ChildProcess(
                    "pebble-challtestsrv",
                    [
                        "-dns01", "127.0.0.1:\(names)", "-management", "127.0.0.1:\(namesManagement)", "-http01", "",
                        "-https01", "", "-tlsalpn01", "", "-defaultIPv4", "127.0.0.1", "-defaultIPv6", "",
                    ]
                ),
                try ChildProcess(
                    "env",
                    [
                        "PEBBLE_VA_NOSLEEP=1", "PEBBLE_WFE_NONCEREJECT=0", "pebble", "-config", file.path, "-dnsserver",
                        "127.0.0.1:\(names)",
                    ]
                ),
            ]
            try LoopbackPort.wait(for: names, by: servers[0])
            try LoopbackPort.wait(for: port, by: servers[1])
        }

        var transcript: String { servers.map(\.transcript).joined(separator: "\n") }
    }

    private func children(of process: Int32) throws -> Set<Substring> {
        let list = "/proc/\(process)/task/\(process)/children"
        return Set(try KernelFile.text(list).split(separator: " "))
    }

    /// Status and serial number.
    private func answer(_ server: HTTPServer) throws -> (status: String, serial: String) {
        let address = "\(Self.name):\(server.port)"
        let head = try curl([
            "--insecure", "--head", "--resolve", "\(address):127.0.0.1", "https://\(address)/",
        ]).text.split(separator: "\r\n")
        let serial = head.first { $0.hasPrefix("X-Serial: ") }.map { String($0.dropFirst(10)) }
        return (head.first.map { String($0.split(separator: " ")[1]) } ?? "", serial ?? "")
    }

    /// The first certificate, and one that renews it, are served by processes that were there before.
    @Test func renewalsAreServedWithoutARestart() throws {
        let certificates = try TestCertificates.shared()
        let store = try TemporaryDirectory.make("md-acme")
        let (plain, tls) = (try LoopbackPort.free(), try LoopbackPort.free())
        let authority = try Authority(plain: plain, tls: tls)
        let server = try HTTPServer(face: .ssl, port: tls) { port in
            """
            LoadModule md_module /usr/lib/apache2/modules/mod_md.so
            StartServers 2
            ServerLimit 2
            ThreadsPerChild 16
            MaxRequestWorkers 32
            MinSpareThreads 1
            MaxSpareThreads 32
            Listen 127.0.0.1:\(plain)
            MDStoreDir "\(store.path)"
            MDCertificateAuthority https://localhost:\(authority.port)/dir
            MDCACertificateFile "\(certificates.authority.path)"
            MDCertificateAgreement accepted
            MDContactEmail admin@example.org
            MDCAChallenges http-01
            MDPortMap 80:\(plain) 443:\(port)
            # Whatever there is has to be renewed, once a restart.
            MDRenewWindow 9999d
            MDomain \(Self.name)
            TLSReloadInterval 1
            <VirtualHost 127.0.0.1:\(plain)>
                ServerName \(Self.name)
            </VirtualHost>
            <VirtualHost 127.0.0.1:\(port)>
                ServerName \(Self.name)
                SSLEngine on
                Header always set X-Serial "%{SSL_SERVER_M_SERIAL}s"
            </VirtualHost>
            """
        }
        func waitForOther(than serial: String) throws -> String {
            try Patience.wait(
                for: "a certificate other than \(serial)",
                by: server.child,
                details: { server.errorLog + authority.transcript }
            ) {
                let answers = try (0..<10).map { _ in try answer(server) }
                let isOther = answers.allSatisfy { $0.status == "200" && !$0.serial.isEmpty && $0.serial != serial }
                return isOther ? answers[0].serial : nil
            }
        }
        let parent = server.process
        var processes = try children(of: parent)
        // Until there is a certificate a stand-in answers, with 503.
        let first = try waitForOther(than: "")
        #expect(try server.process == parent && children(of: parent) == processes)

        // mod_md renews again once it has the first in use, which takes a restart.
        try server.restartGracefully()
        // A new process comes when an old one has gone.
        processes = try Patience.wait(for: "new processes", by: server.child) {
            let found = try children(of: parent)
            return found.count == processes.count && found.isDisjoint(with: processes) ? found : nil
        }
        _ = try waitForOther(than: first)
        #expect(try server.process == parent && processes.isSuperset(of: children(of: parent)))
        try server.stop()
    }
}
