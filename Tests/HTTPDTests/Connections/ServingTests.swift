// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Ordinary requests by ordinary clients.
@Suite struct ServingTests {
    /// A version of TLS and of HTTP, as options of curl.
    struct Protocols: Sendable, CustomTestStringConvertible {
        var tls: String
        var http: String

        var testDescription: String { "\(tls), HTTP/\(http)" }
        var options: [String] {
            (tls == "TLSv1.3" ? ["--tlsv1.3"] : ["--tlsv1.2", "--tls-max", "1.2"])
                + (http == "2" ? ["--http2"] : ["--http1.1"])
        }

        static let all = ["TLSv1.3", "TLSv1.2"].flatMap { tls in ["2", "1.1"].map { Protocols(tls: tls, http: $0) } }
    }

    @Test(arguments: Protocols.all) func page(protocols: Protocols) throws {
        let server = try HTTPServer()
        let outcome = try curl(
            protocols.options + ["--include", "--write-out", "version=%{http_version}\n", server.url]
        )
        #expect(outcome.status == 0 && outcome.text.contains("This is localhost."), "\(outcome)")
        #expect(outcome.text.contains("version=\(protocols.http)\n"))
        let head = outcome.text.lowercased()
        #expect(head.contains("x-protocol: \(protocols.tls.lowercased())"))
        let cipher = protocols.tls == "TLSv1.3" ? "TLS_" : "ECDHE-ECDSA-"
        #expect(head.contains("x-cipher: \(cipher.lowercased())"))
        #expect(head.contains("x-https: on"))
        let line = try server.waitForAccessLog(lines: 1)[0]
        #expect(line.hasPrefix("\(protocols.tls) \(cipher)") && line.contains(" localhost on \"GET / HTTP/"), "\(line)")
        try server.stop()
        #expect(server.complaints.isEmpty)
    }

    @Test(arguments: [HTTPServer.MultiProcessing.worker, .prefork]) func otherProcessModels(
        mpm: HTTPServer.MultiProcessing
    ) throws {
        let server = try HTTPServer(mpm)
        let content = try largeFile(in: server, megabytes: 3)
        for _ in 0..<2 {
            for version in ["1.3", "1.2"] {
                let page = try curl(["--tls-max", version, server.url])
                #expect(page.text == "This is localhost.\n", "\(page)")
                let file = try curl(["--tls-max", version, "\(server.url)/large.bin"])
                #expect(isSame(file.output, content), "\(file.errors)")
            }
            try server.restartGracefully()
        }
        try server.stop()
        #expect(server.complaints.isEmpty)
    }

    // MARK: Virtual hosts

    @Test(arguments: Protocols.all) func virtualHostByName(protocols: Protocols) throws {
        let server = try HTTPServer()
        for name in ["a.example", "b.example", "localhost"] {
            let outcome = try curl(
                protocols.options + [
                    "--resolve", "\(name):\(server.port):127.0.0.1", "https://\(name):\(server.port)/",
                ]
            )
            #expect(outcome.text == "This is \(name).\n", "\(outcome)")
        }
    }

    @Test func clientWithoutNameGetsTheFirstHost() throws {
        let server = try HTTPServer()
        let outcome = try curl(["https://127.0.0.1:\(server.port)/"])
        #expect(outcome.text == "This is localhost.\n", "\(outcome)")
        #expect(try server.waitForAccessLog(lines: 1)[0].contains(" - on \"GET"))
    }

    /// With `TLSStrictSNI`, which is on unless turned off (RFC 6066 §3).
    @Test(arguments: ["1.3", "1.2"]) func unknownNameIsRefused(version: String) throws {
        let server = try HTTPServer()
        let outcome = try curl([
            "--tls-max", version, "--resolve", "unknown.example:\(server.port):127.0.0.1",
            "https://unknown.example:\(server.port)/",
        ])
        #expect(outcome.status == 35 && outcome.errors.contains("unrecognized name"), "\(outcome)")
    }

    /// An RSA certificate beside the ECDSA one, for those who know nothing else.
    @Test func certificateForClientsWithoutECDSA() throws {
        let server = try HTTPServer()
        let outcome = try curl(
            ["--tlsv1.2", "--tls-max", "1.2", "--ciphers", "ECDHE-RSA-AES256-GCM-SHA384", "--include", server.url])
        #expect(outcome.text.lowercased().contains("x-cipher: ecdhe-rsa-aes256-gcm-sha384"), "\(outcome)")
    }

    // MARK: Plain HTTP on the TLS port

    @Test func plainHTTPIsAnswered() throws {
        let server = try HTTPServer()
        let outcome = try curl(["--include", "http://127.0.0.1:\(server.port)/"])
        #expect(outcome.text.hasPrefix("HTTP/1.1 400 Bad Request"), "\(outcome)")
        #expect(outcome.text.contains("speaking plain HTTP to an SSL-enabled server port"))
        let page = try curl([server.url])
        #expect(page.text == "This is localhost.\n")
        try server.stop()
        #expect(server.complaints.isEmpty)
    }

