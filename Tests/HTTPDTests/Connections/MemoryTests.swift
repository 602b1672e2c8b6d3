// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// What httpd's processes keep of secrets in their memory.
@Suite(.serialized) struct MemoryTests {
    /// The forms of a key that a file has and libcrypto, once it has read them, has not: it keeps numbers with the least
    /// significant byte first.
    struct Forms {
        let names: [String]
        let patterns: [Data]

        init(_ identity: TestCertificates.Identity, _ type: TestCertificates.KeyType) throws {
            let text = try String(contentsOf: identity.key, encoding: .utf8)
            let lines = text.split(separator: "\n").filter { !$0.hasPrefix("-----") }
            var names = ["a line of the file"]
            var patterns = [Data(lines[1].utf8)]
            for (name, bytes) in try Self.numbers(identity, type) {
                names.append(name)
                patterns.append(bytes)
            }
            self.names = names
            self.patterns = patterns
        }

        /// The secret numbers of a key, the most significant byte first, as DER has them.
        private static func numbers(
            _ identity: TestCertificates.Identity,
            _ type: TestCertificates.KeyType
        ) throws -> [(String, Data)] {
            let text = try ChildProcess.check("openssl", ["pkey", "-in", identity.key.path, "-noout", "-text"]).text
            let wanted = type == .rsa ? ["privateExponent:", "prime1:", "prime2:"] : ["priv:"]
            var found: [(String, Data)] = []
            var name: String?
            var digits = ""
            for line in text.split(separator: "\n").map(String.init) + ["end:"] {
                if line.hasPrefix(" ") {
                    digits += line.filter { $0.isHexDigit }
                    continue
                }
                if let name, wanted.contains(name) { found.append((name, bytes(digits))) }
                (name, digits) = (line, "")
            }
            guard found.count == wanted.count else { throw ChildProcessError("no numbers in \(text)") }
            return found
        }

        private static func bytes(_ digits: String) -> Data {
            let digits = Array(digits)
            let bytes = stride(from: 0, to: digits.count - 1, by: 2).compactMap {
                UInt8(String(digits[$0...$0 + 1]), radix: 16)
            }
            return Data(bytes.drop { $0 == 0 })
        }
    }

    /// One parent and one child, which wait for silent clients as long as it takes.
    private static func makeServer() throws -> HTTPServer {
        let certificates = try TestCertificates.shared()
        return try HTTPServer { port in
            """
            ServerLimit 1
            StartServers 1
            ThreadsPerChild 8
            MaxRequestWorkers 8
            MinSpareThreads 1
            MaxSpareThreads 8
            RequestReadTimeout handshake=0 header=0 body=0
            Timeout 600
            TLSEngine 127.0.0.1:\(port)
            <VirtualHost 127.0.0.1:\(port)>
                ServerName localhost
                \(HTTPServer.certificateDirective(certificates.localhost(.ecdsaP256)))
                \(HTTPServer.certificateDirective(certificates.localhost(.rsa)))
            </VirtualHost>
            """
        }
    }

    private static func processes(_ server: HTTPServer) throws -> [(String, Int32)] {
        let file = server.root.appendingPathComponent("logs/httpd.pid")
        let text = try String(contentsOf: file, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
        guard let parent = Int32(text) else { throw ChildProcessError("no process in \(text)") }
        let children = try ProcessMemory.children(of: parent)
        guard !children.isEmpty else { throw ChildProcessError("httpd has no children") }
        return [("the parent", parent)] + children.map { ("child \($0)", $0) }
    }

    @Test("No process keeps a key as its file has it", arguments: [TestCertificates.KeyType.ecdsaP256, .rsa])
    func keys(type: TestCertificates.KeyType) throws {
        let server = try Self.makeServer()
        // The children have served something, too.
        let identity = try TestCertificates.shared().localhost(type)
        let authority = try TestCertificates.shared().authority.path
        for _ in 0..<4 { try ChildProcess.check("curl", ["-sS", "--cacert", authority, server.url]) }
        let forms = try Forms(identity, type)
        for (process, id) in try Self.processes(server) {
            let counts = try ProcessMemory.occurrences(of: forms.patterns, in: id)
            for (name, count) in zip(forms.names, counts) {
                #expect(count == 0, "\(name) in \(process)")
            }
        }
        // The key is there, in libcrypto's form: the search finds what there is.
        let own = forms.patterns.dropFirst().map { Data($0.reversed()) }
        let (process, id) = try Self.processes(server)[0]
        let counts = try ProcessMemory.occurrences(of: own, in: id)
        #expect(counts.contains { $0 > 0 }, "\(process)")
        try server.stop()
    }

    @Test("The secrets of a connection go with it")
    func secrets() throws {
        let server = try Self.makeServer()
        let directory = try TemporaryDirectory.make("secrets")
        let log = directory.appendingPathComponent("keys.log")
        let client = try ChildProcess(
            "/usr/bin/openssl",
            [
                "s_client", "-connect", "localhost:\(server.port)", "-keylogfile", log.path, "-ign_eof", "-servername",
                "localhost",
            ]
        )
        func secrets() -> [Data] {
            let text = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
            return text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { line in
                let digits = Array(line.split(separator: " ").last ?? "")
                return Data(
                    stride(from: 0, to: digits.count - 1, by: 2).compactMap {
                        UInt8(String(digits[$0...$0 + 1]), radix: 16)
                    }
                )
            }
        }
        func found() throws -> Int {
            let patterns = secrets()
            return try Self.processes(server).reduce(0) { sum, process in
                sum + (try ProcessMemory.occurrences(of: patterns, in: process.1).reduce(0, +))
            }
        }
        // While it stands its traffic secrets are kept, for key updates and exporters.
        let deadline = Date().addingTimeInterval(300)
        while try secrets().count < 5 || found() == 0 {
            guard Date() < deadline else { throw ChildProcessError("no secrets are found: \(client.transcript)") }
            Thread.sleep(forTimeInterval: 0.05)
        }
        client.signal(SIGTERM)
        _ = try client.waitForExit()
        while try found() > 0 {
            guard Date() < deadline else { break }
            Thread.sleep(forTimeInterval: 0.05)
        }
        #expect(try found() == 0)
        try server.stop()
    }
}
