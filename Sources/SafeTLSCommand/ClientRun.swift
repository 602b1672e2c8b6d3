// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CSockets
import SafeTLS
import SafeTLSSockets
import TLSCertificates
import TLSCrypto

/// What `safetls connect` does, once its command line is read.
struct ClientRun {
    let options: Connect
    let configuration: ClientConfiguration
    let name: ServerName
    let tracer: Tracer?
    let witness: Witness

    private typealias Connection = SocketConnection<ClientSession>

    private var sessionFile: SessionFile? { options.sessionPath.map(SessionFile.init) }

    func run() throws {
        var report = ConnectionReport(options, name: name)
        var failure: Failure?
        do {
            try connectAll(&report)
        } catch is OutputClosed {
        } catch {
            failure = failed(error)
        }
        // What is printed is also about the file.
        if let sessionFile, failure == nil || failure?.status == .output {
            do {
                note("session file", try sessionFile.save(from: configuration, for: name))
            } catch {
                failure = failure ?? failed(error)
            }
        }
        if options.json {
            do {
                try output(Array(report.json(failure: failure).utf8))
            } catch is OutputClosed {
            } catch {
                if failure != nil { note("Error: \(error)") }
                failure = failure ?? failed(error)
            }
        }
        if let failure { throw failure }
    }

    private func failed(_ error: any Error) -> Failure {
        error as? Failure ?? Failure(.broken, "\(options.endpoint): \(error)")
    }

    /// Makes the connection that is wanted, and the one before it.
    private func connectAll(_ report: inout ConnectionReport) throws {
        var isRestored = false
        if let sessionFile {
            switch try sessionFile.restore(into: configuration, for: name) {
            case .ready: isRestored = true
            case .none(let reason): note("session file", reason)
            }
        }
        if options.resume {
            try connect(&report) { connection, _ throws in
                let isKept = awaitSession(&connection)
                note("first connection", isKept ? "left a session" : "left no session")
            }
        }
        let early = options.earlyData.map { Array(($0 + "\n").utf8) } ?? []
        try connect(&report, takesOut: isRestored, early: early, use)
    }

    /// What is wanted of the connection.
    private func use(_ connection: inout Connection, _ report: inout ConnectionReport) throws {
        if options.showCertificates, !options.json {
            for (depth, certificate) in connection.session.peerCertificates.enumerated() {
                try output(Array(CertificateDetails(certificate: certificate).text(depth: depth).utf8))
            }
        }
        if options.closesAfterHandshake {
            if sessionFile != nil { _ = awaitSession(&connection) } else { close(&connection) }
            try awaitRefusal(&connection)
        } else if options.head {
            try requestHead(&connection)
        } else {
            try exchange(&connection)
        }
    }

    // MARK: Connecting

    /// Shakes hands with the server and does something on the connection.
    ///
    /// - Parameters:
    ///   - report: Begins anew: what was found out about another connection, of whatever server, does not count for this one.
    ///   - takesOut: Whether the session in the file is offered.
    private func connect(
        _ report: inout ConnectionReport,
        takesOut: Bool = false,
        early: [UInt8] = [],
        _ use: (inout Connection, inout ConnectionReport) throws -> Void
    ) throws {
        report = ConnectionReport(options, name: name)
        witness.forget()
        let end = cs_milliseconds() + UInt64(options.timeout) * 1000
        let socket = try open(until: end)
        report.peer = socket.name(ofPeer: true)
        if takesOut, let sessionFile { note("session file", try sessionFile.takeOut(of: configuration, for: name)) }
        let obstacle = earlyDataObstacle()
        let session = try failing(with: .handshake) {
            try ClientSession(
                configuration: configuration,
                serverName: name,
                deferring: options.keepsSession ? [] : .verification
            )
        }
        var connection = SocketConnection(session, over: socket)
        if let tracer { connection.recordObserver = { tracer.observe($0) } }
        var isConnected = false
        do {
            let count = try connection.writeEarly(early)
            if !early.isEmpty && count == 0 { note("0-RTT data", "not sent: \(obstacle)") }
            try handshake(&connection, until: end, &report)
            isConnected = true
            report.take(connection.session)
            let isTaken = connection.session.earlyData == .accepted
            if !early.isEmpty {
                try connection.write(Array(early[(isTaken ? count : 0)...]))
                guard try connection.flush(until: deadline) else { throw late("did not read") }
            }
            try use(&connection, &report)
        } catch {
            // The server has done nothing wrong.
            if error is OutputClosed || (error as? Failure)?.status == .output { connection.session.close() }
            // The alert that tells the server why. It may be gone already, which changes nothing.
            _ = try? connection.flush(until: cs_milliseconds() + Self.farewell)
            if error is OutputClosed { throw error }
            throw failure(error, isConnected: isConnected, &report)
        }
    }

