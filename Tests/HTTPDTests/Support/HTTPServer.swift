// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Foundation
import TestSupport

/// Debian's httpd with the module, in a directory of its own on a port of its own.
final class HTTPServer: Sendable {
    enum MultiProcessing: String, Sendable {
        case event, worker, prefork
    }

    /// The faces of the module.
    enum Face: String, Sendable {
        case tls, ssl

        /// The module that `make module` leaves.
        var module: URL { self == .tls ? HTTPServer.module : HTTPServer.build.appendingPathComponent("mod_ssl.so") }
    }

    /// The module under test; `SAFETLS_MODULE` names another than the one that `make module` leaves.
    static let module: URL = {
        if let path = ProcessInfo.processInfo.environment["SAFETLS_MODULE"] { return URL(fileURLWithPath: path) }
        return build.appendingPathComponent("mod_tls.so")
    }()

    private static let build: URL = {
        let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
            .deletingLastPathComponent()
        return package.appendingPathComponent("build")
    }()

    /// How many may start at a time.
    private static let starts = DispatchSemaphore(value: max(1, ProcessInfo.processInfo.activeProcessorCount / 2))

    let port: Int
    let root: URL
    let child: ChildProcess

    var documents: URL { root.appendingPathComponent("htdocs") }
    var errorLog: String { text("logs/error.log") }
    var accessLog: String { text("logs/access.log") }
    var url: String { "https://localhost:\(port)" }

    /// Starts httpd with the usual virtual hosts (see ``defaultHosts``) or others, and waits until it accepts connections.
    init(
        _ mpm: MultiProcessing = .event,
        face: Face = .tls,
        port wanted: Int? = nil,
        environment: [String: String] = [:],
        hosts: (@Sendable (_ port: Int) throws -> String)? = nil
    ) throws {
        let port = try wanted ?? LoopbackPort.free()
        self.port = port
        root = try Self.makeRoot()
        let configuration = try Self.configuration(
            mpm,
            face: face,
            root: root,
            port: port,
            hosts: hosts?(port) ?? Self.defaultHosts(port, root: root)
        )
        let file = root.appendingPathComponent("httpd.conf")
        try Data(configuration.utf8).write(to: file)
        // Variables that Debian's start script sets.
        let variables = ["APACHE_LOG_DIR": root.path + "/logs", "APACHE_RUN_DIR": root.path + "/logs"]
        // Starting costs more than serving: on a busy machine all would be late together.
        Self.starts.wait()
        defer { Self.starts.signal() }
        child = try ChildProcess(
            "/usr/bin/env",
            variables.merging(environment) { $1 }.map { "\($0)=\($1)" }
                + ["/usr/sbin/apache2", "-d", root.path, "-f", file.path, "-DFOREGROUND"]
        )
        // Before it says so it takes no signals: one ends it, or is lost.
        try Patience.wait(for: "the start of httpd", by: child, details: { "\(child.transcript)\n\(errorLog)" }) {
            LoopbackPort.isListening(port) && errorLog.contains(Self.isReady)
        }
    }

    deinit {
        // Killing it, as a child that is forgotten is, would leave its own children behind.
        try? stop()
    }

    /// Lines of the error log that a production log would keep and somebody would have to look at. That the certificates of
    /// tests are for other names than their hosts (STLS0019) is not among them.
    var complaints: [String] {
        errorLog.split(separator: "\n").map(String.init).filter { line in
            ["warn]", "error]", "crit]", "alert]", "emerg]"].contains {
                line.contains(":\($0)") && !line.contains("STLS0019")
            }
                || line.contains("exit signal")
        }
    }

    /// The same without what the module says of clients that were refused on purpose.
    func complaints(except events: String...) -> [String] {
        complaints.filter { line in !events.contains { line.contains("\($0):") } }
    }

    /// What httpd says when it has started, and again when it has restarted, whatever the level of the log.
    private static let isReady = "resuming normal operations"