    // MARK: Bodies

    @Test(arguments: Protocols.all) func largeFileArrives(protocols: Protocols) throws {
        let server = try HTTPServer()
        let content = try largeFile(in: server, megabytes: 20)
        let outcome = try curl(protocols.options + ["\(server.url)/large.bin"])
        #expect(isSame(outcome.output, content), "\(outcome.errors)")
        let range = try curl(protocols.options + ["--range", "1000003-5000017", "\(server.url)/large.bin"])
        #expect(isSame(range.output, content[1_000_003...5_000_017]), "\(range.errors)")
    }

    @Test(arguments: Protocols.all) func upload(protocols: Protocols) throws {
        let server = try HTTPServer()
        let content = try largeFile(in: server, megabytes: 8)
        let file = server.documents.appendingPathComponent("large.bin").path
        let expected = try ChildProcess.check("sha256sum", [file]).text.prefix(64) + " \(content.count)\n"
        let outcome = try curl(protocols.options + ["--data-binary", "@\(file)", "\(server.url)/cgi-bin/digest"])
        #expect(outcome.text == expected, "\(outcome)")
        if protocols.http == "1.1" {
            let chunked = try curl(
                protocols.options + ["--header", "Transfer-Encoding: chunked", "--data-binary", "@\(file)"]
                    + ["\(server.url)/cgi-bin/digest"]
            )
            #expect(chunked.text == expected, "\(chunked)")
        }
    }

    @Test func environmentOfScripts() throws {
        let server = try HTTPServer()
        let lines = try curl(["--tlsv1.3", "\(server.url)/cgi-bin/environment"]).text.split(separator: "\n")
        #expect(lines.contains("HTTPS=on"))
        #expect(lines.contains("SSL_PROTOCOL=TLSv1.3"))
        #expect(lines.contains("SSL_TLS_SNI=localhost"))
        #expect(lines.contains { $0.hasPrefix("SSL_CIPHER=TLS_") })
        #expect(lines.contains("REQUEST_SCHEME=https"))
    }

    /// What a script has written reaches the client before the script ends.
    @Test(arguments: ["--http1.1", "--http2"]) func slowScript(http: String) throws {
        let server = try HTTPServer()
        let client = try ChildProcess(
            "curl",
            try curlOptions() + ["--no-buffer", http, "\(server.url)/cgi-bin/slow"]
        )
        let seen = try client.waitForText("first\n")
        #expect(!seen.contains("second"))
        try Data().write(to: server.documents.appendingPathComponent("go"))
        #expect(try client.waitForExit().text == "first\nsecond\n")
    }

    // MARK: Many requests

    @Test func keepAlive() throws {
        let server = try HTTPServer()
        let outcome = try curl([
            "--http1.1", "--write-out", "connects=%{num_connects}\n", server.url, server.url, server.url,
        ])
        let counts = outcome.text.split(separator: "\n").filter { $0.hasPrefix("connects=") }
        #expect(counts == ["connects=1", "connects=0", "connects=0"], "\(outcome)")
    }

    @Test func pipelinedRequests() throws {
        let server = try HTTPServer()
        let outcome = try python(ClientScripts.pipelined, server)
        #expect(outcome.status == 0 && outcome.text == "40 answers in order\n", "\(outcome)")
        try server.stop()
        #expect(server.complaints.isEmpty)
    }

    @Test func manyStreams() throws {
        let server = try HTTPServer()
        _ = try largeFile(in: server, megabytes: 1)
        let outcome = try ChildProcess.run(
            "h2load",
            ["--requests=200", "--clients=4", "--max-concurrent-streams=20", "\(server.url)/large.bin"]
        )
        #expect(outcome.text.contains("200 succeeded, 0 failed, 0 errored"), "\(outcome)")
        try server.stop()
        #expect(server.complaints.isEmpty)
    }
}

/// Puts a file `large.bin` without a pattern among the documents.
func largeFile(in server: HTTPServer, megabytes: Int) throws -> Data {
    let file = server.documents.appendingPathComponent("large.bin")
    try ChildProcess.check("openssl", ["rand", "-out", file.path, "\(megabytes << 20)"])
    return try Data(contentsOf: file)
}

func curlOptions() throws -> [String] {
    ["--silent", "--show-error", "--max-time", "300", "--cacert", try TestCertificates.shared().authority.path]
}

func curl(_ options: [String]) throws -> ChildProcess.Outcome {
    try ChildProcess.run("curl", try curlOptions() + options)
}

/// Runs a script whose first arguments are the server's port and the CA's file.
func python(_ script: String, _ server: HTTPServer, _ arguments: [String] = []) throws -> ChildProcess.Outcome {
    let authority = try TestCertificates.shared().authority.path
    return try ChildProcess.run(
        "python3",
        ["-c", ClientScripts.prelude + script, "\(server.port)", authority] + arguments
    )
}