    /// A connection, over which TLS can begin.
    private func open(until end: UInt64) throws -> Socket {
        let socket = try failing(with: .connection) {
            let family: Socket.AddressFamily = options.usesIPv4 ? .ipv4 : options.usesIPv6 ? .ipv6 : .any
            let socket = try Socket.connect(
                to: options.endpoint,
                family: family,
                milliseconds: Int32(clamping: Int64(end) - Int64(cs_milliseconds()))
            )
            try socket.setBlocking(false)
            return socket
        }
        guard let startTLS = options.startTLS else { return socket }
        var dialogue = PlainDialogue(over: socket, until: end, observer: options.trace ? { note($0) } : nil)
        do {
            try startTLS.talk(&dialogue, name: "\(name)")
            return try dialogue.finish()
        } catch {
            throw Failure(.startTLS, "\(options.endpoint): \(error)")
        }
    }

    private func failure(_ error: any Error, isConnected: Bool, _ report: inout ConnectionReport) -> Failure {
        if let failure = error as? Failure { return failure }
        let sentence = "\(options.endpoint): \(error)"
        if case .certificateRejected(let rejection)? = error as? TLSError {
            // Refused by the library itself, without that anybody was asked here.
            if report.rejections.isEmpty {
                if let request = witness.request {
                    report.certificates = request.certificateChain
                    refuse(request, rejection, &report, "refused")
                } else {
                    report.rejections = ["\(rejection)"]
                    note("verdict", "refused")
                }
            }
            return Failure(.certificate, sentence)
        }
        return Failure(isConnected ? .broken : .handshake, sentence)
    }

    /// Why no 0-RTT data would be sent; asked before a session takes up what is kept.
    private func earlyDataObstacle() -> String {
        if configuration.sessionCount(for: name) == 0 { return "there is no session to resume" }
        if configuration.maximumEarlyData(for: name) == 0 { return "the server's ticket allows none" }
        return "the session does not go with what is offered now"
    }

    // MARK: Handshake

    private func handshake(
        _ connection: inout Connection,
        until end: UInt64,
        _ report: inout ConnectionReport
    ) throws {
        try flush(&connection, until: end)
        while connection.session.isHandshaking {
            if case .verifyPeer(let request) = connection.session.request {
                report.certificates = request.certificateChain
                let verdict = judge(request, &report)
                try connection.session.answer(verification: verdict)
                try show(try connection.receive())
            } else {
                try connection.checkFailure()
                guard try connection.waitForInput(until: end) else { throw lateHandshake }
                // What the server sends first may come together with the end of the handshake.
                try show(try connection.read())
            }
            try flush(&connection, until: end)
        }
        // Where a server has an external key nobody has judged a certificate.
        if options.keepsSession, connection.session.negotiated?.preSharedKeyIdentity == nil,
            !connection.session.verifiedPath.isEmpty
        {
            report.isTrusted = true
            show(connection.session.verifiedPath)
            note("verdict", "trusted for \(name)")
        }
        note("OCSP response", connection.session.ocspResponse == nil ? "none" : "stapled")
        for line in connection.session.negotiated?.lines ?? [] {
            note(line.name, printable(line.value))
        }
        for remark in connection.session.remarks { note(remark.name, printable(remark.value)) }
    }

