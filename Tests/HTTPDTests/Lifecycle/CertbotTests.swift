// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Renewals in certbot's layout: numbered files in `archive`, which only root can look into, and links to them in `live`.
@Suite struct CertbotTests {
    private let directory: URL

    private var live: URL { directory.appendingPathComponent("live/localhost") }
    private var archive: URL { directory.appendingPathComponent("archive/localhost") }

    init() throws {
        directory = try TemporaryDirectory.make("certbot")
        for path in [live, archive] {
            try FileManager.default.createDirectory(at: path, withIntermediateDirectories: true)
        }
        for path in ["live", "archive"] {
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o700],
                ofItemAtPath: directory.appendingPathComponent(path).path
            )
        }
    }

    /// As certbot does it: the new files first, then one link after the other is removed and made anew.
    private func renew(_ number: Int, _ identity: TestCertificates.Identity) throws {
        let files = FileManager.default
        for (name, source, mode) in [("privkey", identity.key, 0o600), ("fullchain", identity.certificate, 0o644)] {
            let file = archive.appendingPathComponent("\(name)\(number).pem")
            try Data(contentsOf: source).write(to: file)
            try files.setAttributes([.posixPermissions: mode], ofItemAtPath: file.path)
        }
        for name in ["privkey", "fullchain"] {
            let link = live.appendingPathComponent("\(name).pem").path
            // There is none the first time.
            try? files.removeItem(atPath: link)
            let target = "../../archive/localhost/\(name)\(number).pem"
            try files.createSymbolicLink(atPath: link, withDestinationPath: target)
        }
    }

    private func children(of process: Int32) throws -> Set<Substring> {
        let list = "/proc/\(process)/task/\(process)/children"
        return Set(try KernelFile.text(list).split(separator: " "))
    }

    private func serial(_ server: HTTPServer) throws -> String {
        try curl(["--head", server.url]).text.split(separator: "\r\n")
            .first { $0.hasPrefix("X-Serial:") }.map(String.init) ?? ""
    }

    @Test func aRenewalIsServedWithoutARestart() throws {
        let certificates = try TestCertificates.shared()
        try renew(1, certificates.localhost(.ecdsaP256))
        let server = try HTTPServer(face: .ssl) { port in
            """
            TLSReloadInterval 1
            <VirtualHost 127.0.0.1:\(port)>
                ServerName localhost
                SSLEngine on
                SSLCertificateFile \(live.path)/fullchain.pem
                SSLCertificateKeyFile \(live.path)/privkey.pem
                Header always set X-Serial "%{SSL_SERVER_M_SERIAL}s"
            </VirtualHost>
            """
        }
        let (before, parent) = (try serial(server), server.process)
        let processes = try children(of: parent)
        #expect(!before.isEmpty && !processes.isEmpty)

        try renew(2, certificates.localhost(.rsa))
        try Patience.wait(for: "the change", until: { server.errorLog.contains("is taken into use") })
        for _ in 0..<20 { #expect(try serial(server) != before) }
        #expect(server.process == parent)
        // Others may have come, for the sake of the load.
        #expect(try processes.isSubset(of: children(of: parent)))
        #expect(!server.errorLog.contains("SIGUSR1"))
        try server.stop()
    }
}
