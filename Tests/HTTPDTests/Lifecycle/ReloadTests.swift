// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Certificates, keys and revocation lists that change while httpd runs.
@Suite struct ReloadTests {
    private static func copy(_ from: URL, to: URL, mode: Int = 0o644) throws {
        // As tools do that renew certificates: a new file takes the old one's place.
        let new = to.appendingPathExtension("new")
        try Data(contentsOf: from).write(to: new)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: new.path)
        try ChildProcess.check("mv", [new.path, to.path])
    }

    private static func waitFor(_ what: String, _ condition: () throws -> Bool) throws {
        try Patience.wait(for: what, until: condition)
    }

    private func serial(_ server: HTTPServer) throws -> String {
        try curl(["--head", server.url]).text.split(separator: "\r\n")
            .first { $0.hasPrefix("X-Serial:") }.map(String.init) ?? ""
    }

    /// A key that only the parent can read, as root's are, is taken into use by all processes; one that does not fit its
    /// certificate is not, and that is said once.
    @Test(arguments: [HTTPServer.Face.tls, .ssl]) func certificates(face: HTTPServer.Face) throws {
        let certificates = try TestCertificates.shared()
        let directory = try TemporaryDirectory.make("reload")
        let (chain, key) = (directory.appendingPathComponent("c.pem"), directory.appendingPathComponent("c.key"))
        let (old, new) = (certificates.localhost(.ecdsaP256), certificates.localhost(.rsa))
        try Self.copy(old.certificate, to: chain)
        try Self.copy(old.key, to: key, mode: 0o600)
        let server = try HTTPServer(face: face) { port in
            """
            \(face == .tls ? "TLSEngine 127.0.0.1:\(port)" : "")
            TLSReloadInterval 1
            <VirtualHost 127.0.0.1:\(port)>
                ServerName localhost
                \(face == .tls ? "TLSCertificate \(chain.path) \(key.path)" : "SSLEngine on")
                \(face == .tls ? "" : "SSLCertificateFile \(chain.path)\nSSLCertificateKeyFile \(key.path)")
                Header always set X-Serial "%{SSL_SERVER_M_SERIAL}s"
            </VirtualHost>
            """
        }
        let before = try serial(server)
        #expect(!before.isEmpty)

        // The certificate alone does not fit the key.
        try Self.copy(new.certificate, to: chain)
        try Self.waitFor("the log's line") { server.errorLog.contains("the old certificate stays") }
        #expect(try serial(server) == before)

        try Self.copy(new.key, to: key, mode: 0o600)
        try Self.waitFor("the change") { server.errorLog.contains("is taken into use") }
        for _ in 0..<20 { #expect(try serial(server) != before) }
        // And by processes that are started later.
        try server.restartGracefully()
        #expect(try serial(server) != before)
        try server.stop()
        #expect(server.complaints.count == 1, "\(server.complaints)")
    }

    /// What cannot be read for a moment is read again, without another change.
    @Test func busyFiles() throws {
        let certificates = try TestCertificates.shared()
        let directory = try TemporaryDirectory.make("busy")
        let (chain, key) = (directory.appendingPathComponent("c.pem"), directory.appendingPathComponent("c.key"))
        let identity = certificates.localhost(.ecdsaP256)
        try Self.copy(identity.certificate, to: chain)
        try Self.copy(identity.key, to: key, mode: 0o600)
        let server = try HTTPServer(face: .ssl) { port in
            """
            TLSReloadInterval 1
            <VirtualHost 127.0.0.1:\(port)>
                ServerName localhost
                SSLEngine on
                SSLCertificateFile \(chain.path)
                SSLCertificateKeyFile \(key.path)
            </VirtualHost>
            """
        }
        let lease = try FileLease(chain.path)
        try Self.copy(identity.key, to: key, mode: 0o600)
        try Self.waitFor("the log's line") { server.errorLog.contains("c.pem: cannot be read (") }
        try lease.end()
        try Self.waitFor("the change") { server.errorLog.contains("is taken into use") }
        try server.stop()
    }

    /// The parent does not wait for who might write to a pipe in a file's place.
    @Test func pipes() throws {
        let certificates = try TestCertificates.shared()
        let directory = try TemporaryDirectory.make("pipes")
        let (chain, key) = (directory.appendingPathComponent("c.pem"), directory.appendingPathComponent("c.key"))
        let authority = directory.appendingPathComponent("ca.pem")
        let (old, new) = (certificates.localhost(.ecdsaP256), certificates.localhost(.rsa))
        try Self.copy(old.certificate, to: chain)
        try Self.copy(old.key, to: key, mode: 0o600)
        try Self.copy(certificates.authority, to: authority)
        let server = try HTTPServer(face: .ssl) { port in
            """
            TLSReloadInterval 1
            <VirtualHost 127.0.0.1:\(port)>
                ServerName localhost
                SSLEngine on
                SSLCertificateFile \(chain.path)
                SSLCertificateKeyFile \(key.path)
                SSLCACertificateFile \(authority.path)
                SSLVerifyClient optional
                Header always set X-Serial "%{SSL_SERVER_M_SERIAL}s"
            </VirtualHost>
            """
        }
        let before = try serial(server)
        func complaints() -> Int { server.errorLog.components(separatedBy: "is not a regular file").count - 1 }
        for file in [chain, key] {
            let seen = complaints()
            try ChildProcess.check("/bin/sh", ["-c", "rm '\(file.path)' && mkfifo '\(file.path)'"])
            try Self.waitFor("the log's line") { complaints() > seen }
            #expect(try serial(server) == before)
        }
        try ChildProcess.check("/bin/sh", ["-c", "rm '\(authority.path)' && mkfifo '\(authority.path)'"])
        try Self.waitFor("the log's line") { server.errorLog.contains("It is not a regular file") }
        try Self.copy(certificates.authority, to: authority)
        try Self.copy(new.certificate, to: chain)
        try Self.copy(new.key, to: key, mode: 0o600)
        try Self.waitFor("the change") { server.errorLog.contains("is taken into use") }
        #expect(try serial(server) != before)
        try server.stop()
    }

    /// An authority in a directory, its client, a list that names nobody and the next one, which names that client; and a server.
    ///
    /// - Parameter processes: How many the server has, as directives.
    private func revoking(inDirectory: Bool, processes: String = "") throws -> (
        server: HTTPServer, directory: URL, options: [String]
    ) {
        let directory = try TemporaryDirectory.make("revocation")
        let script = """
            set -eu
            cd '\(directory.path)'
            openssl ecparam -name prime256v1 -genkey -noout -out ca.key
            openssl req -x509 -new -key ca.key -subj /CN=ca -days 30 -out ca.pem \
                -addext keyUsage=critical,keyCertSign,cRLSign
            openssl ecparam -name prime256v1 -genkey -noout -out client.key
            openssl req -new -key client.key -subj /CN=client -out client.csr
            printf 'keyUsage=digitalSignature\\nextendedKeyUsage=clientAuth\\n' > client.ext
            openssl x509 -req -in client.csr -CA ca.pem -CAkey ca.key -set_serial 7 -days 30 -extfile client.ext \
                -out client.pem
            touch index.txt
            printf '[ca]\\ndefault_ca=d\\n[d]\\ndatabase=index.txt\\ndefault_md=sha256\\ndefault_crl_days=20\\n' > ca.cnf
            openssl ca -config ca.cnf -cert ca.pem -keyfile ca.key -gencrl -out crl.pem
            openssl ca -config ca.cnf -cert ca.pem -keyfile ca.key -revoke client.pem
            openssl ca -config ca.cnf -cert ca.pem -keyfile ca.key -gencrl -out next.pem
            mkdir lists
            cp crl.pem "lists/$(openssl crl -noout -hash -in crl.pem).r0"
            cp crl.pem list.pem
            chmod -R a+rX .
            """
        _ = try ChildProcess.check("/bin/sh", ["-c", script])
        let server = try HTTPServer(face: .ssl) { port in
            """
            \(processes)
            TLSReloadInterval 1
            <VirtualHost *:\(port)>
                ServerName localhost
                SSLEngine on
                \(StandInTests.certificate(try TestCertificates.shared().localhost(.ecdsaP256)))
                SSLCACertificateFile "\(directory.path)/ca.pem"
                SSLCARevocation\(inDirectory ? "Path" : "File") "\(directory.path)/\(inDirectory ? "lists" : "list.pem")"
                SSLCARevocationCheck leaf
                SSLVerifyClient require
            </VirtualHost>
            """
        }
        let options = ["--cert", "\(directory.path)/client.pem", "--key", "\(directory.path)/client.key", server.url]
        #expect(try curl(options).text == "This is localhost.\n", "\(server.errorLog)")
        return (server, directory, options)
    }

    /// A client that a new list names is refused, without a restart; also if the list, in a directory, is written anew in its
    /// place, which changes nothing of the directory.
    @Test(arguments: [false, true]) func revocationLists(inDirectory: Bool) throws {
        let (server, directory, options) = try revoking(inDirectory: inDirectory)
        let next = directory.appendingPathComponent("next.pem")
        if inDirectory {
            // At once: it is longer, and a list that is empty for a moment would be one that cannot be used.
            try ChildProcess.check(
                "/bin/sh",
                ["-c", "cd '\(directory.path)/lists' && dd if='\(next.path)' of=\"$(ls)\" bs=64k conv=notrunc"]
            )
        } else {
            try Self.copy(next, to: directory.appendingPathComponent("list.pem"))
        }
        try Self.waitFor("the refusal") { try curl(options).status != 0 }
        #expect(server.errorLog.contains("revoked"))
        try server.stop()
        #expect(server.complaints(except: "STLS0001").isEmpty, "\(server.complaints)")
    }

    /// A list that cannot be read when it is new counts as soon as it can: in the process that could not. There is no other one, which
    /// might come upon it later.
    @Test func busyRevocationLists() throws {
        let one = """
            ServerLimit 1
            StartServers 1
            ThreadsPerChild 8
            MaxRequestWorkers 8
            MinSpareThreads 1
            MaxSpareThreads 8
            """
        let (server, directory, options) = try revoking(inDirectory: false, processes: one)
        let next = directory.appendingPathComponent("next.pem")
        let lease = try FileLease(next.path)
        try ChildProcess.check("mv", [next.path, directory.appendingPathComponent("list.pem").path])
        try Self.waitFor("the log's line") {
            let status = try curl(options).status
            #expect(status == 0)
            return server.errorLog.contains("cannot be used, the old stay")
        }
        try lease.end()
        try Self.waitFor("the refusal") { try curl(options).status != 0 }
        #expect(server.errorLog.contains("revoked"))
        try server.stop()
    }

    /// The same for the certificates that proxied servers are shown, in a server and in a section: a key that only the parent
    /// can read, and authorities. The front itself speaks no TLS.
    @Test(arguments: [false, true]) func proxiedServers(inSection: Bool) throws {
        let directory = try TemporaryDirectory.make("proxied")
        let script = """
            set -eu
            cd '\(directory.path)'
            make_key() { openssl ecparam -name prime256v1 -genkey -noout -out $1.key; }
            printf 'keyUsage=digitalSignature\\nextendedKeyUsage=clientAuth\\n' > client.ext
            for name in old new; do
                make_key $name
                openssl req -x509 -new -key $name.key -subj "/CN=$name" -days 30 -out $name.pem
                make_key client-$name
                openssl req -new -key client-$name.key -subj "/CN=client-$name" -out client-$name.csr
                openssl x509 -req -in client-$name.csr -CA $name.pem -CAkey $name.key -set_serial 7 -days 30 -out c.pem \
                    -extfile client.ext
                cat c.pem client-$name.key > client-$name.pem
            done
            cat old.pem new.pem > both.pem
            """
        _ = try ChildProcess.check("/bin/sh", ["-c", script])
        let certificates = try TestCertificates.shared()
        let inner = try HTTPServer(face: .ssl) { port in
            """
            <VirtualHost *:\(port)>
                ServerName localhost
                SSLEngine on
                \(StandInTests.certificate(certificates.localhost(.ecdsaP256)))
                SSLCACertificateFile "\(directory.path)/both.pem"
                SSLVerifyClient require
                Header always set X-Client "%{SSL_CLIENT_S_DN_CN}s"
            </VirtualHost>
            """
        }
        let (machine, authority) = (
            directory.appendingPathComponent("machine.pem"), directory.appendingPathComponent("authority.pem")
        )
        try Self.copy(directory.appendingPathComponent("client-old.pem"), to: machine, mode: 0o600)
        try Self.copy(certificates.authority, to: authority)
        let modules = "/usr/lib/apache2/modules"
        let server = try HTTPServer(face: .ssl) { port in
            let lines = """
                SSLProxyMachineCertificateFile \(machine.path)
                SSLProxyCACertificateFile \(authority.path)
                SSLProxyVerify require
                """
            return """
                LoadModule proxy_module \(modules)/mod_proxy.so
                LoadModule proxy_http_module \(modules)/mod_proxy_http.so
                LoadModule env_module \(modules)/mod_env.so
                TLSReloadInterval 1
                <VirtualHost *:\(port)>
                    ServerName front.example
                    SSLProxyEngine on
                    SetEnv proxy-nokeepalive 1
                    ProxyPass / https://localhost:\(inner.port)/
                    \(inSection ? "" : lines)
                    <Proxy https://localhost:\(inner.port)/>
                        \(inSection ? lines : "")
                    </Proxy>
                </VirtualHost>
                """
        }
        func client() throws -> String {
            try curl(["--head", "http://localhost:\(server.port)/"]).text.split(separator: "\r\n")
                .first { $0.hasPrefix("X-Client:") || $0.hasPrefix("HTTP/1.1 5") }.map(String.init) ?? ""
        }
        #expect(try client() == "X-Client: client-old", "\(server.errorLog)")

        try Self.copy(directory.appendingPathComponent("client-new.pem"), to: machine, mode: 0o600)
        try Self.waitFor("the change") { server.errorLog.contains("machine.pem has changed and is taken into use") }
        for _ in 0..<10 { #expect(try client() == "X-Client: client-new") }

        try Self.copy(directory.appendingPathComponent("old.pem"), to: authority)
        try Self.waitFor("the refusal") { try client().hasPrefix("HTTP/1.1 500") }
        try Self.copy(certificates.authority, to: authority)
        try Self.waitFor("the acceptance") { try client() == "X-Client: client-new" }
        try server.stop()
        try inner.stop()
    }

    /// A certificate that changes while the authorities are not readable is taken when they are again.
    @Test func certificatesBesideBrokenAuthorities() throws {
        let certificates = try TestCertificates.shared()
        let directory = try TemporaryDirectory.make("reload")
        let (chain, authority) = (
            directory.appendingPathComponent("c.pem"), directory.appendingPathComponent("ca.pem")
        )
        func both(_ identity: TestCertificates.Identity) throws -> URL {
            let file = directory.appendingPathComponent(UUID().uuidString)
            try (Data(contentsOf: identity.certificate) + Data(contentsOf: identity.key)).write(to: file)
            return file
        }
        try Self.copy(both(certificates.localhost(.ecdsaP256)), to: chain)
        try Self.copy(certificates.authority, to: authority)
        let server = try HTTPServer(face: .ssl) { port in
            """
            # One process: another one might look only when all is well.
            ServerLimit 1
            StartServers 1
            MaxRequestWorkers 25
            TLSReloadInterval 1
            <VirtualHost 127.0.0.1:\(port)>
                ServerName localhost
                SSLEngine on
                SSLCertificateFile \(chain.path)
                SSLCACertificateFile \(authority.path)
                SSLVerifyClient optional
                Header always set X-Serial "%{SSL_SERVER_M_SERIAL}s"
            </VirtualHost>
            """
        }
        let before = try serial(server)
        try Data("nothing".utf8).write(to: authority)
        try Self.copy(both(certificates.localhost(.rsa)), to: chain)
        try Self.waitFor("the log's line") { server.errorLog.contains("the old stay") }
        #expect(try serial(server) == before)
        try Self.copy(certificates.authority, to: authority)
        try Self.waitFor("the change") { try ![before, ""].contains(serial(server)) }
        // That only the authorities changed the second time is seen.
        #expect(server.errorLog.components(separatedBy: "c.pem has changed").count == 2, "\(server.errorLog)")
        try server.stop()
    }

    /// A system that has no memory which processes can read and not write: httpd says so, and serves.
    @Test func withoutSealedMemory() throws {
        let directory = try TemporaryDirectory.make("preload")
        let source = "#include <errno.h>\nint memfd_create(const char *n, unsigned f) { errno = ENOSYS; return -1; }\n"
        try Data(source.utf8).write(to: directory.appendingPathComponent("old.c"))
        try ChildProcess.check("gcc", ["-shared", "-fPIC", "-o", "old.so", "old.c"], in: directory)
        let server = try HTTPServer(environment: ["LD_PRELOAD": "\(directory.path)/old.so"])
        #expect(try curl([server.url]).text == "This is localhost.\n")
        try server.restartGracefully()
        #expect(try curl([server.url]).text == "This is localhost.\n")
        try server.stop()
        let sentence = "STLS0014: files that change are taken into use by restarts only (TLSReloadInterval)"
        #expect(
            !server.complaints.isEmpty && server.complaints.allSatisfy { $0.contains(sentence) },
            "\(server.errorLog)"
        )
    }

    @Test func intervals() throws {
        #expect { try HTTPServer { _ in "TLSReloadInterval sometimes" } } throws: { "\($0)".contains("sometimes") }
    }
}