    /// Restarts gracefully and waits until the new configuration is in use.
    func restartGracefully() throws {
        let before = errorLog.components(separatedBy: Self.isReady).count
        child.signal(SIGUSR1)
        try Patience.wait(for: "httpd's restart", by: child, details: { errorLog }) {
            errorLog.components(separatedBy: Self.isReady).count > before
        }
    }

    /// The processes that serve, and those of other modules.
    func children() throws -> Set<Int32> { Set(try ProcessMemory.children(of: process)) }

    /// The parent process; 0 when there is none.
    var process: Int32 { Int32(text("logs/httpd.pid").trimmingCharacters(in: .newlines)) ?? 0 }

    /// The memory of the parent process, from which all children come.
    var residentKilobytes: Int {
        guard let status = try? KernelFile.text("/proc/\(process)/status"),
            let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmRSS:") })
        else { return 0 }
        return line.split(separator: " ").compactMap { Int($0) }.first ?? 0
    }

    /// Stops httpd; throws unless it ends by itself.
    ///
    /// - Parameter isGraceful: Whether connections are waited for. Told to end at once, the event MPM closes the sockets of
    ///   threads that are just closing them themselves, and now and then a process dies of it, also with Debian's mod_ssl;
    ///   told to end gracefully, httpd leaves processes behind that are stopped.
    func stop(isGraceful: Bool = true) throws {
        child.signal(isGraceful ? SIGWINCH : SIGTERM)
        let outcome = try child.waitForExit()
        guard outcome.status == 0 else { throw ChildProcessError("httpd ended with \(outcome)\n\(errorLog)") }
    }

    /// Waits until the access log has this many lines, which httpd writes after the response.
    func waitForAccessLog(lines: Int) throws -> [String] {
        try Patience.wait(for: "line \(lines) of the access log", by: child, details: { accessLog }) {
            let found = accessLog.split(separator: "\n").map(String.init)
            return found.count >= lines ? found : nil
        }
    }

    private func text(_ file: String) -> String {
        (try? String(contentsOf: root.appendingPathComponent(file), encoding: .utf8)) ?? ""
    }

    // MARK: - Configuration

    private static let isRoot = getuid() == 0

