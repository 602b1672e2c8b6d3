// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import NIOPosix
import SafeTLS
import TLSCertificates
import TestSupport
import Testing

@testable import SafeTLSNIO

/// OpenSSL's programs as peers, in both roles.
@Suite("OpenSSL")
struct OpenSSLTests {
    let group = MultiThreadedEventLoopGroup.singleton

    @Test("OpenSSL's client gets back what it sends", arguments: ["-tls1_2", "-tls1_3"])
    func client(version: String) async throws {
        let certificates = try TestCertificates.shared()
        let identity = certificates.localhost(.ecdsaP256)
        var options = ServerOptions()
        options.applicationProtocols = ["nio"]
        let configuration = try ServerConfiguration(
            credentials: [Credential(certificateFile: identity.certificate.path, keyFile: identity.key.path)],
            options: options
        )
        let listener = try await ServerBootstrap(group: group)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addTLS(server: configuration, options: .patient)
                    try channel.pipeline.syncOperations.addHandler(Echo())
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(listener.localAddress?.port)
        let client = try ChildProcess(
            "openssl",
            [
                "s_client", "-connect", "127.0.0.1:\(port)", "-servername", "localhost", "-verify_return_error",
                "-CAfile", certificates.authority.path, "-verify_hostname", "localhost", "-alpn", "nio", version,
            ],
            input: .pipe
        )
        try client.write("hello from s_client\n")
        try client.waitForText("ALPN protocol: nio")
        try client.waitForText("hello from s_client")
        // s_client ends with the connection.
        try client.write("Q\n")
        let outcome = try client.waitForExit()
        #expect(outcome.status == 0, "\(outcome)")
        #expect(outcome.text.contains("Verify return code: 0 (ok)"))
        try await listener.close()
    }

    @Test("OpenSSL's server is spoken with, and says goodbye", arguments: ["-tls1_2", "-tls1_3"])
    func server(version: String) async throws {
        let certificates = try TestCertificates.shared()
        let identity = certificates.localhost(.rsa)
        let port = try LoopbackPort.free()
        let server = try ChildProcess(
            "openssl",
            [
                "s_server", "-accept", "127.0.0.1:\(port)", "-cert", identity.certificate.path, "-key",
                identity.key.path, "-rev", version,
            ]
        )
        try LoopbackPort.wait(for: port, by: server)
        let configuration = try ClientConfiguration(trustAnchors: TrustAnchors(pemFile: certificates.authority.path))
        let connection = try await ClientBootstrap(group: group).connectTLS(
            host: "127.0.0.1",
            port: port,
            configuration,
            serverName: ServerName("localhost"),
            options: .patient
        )
        try await connection.executeThenClose { input, output in
            try await output.write(ByteBuffer(string: "hello\n"))
            var text = ""
            for try await part in input {
                text += String(buffer: part)
                // s_server turns lines round, and ends a connection at this one.
                if text == "olleh\n" { try await output.write(ByteBuffer(string: "CLOSE\n")) }
            }
            #expect(text == "olleh\n")
        }
        #expect(server.isRunning)
        server.terminate()
    }
}
