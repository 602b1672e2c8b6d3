// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Clients that are slow, rude or there at the wrong moment.
@Suite struct ResilienceTests {
    @Test func clientThatSendsByteByByte() throws {
        let server = try HTTPServer()
        let outcome = try python(ClientScripts.byteByByte, server)
        #expect(outcome.status == 0 && outcome.text == "served\n", "\(outcome)\n\(server.errorLog)")
        try server.stop()
        #expect(server.complaints.isEmpty)
    }

    /// Handshakes hold no thread of the event MPM: here are ten times as many slow ones as threads.
    @Test func slowHandshakesKeepNobodyWaiting() throws {
        let server = try HTTPServer(.event) { port in
            let identity = try TestCertificates.shared().localhost(.ecdsaP256)
            return """
                ThreadsPerChild 25
                MinSpareThreads 25
                MaxSpareThreads 75
                MaxRequestWorkers 50
                AsyncRequestWorkerFactor 20
                TLSEngine 127.0.0.1:\(port)
                <VirtualHost 127.0.0.1:\(port)>
                    ServerName localhost
                    \(HTTPServer.certificateDirective(identity))
                </VirtualHost>
                """
        }
        let outcome = try python(ClientScripts.slowHandshakes, server)
        #expect(outcome.status == 0 && outcome.text == "others were served at once\n", "\(outcome)\n\(server.errorLog)")
        try server.stop()
        // AH10159 and AH00484 are httpd's about few threads, and none.
        #expect(server.complaints(except: "AH10159", "AH00484").isEmpty, "\(server.complaints)")
    }

    /// Nothing that a client does is worth a line in a production log.
    @Test func rudeClients() throws {
        let server = try HTTPServer()
        _ = try largeFile(in: server, megabytes: 30)
        let outcome = try python(ClientScripts.rude, server)
        #expect(outcome.status == 0 && outcome.text.hasSuffix("still serving\n"), "\(outcome)\n\(server.errorLog)")
        #expect(outcome.text.contains("refused"))
        try server.stop()
        #expect(server.complaints.isEmpty)
    }

    /// `ssl-unclean-shutdown` and `ssl-accurate-shutdown`, which the connection's first request sets.
    @Test(arguments: [HTTPServer.MultiProcessing.event, .prefork]) func endings(mpm: HTTPServer.MultiProcessing) throws
    {
        let server = try HTTPServer(mpm, face: .ssl) { port in
            """
            BrowserMatch unclean ssl-unclean-shutdown
            BrowserMatch accurate ssl-accurate-shutdown
            <VirtualHost *:\(port)>
                ServerName localhost
                SSLEngine on
                \(StandInTests.certificate(try TestCertificates.shared().localhost(.ecdsaP256)))
            </VirtualHost>
            """
        }
        let outcome = try python(ClientScripts.endings, server)
        #expect(outcome.text == "ended as was said\n", "\(outcome)\n\(server.errorLog)")
        try server.stop()
        #expect(server.complaints.isEmpty, "\(server.complaints)")
    }

    @Test func closeNotifyBothWays() throws {
        let server = try HTTPServer()
        let outcome = try python(ClientScripts.closeNotify, server)
        #expect(outcome.status == 0 && outcome.text == "closed cleanly\n", "\(outcome)\n\(server.errorLog)")
    }

    /// What follows a body that is cut off must not be taken for its rest, and the client must see that it is cut off.
    @Test func fileThatShrinksWhileItIsSent() throws {
        let server = try HTTPServer()
        _ = try largeFile(in: server, megabytes: 30)
        let file = server.documents.appendingPathComponent("large.bin").path
        let outcome = try python(ClientScripts.shrinkingFile, server, [file])
        #expect(outcome.status == 0 && outcome.text == "cut off\n", "\(outcome)\n\(server.errorLog)")
        try server.stop()
        #expect(server.complaints.isEmpty)
    }

    @Test func renegotiationIsRefused() throws {
        let server = try HTTPServer()
        let authority = try TestCertificates.shared().authority.path
        let client = try ChildProcess(
            "openssl",
            ["s_client", "-connect", "127.0.0.1:\(server.port)", "-servername", "localhost", "-CAfile", authority]
                + ["-tls1_2"],
            input: .pipe
        )
        try client.waitForText("Verify return code: 0 (ok)")
        try client.write("R\n")
        try client.waitForText("no renegotiation")
    }

    /// Twenty graceful restarts while clients connect all the time: nobody fails, nothing is left, nothing grows.
    @Test(arguments: [HTTPServer.MultiProcessing.event, .worker, .prefork], [HTTPServer.Face.tls, .ssl])
    func gracefulRestartsUnderLoad(mpm: HTTPServer.MultiProcessing, face: HTTPServer.Face) throws {
        let server = try HTTPServer(mpm, face: face) { port in
            let identity = try TestCertificates.shared().localhost(.ecdsaP256)
            return """
                \(face == .tls ? "TLSEngine 127.0.0.1:\(port)" : "SSLSessionCache shmcb:${APACHE_RUN_DIR}/cache(512000)")
                <VirtualHost 127.0.0.1:\(port)>
                    ServerName localhost
                    \(face == .tls ? HTTPServer.certificateDirective(identity) : "SSLEngine on")
                    \(face == .tls ? "" : StandInTests.certificate(identity))
                </VirtualHost>
                """
        }
        let authority = try TestCertificates.shared().authority.path
        let client = try ChildProcess(
            "python3",
            ["-c", ClientScripts.prelude + ClientScripts.manyConnections, "\(server.port)", authority, "12"]
        )
        var memory: [Int] = []
        for _ in 0..<20 {
            Thread.sleep(forTimeInterval: 0.2)
            try server.restartGracefully()
            memory.append(server.residentKilobytes)
        }
        let outcome = try client.waitForExit()
        #expect(outcome.status == 0 && outcome.text.hasPrefix("served "), "\(outcome)\n\(server.errorLog)")
        #expect(outcome.text.contains("failed 0"), "\(outcome)\n\(server.errorLog)")
        // The first restarts fill caches.
        #expect(memory[19] < memory[5] + 1024, "\(memory)")
        try server.stop()
        // AH00546 is about httpd's own count of children, which it loses when restarts follow each other so fast.
        let complaints = server.complaints.filter { !$0.contains("AH00546") }
        #expect(complaints.isEmpty, "\(complaints)")
    }

    /// What a configuration held goes with it: here many authorities.
    @Test func restartsLeaveNothing() throws {
        let server = try HTTPServer(face: .ssl) { port in
            let certificate = StandInTests.certificate(try TestCertificates.shared().localhost(.ecdsaP256))
            return (0..<40).map { number in
                """
                <VirtualHost *:\(port)>
                    ServerName host\(number).example
                    SSLEngine on
                    \(certificate)
                    SSLCACertificateFile /etc/ssl/certs/ca-certificates.crt
                </VirtualHost>
                """
            }.joined(separator: "\n")
        }
        var memory: [Int] = []
        for _ in 0..<6 {
            try server.restartGracefully()
            memory.append(server.residentKilobytes)
        }
        #expect(memory[5] < memory[1] + 10_000, "\(memory)")
        try server.stop()
    }
}