    private func flush(_ connection: inout Connection, until end: UInt64) throws {
        guard try connection.flush(until: end) else { throw lateHandshake }
    }

    private var lateHandshake: Failure {
        Failure(.handshake, "\(options.endpoint): the handshake did not end within \(options.timeout) s")
    }

    /// Data go to standard output, unless that is for something else.
    private func show(_ data: [UInt8]) throws {
        if !options.closesAfterHandshake { try output(data) }
    }

    /// The library's own verdict on the server, shown with what it judges. With --insecure it is shown, and that is all.
    private func judge(_ request: VerificationRequest, _ report: inout ConnectionReport) -> Verdict {
        do throws(CertificateRejection) {
            let path = try request.verify()
            show(path)
            note("verdict", "trusted for \(request.serverName?.description ?? "anybody")")
            report.isTrusted = true
            return .accepted(path: path)
        } catch {
            guard options.insecure else {
                refuse(request, error, &report, "refused")
                return .rejected(error)
            }
            refuse(request, error, &report, "REFUSED, and --insecure goes on: \(error)")
            note("warning", "nobody knows who this server is; whatever it gets and says may be anybody's")
            return .accepted(path: [])
        }
    }

    /// Shows a chain that is refused, and all that is wrong with it.
    private func refuse(
        _ request: VerificationRequest,
        _ rejection: CertificateRejection,
        _ report: inout ConnectionReport,
        _ verdict: String
    ) {
        show(request.certificateChain)
        let objections = Objections(rejection, to: request, configuration)
        report.rejections = objections.rejections.map { "\($0)" }
        note("verdict", verdict)
        for objection in report.rejections.dropFirst() { note("also", objection) }
        if objections.isIncomplete { note("also", "perhaps more: the rest could not be judged by itself") }
    }

    private func show(_ chain: [Certificate]) {
        for (depth, certificate) in chain.enumerated() {
            note("certificate \(depth)", "\(certificate.summary), \(certificate.remaining(at: WallClock.now()))")
        }
    }

    // MARK: After the handshake

    /// When an answer has to be there that is waited for now.
    private var deadline: UInt64 { cs_milliseconds() + UInt64(options.timeout) * 1000 }

    private func late(_ what: String) -> Failure {
        Failure(.broken, "\(options.endpoint): the server \(what) within \(options.timeout) s")
    }

    /// How many milliseconds a server has to take the last bytes.
    private static let farewell: UInt64 = 2000

    private func close(_ connection: inout Connection) {
        connection.session.close()
        _ = try? connection.flush(until: cs_milliseconds() + Self.farewell)
    }

    /// Waits a moment for the server's goodbye: a TLS 1.3 server that does not take our certificate, or that there is none, says so
    /// when we have long been through with the handshake. Whatever else it does makes no difference any more.
    private func awaitRefusal(_ connection: inout Connection) throws {
        let end = cs_milliseconds() + patience
        while !connection.session.isPeerClosed, connection.session.failure == nil,
            (try? connection.waitForInput(until: end)) == true, (try? connection.read()) != nil
        {}
        if case .alertReceived? = connection.session.failure { try connection.checkFailure() }
    }

    /// Reads until the server has left a session, which a TLS 1.3 server does after the handshake, and closes.
    ///
    /// The server may keep its own side open as long as it likes (RFC 9846 §6.1), or reset the connection: nothing that
    /// happens once the handshake is over matters here. What it sends is dropped.
    ///
    /// - Returns: Whether there is a session to resume.
    private func awaitSession(_ connection: inout Connection) -> Bool {
        let end = cs_milliseconds() + patience
        while configuration.sessionCount(for: name) == 0, !connection.session.isPeerClosed,
            (try? connection.waitForInput(until: end)) == true, (try? connection.read()) != nil
        {
            if connection.session.failure != nil { break }
        }
        close(&connection)
        return configuration.sessionCount(for: name) > 0
    }

