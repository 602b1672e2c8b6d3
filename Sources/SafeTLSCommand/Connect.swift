// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CSockets
import SafeTLS
import SafeTLSSockets
import TLSCertificateCompression
import TLSCertificates

struct Connect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Connect to a TLS server.",
        discussion: """
            What was negotiated goes to standard error. Standard input is sent, and what the server sends goes to \
            standard output. A server that cannot be authenticated is refused, with exit status 1.
            """
    )

    @Argument(help: ArgumentHelp("Where to connect, as in example.org:443.", valueName: "host:port"))
    var endpoint: Endpoint

    @Option(
        name: .customLong("ca"),
        help: ArgumentHelp("Trust the certificates in this PEM file instead of the system's.", valueName: "file")
    )
    var trustFile: String?

    @Option(
        name: .customLong("servername"),
        help: ArgumentHelp(
            "Ask for this name, and expect it in the certificate, instead of the host.",
            valueName: "name"
        )
    )
    var serverName: String?

    @Option(
        name: .customLong("crl"),
        help: ArgumentHelp(
            "Check the chain with the revocation lists in this file. May be repeated.",
            valueName: "file"
        )
    )
    var revocationLists: [String] = []

    @Option(
        name: .customLong("cert"),
        help: ArgumentHelp("Show this certificate chain, in PEM, to servers that ask for one.", valueName: "file")
    )
    var certificateFile: String?

    @Option(
        name: .customLong("key"),
        help: ArgumentHelp("The certificate's private key in PEM; else it is in the --cert file.", valueName: "file")
    )
    var keyFile: String?

    @Flag(help: "Send one HTTP HEAD request and print the head of the response.")
    var head = false

    @Flag(help: "Connect once before, wait for the session that the server leaves, and resume it.")
    var resume = false

    @Option(
        help: ArgumentHelp(
            "Send this line as 0-RTT data in the resumed connection; again, if the server does not take them.",
            valueName: "text"
        )
    )
    var earlyData: String?

    @Option(
        help: ArgumentHelp(
            """
            How long to wait for each thing that the server has to do: to take the connection, to go on with the \
            handshake, to answer --head (1 to 3600).
            """,
            valueName: "seconds"
        )
    )
    var timeout: Int32 = 30

    @OptionGroup var protocols: ProtocolArguments

    func validate() throws {
        guard 1...3600 ~= timeout else { throw ValidationError("--timeout takes a number from 1 to 3600.") }
        guard earlyData == nil || resume else { throw ValidationError("--early-data needs --resume.") }
    }

    func run() throws {
        cs_ignore_broken_pipes()
        let configuration = try configuration()
        if resume {
            try connect(configuration) { connection throws in
                let isKept = awaitSession(&connection, configuration)
                note("first connection", isKept ? "left a session" : "left no session")
            }
        }
        try connect(configuration, early: earlyData.map { Array(($0 + "\n").utf8) } ?? []) { connection throws in
            try head ? requestHead(&connection) : exchange(&connection)
        }
    }

    /// Shakes hands with the server and does something on the connection.
    private func connect(
        _ configuration: ClientConfiguration,
        early: [UInt8] = [],
        _ use: (inout SocketConnection<ClientSession>) throws -> Void
    ) throws {
        let obstacle = try earlyDataObstacle(configuration)
        // A session whose verdict is the driver's is not kept (see `ClientOptions.sessionCacheCapacity`).
        let session = try ClientSession(
            configuration: configuration,
            serverName: try name(),
            deferring: resume ? [] : .verification
        )
        var connection = SocketConnection(session, over: try Socket.connect(to: endpoint, milliseconds: timeout * 1000))
        do {
            let count = try connection.writeEarly(early)
            if !early.isEmpty && count == 0 { note("0-RTT data", "not sent: \(obstacle)") }
            try handshake(&connection)
            let isTaken = connection.session.earlyData == .accepted
            if !early.isEmpty { try connection.write(Array(early[(isTaken ? count : 0)...])) }
            try use(&connection)
        } catch {
            if resume, case .certificateRejected? = error as? TLSError { note("verdict", "refused") }
            // The alert that tells the server why. It may be gone already, which changes nothing.
            try? connection.flush()
            throw Failure("\(endpoint): \(error)")
        }
    }

    /// Why no 0-RTT data would be sent; asked before a session takes up what is kept.
    private func earlyDataObstacle(_ configuration: ClientConfiguration) throws -> String {
        let name = try name()
        if configuration.sessionCount(for: name) == 0 { return "there is no session to resume" }
        if configuration.maximumEarlyData(for: name) == 0 { return "the server's ticket allows none" }
        return "the session does not go with what is offered now"
    }

    private func name() throws -> ServerName {
        let asked = serverName ?? endpoint.host
        guard let name = ServerName(asked) else {
            throw ValidationError("\(asked) is neither a DNS name nor an IP address.")
        }
        return name
    }

    private func configuration() throws -> ClientConfiguration {
        let anchors = try trustFile.map { try TrustAnchors(pemFile: $0) } ?? TrustAnchors.system()
        var options = ClientOptions()
        options.versions = protocols.versions
        options.applicationProtocols = protocols.applicationProtocols
        options.keyLog = try protocols.keyLog
        options.offersEarlyData = earlyData != nil
        options.certificateCompressors = [SystemCompressor.brotli, SystemCompressor.zlib]
        options.preSharedKeys = try protocols.preSharedKeys
        options.requiresPreSharedKey = protocols.requirePsk
        options.records = protocols.records
        if !revocationLists.isEmpty {
            options.revocation = RevocationPolicy(lists: try CertificateRevocationLists(files: revocationLists))
        }
        if let certificateFile {
            options.credentials = [try Credential(certificateFile: certificateFile, keyFile: keyFile)]
            options.offersPostHandshakeAuthentication = true
        }
        if let suites = try protocols.cipherSuites { options.cipherSuites = suites }
        if let groups = try protocols.namedGroups { options.groups = groups }
        if let schemes = try protocols.schemes { options.signatureSchemes = schemes }
        return try ClientConfiguration(trustAnchors: anchors, options: options)
    }

    private func handshake(_ connection: inout SocketConnection<ClientSession>) throws {
        try connection.flush()
        while connection.session.isHandshaking {
            if case .verifyPeer(let request) = connection.session.request {
                try connection.session.answer(verification: judge(request))
                output(try connection.receive())
            } else {
                // What the server sends first may come together with the end of the handshake.
                output(try answer(&connection))
            }
            try connection.flush()
        }
        if resume {
            show(connection.session.verifiedPath)
            note("verdict", "trusted for \(try name())")
        }
        note("OCSP response", connection.session.ocspResponse == nil ? "none" : "stapled")
        for line in connection.session.negotiated?.lines ?? [] {
            note(line.name, line.value)
        }
        for remark in connection.session.remarks { note(remark.name, remark.value) }
    }

    /// Waits for the server, but not for ever.
    private func answer(_ connection: inout SocketConnection<ClientSession>) throws -> [UInt8] {
        try connection.checkFailure()
        guard try connection.waitForInput(milliseconds: timeout * 1000) else {
            let step = connection.session.isHandshaking ? " in the handshake" : ""
            throw Failure("the server has been silent\(step) for \(timeout) s")
        }
        return try connection.read()
    }

    /// Reads until the server has left a session, which a TLS 1.3 server does after the handshake, and closes.
    ///
    /// The server may keep its own side open as long as it likes (RFC 9846 §6.1), or reset the connection: nothing that
    /// happens once the handshake is over matters here. What it sends is dropped.
    ///
    /// - Returns: Whether there is a session to resume.
    private func awaitSession(
        _ connection: inout SocketConnection<ClientSession>,
        _ configuration: ClientConfiguration
    ) -> Bool {
        guard let name = try? name() else { return false }
        let end = cs_milliseconds() + Self.sessionPatience
        var now = cs_milliseconds()
        while configuration.sessionCount(for: name) == 0, now < end, !connection.session.isPeerClosed,
            (try? connection.waitForInput(milliseconds: Int32(clamping: end - now))) == true,
            (try? connection.read()) != nil
        {
            now = cs_milliseconds()
        }
        connection.session.close()
        try? connection.flush()
        return configuration.sessionCount(for: name) > 0
    }

    /// How many milliseconds a server has for its ticket. Those that leave one send it with their Finished message or right
    /// after the client's.
    private static let sessionPatience: UInt64 = 2000

    /// The library's own verdict on the server, shown with what it judges.
    private func judge(_ request: VerificationRequest) -> Verdict {
        do throws(CertificateRejection) {
            let path = try request.verify()
            show(path)
            note("verdict", "trusted for \(request.serverName?.description ?? "anybody")")
            return .accepted(path: path)
        } catch {
            show(request.certificateChain)
            note("verdict", "refused")
            return .rejected(error)
        }
    }

    private func show(_ chain: [Certificate]) {
        for (depth, certificate) in chain.enumerated() {
            note("certificate \(depth)", certificate.summary)
        }
    }

    // MARK: Data

    /// Sends standard input and prints what comes back until the server closes. The end of standard input closes
    /// only our direction.
    private func exchange(_ connection: inout SocketConnection<ClientSession>) throws {
        try connection.socket.setBlocking(false)
        var isInputOpen = true
        while !connection.session.isPeerClosed {
            try connection.checkFailure()
            var interests = [
                cs_interest(0, read: isInputOpen && !connection.hasOutput),
                cs_interest(connection.socket.descriptor, read: true, write: connection.hasOutput),
            ]
            _ = try cs_interest.wait(for: &interests, milliseconds: -1)
            if interests[0].can_read {
                if let bytes = input(upTo: 16384) {
                    try connection.write(bytes)
                } else {
                    isInputOpen = false
                    connection.session.close()
                }
            }
            if interests[1].can_read { output(try connection.read()) }
            try connection.flush()
        }
        connection.session.close()
        try? connection.flush()
    }

    private func requestHead(_ connection: inout SocketConnection<ClientSession>) throws {
        if let chosen = connection.session.negotiated?.applicationProtocol, chosen != "http/1.1" {
            throw Failure("--head speaks http/1.1, and the server chose \(chosen)")
        }
        let host = Endpoint(host: serverName ?? endpoint.host, port: endpoint.port)
        let request = "HEAD / HTTP/1.1\r\nHost: \(host)\r\nUser-Agent: safetls\r\nConnection: close\r\n\r\n"
        try connection.write(Array(request.utf8))
        var response: [UInt8] = []
        while true {
            response += try answer(&connection)
            try connection.flush()
            if let end = endOfHead(in: response) {
                output(Array(response[..<end]))
                break
            }
            guard !connection.session.isPeerClosed, response.count < 1 << 16 else {
                throw Failure("the server sends no HTTP response head")
            }
        }
        connection.session.close()
        try? connection.flush()
    }
}

/// The index behind the empty line that ends an HTTP head.
func endOfHead(in bytes: [UInt8]) -> Int? {
    let mark = Array("\r\n\r\n".utf8)
    guard bytes.count >= mark.count else { return nil }
    for start in 0...(bytes.count - mark.count) where bytes[start..<start + mark.count].elementsEqual(mark) {
        return start + mark.count
    }
    return nil
}

/// A sentence that ends the command with status 1.
struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