    static func makeRoot() throws -> URL {
        guard FileManager.default.fileExists(atPath: module.path) else {
            throw ChildProcessError("there is no \(module.path); 'make module' builds it")
        }
        let root = try TemporaryDirectory.make("httpd")
        for name in ["logs", "htdocs", "htdocs/a", "htdocs/b", "cgi-bin"] {
            try FileManager.default.createDirectory(
                at: root.appendingPathComponent(name),
                withIntermediateDirectories: true
            )
        }
        for (name, content) in ["": "localhost", "a/": "a.example", "b/": "b.example"] {
            try Data("This is \(content).\n".utf8).write(to: root.appendingPathComponent("htdocs/\(name)index.html"))
        }
        for (name, script) in CGIScripts.all {
            let file = root.appendingPathComponent("cgi-bin/\(name)")
            try Data(script.utf8).write(to: file)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file.path)
        }
        return root
    }

    static func certificateDirective(_ identity: TestCertificates.Identity) -> String {
        "TLSCertificate \"\(identity.certificate.path)\" \"\(identity.key.path)\""
    }

    /// `localhost`, also for clients that name nothing known, and the virtual hosts `a.example` and `b.example`.
    private static func defaultHosts(_ port: Int, root: URL) throws -> String {
        let certificates = try TestCertificates.shared()
        let named = ["a", "b"].map { name in
            """
            <VirtualHost 127.0.0.1:\(port)>
                ServerName \(name).example
                DocumentRoot "\(root.path)/htdocs/\(name)"
                Protocols h2 http/1.1
                \(certificateDirective(certificates.named("\(name).example")))
            </VirtualHost>
            """
        }
        return """
            TLSEngine 127.0.0.1:\(port)
            <VirtualHost 127.0.0.1:\(port)>
                ServerName localhost
                Protocols h2 http/1.1
                \(certificateDirective(certificates.localhost(.ecdsaP256)))
                \(certificateDirective(certificates.localhost(.rsa)))
                Header set X-Protocol "%{SSL_PROTOCOL}s"
                Header set X-Cipher "%{SSL_CIPHER}s"
                Header set X-HTTPS "%{HTTPS}e"
            </VirtualHost>
            \(named.joined(separator: "\n"))
            """
    }

    static func configuration(
        _ mpm: MultiProcessing,
        face: Face = .tls,
        root: URL,
        port: Int,
        hosts: String
    ) -> String {
        let modules = "/usr/lib/apache2/modules"
        // The CGI module that fits: a process beside httpd when httpd has threads.
        let cgi = mpm == .prefork ? "cgi" : "cgid"
        let http2 = mpm == .prefork ? "" : "LoadModule http2_module \(modules)/mod_http2.so"
        return """
            ServerRoot "\(root.path)"
            DefaultRuntimeDir "\(root.path)/logs"
            PidFile "\(root.path)/logs/httpd.pid"
            ErrorLog "\(root.path)/logs/error.log"
            LogLevel info
            GracefulShutdownTimeout 10
            # Clients that a busy machine keeps from their next request find the connection.
            KeepAliveTimeout 60
            ServerName localhost
            Listen 127.0.0.1:\(port)
            \(isRoot ? "User www-data\nGroup www-data" : "")
            LoadModule mpm_\(mpm.rawValue)_module \(modules)/mod_mpm_\(mpm.rawValue).so
            LoadModule authz_core_module \(modules)/mod_authz_core.so
            LoadModule mime_module \(modules)/mod_mime.so
            LoadModule dir_module \(modules)/mod_dir.so
            LoadModule alias_module \(modules)/mod_alias.so
            LoadModule headers_module \(modules)/mod_headers.so
            LoadModule reqtimeout_module \(modules)/mod_reqtimeout.so
            LoadModule \(cgi)_module \(modules)/mod_\(cgi).so
            \(http2)
            LoadModule setenvif_module \(modules)/mod_setenvif.so
            LoadModule socache_shmcb_module \(modules)/mod_socache_shmcb.so
            LoadModule \(face.rawValue)_module "\(face.module.path)"
            \(mpm == .prefork ? "" : "ScriptSock \"\(root.path)/logs/cgisock\"")
            TypesConfig /etc/mime.types
            DocumentRoot "\(root.path)/htdocs"
            DirectoryIndex index.html
            ScriptAlias /cgi-bin/ "\(root.path)/cgi-bin/"
            <Directory "\(root.path)/cgi-bin">
                \(face.rawValue.uppercased())Options +StdEnvVars
            </Directory>
            LogFormat "%{SSL_PROTOCOL}x %{SSL_CIPHER}x %{SSL_TLS_SNI}x %{HTTPS}x \\"%r\\" %>s" tls
            CustomLog "\(root.path)/logs/access.log" tls
            \(hosts)

            """
    }
}

/// Programs that httpd runs for the tests.
enum CGIScripts {
    static let all = ["digest": digest, "environment": environment, "slow": slow]

    /// The SHA-256 of the request's body.
    private static let digest = """
        #!/usr/bin/python3
        import hashlib, sys
        digest, size = hashlib.sha256(), 0
        while chunk := sys.stdin.buffer.read(65536):
            digest.update(chunk)
            size += len(chunk)
        print("Content-Type: text/plain\\n\\n%s %d" % (digest.hexdigest(), size))
        """

    private static let environment = """
        #!/bin/sh
        printf 'Content-Type: text/plain\\n\\n'
        env
        """

    /// One line at once, another when there is a file `go` among the documents.
    private static let slow = """
        #!/bin/sh
        printf 'Content-Type: text/plain\\n\\nfirst\\n'
        tries=0
        until [ -e "$(dirname "$0")/../htdocs/go" ] || [ $tries -gt 3000 ]; do
            sleep 0.1
            tries=$((tries + 1))
        done
        printf 'second\\n'
        """
}