    /// How many milliseconds a server has for what may not come: its ticket, which it sends with its Finished message or right after
    /// the client's, its refusal of our certificate, and that it reads on when it has closed. Most answer our goodbye at once. Two
    /// seconds, and more for whoever gives more than the usual time for all the rest.
    private var patience: UInt64 { max(2000, UInt64(options.timeout) * 1000 / 15) }

    /// Sends standard input and prints what comes back until the server closes. The end of standard input closes
    /// only our direction.
    private func exchange(_ connection: inout Connection) throws {
        var isInputOpen = true
        // Why nothing can be sent any more. What the server has said before is printed all the same: it may have said why.
        var obstacle: SocketError?
        while !connection.session.isPeerClosed {
            try connection.checkFailure()
            var interests = [
                cs_interest(0, read: isInputOpen && obstacle == nil && !connection.hasOutput),
                cs_interest(connection.socket.descriptor, read: true, write: obstacle == nil && connection.hasOutput),
                // A server may be silent for long after its reader has gone.
                cs_interest(1, read: false, failure: true),
            ]
            _ = try cs_interest.wait(for: &interests, milliseconds: -1)
            if interests[2].has_failed { throw OutputClosed() }
            do {
                if interests[0].can_read { isInputOpen = try sendInput(&connection) }
                if obstacle == nil { try connection.flush() }
            } catch let error as SocketError {
                obstacle = error
            }
            if interests[1].can_read { try output(connection.read()) }
        }
        if let obstacle { throw obstacle }
        // The server has no more to say. Whether it takes what it was sent is another question.
        guard try connection.flush(until: cs_milliseconds() + patience) else {
            throw Failure(.broken, "\(options.endpoint): the server has closed, and does not read the rest")
        }
        close(&connection)
    }

    /// Sends what is there of standard input; false at its end.
    private func sendInput(_ connection: inout Connection) throws -> Bool {
        guard let bytes = input(upTo: 16384) else {
            connection.session.close()
            return false
        }
        if !bytes.isEmpty { try connection.write(bytes) }
        return true
    }

    private func requestHead(_ connection: inout Connection) throws {
        if let chosen = connection.session.negotiated?.applicationProtocol, chosen != "http/1.1" {
            throw Failure(.broken, "--head speaks http/1.1, and the server chose \(printable(chosen))")
        }
        let request =
            "HEAD / HTTP/1.1\r\nHost: \(options.authority)\r\nUser-Agent: safetls\r\nConnection: close\r\n\r\n"
        let end = deadline
        try connection.write(Array(request.utf8))
        var response: [UInt8] = []
        while true {
            guard try connection.flush(until: end) else { throw late("did not read its request") }
            try connection.checkFailure()
            guard try connection.waitForInput(until: end) else { throw late("did not answer") }
            response += try connection.read()
            if let end = endOfHead(in: response) {
                try output(Array(response[..<end]))
                break
            }
            guard !connection.session.isPeerClosed, response.count < 1 << 16 else {
                throw Failure(.broken, "\(options.endpoint): the server sends no HTTP response head")
            }
        }
        close(&connection)
    }
}

/// The index behind the empty line that ends an HTTP head.
func endOfHead(in bytes: [UInt8]) -> Int? {
    let mark = Array("\r\n\r\n".utf8)
    return position(of: mark, in: bytes).map { $0 + mark.count }
}

/// Where a mark stands first. What the standard library has for strings would bring the engine of regular expressions along.
func position(of mark: [UInt8], in bytes: [UInt8]) -> Int? {
    guard bytes.count >= mark.count else { return nil }
    return (0...(bytes.count - mark.count)).first { bytes[$0..<$0 + mark.count].elementsEqual(mark) }
}
