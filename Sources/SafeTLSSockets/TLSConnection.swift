// SPDX-License-Identifier: Apache-2.0

import CSockets
public import SafeTLS

/// A TLS connection over a socket, with calls that wait: the whole of a small client or server, without an event loop.
///
/// ```swift
/// let connection = try TLSConnection.connect(to: Endpoint(host: "example.org", port: 443), with: configuration)
/// try connection.write("GET / HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\n\r\n")
/// while let data = try connection.read() { … }
/// ```
///
/// One thread at a time uses it. Every wait for the peer has an end, see ``timeout``: a peer that is silent, or reads nothing,
/// is an error.
public final class TLSConnection<Session: TLSSession & ~Copyable> {
    private var connection: SocketConnection<Session>
    /// What came before it was asked for.
    private var received: [UInt8] = []
    /// Whether ``close()`` was called.
    private var isClosed = false
    /// Numeric address and port of the peer.
    public let peerName: String

    /// How many milliseconds the peer has for each thing: for the whole handshake, to send the data of one ``read()``, to take
    /// those of one `write(_:)`, however small the pieces are. Nil for no limit. Default: 30,000.
    public var timeout: Int32? = 30_000

    /// Answers what the session waits for, when steps are deferred. Nil is `SessionAnswer.builtIn(to:)`. Default: nil.
    public var answer: ((SessionRequest) throws -> SessionAnswer)?

    /// A connection of a session over a socket. Nothing is sent yet.
    public init(_ session: consuming Session, over socket: consuming Socket) throws(SocketError) {
        try socket.setBlocking(false)
        peerName = socket.name(ofPeer: true)
        connection = SocketConnection(session, over: socket)
    }

    // MARK: What is known

    /// What was agreed on; nil until the handshake is complete.
    public var negotiated: NegotiatedParameters? { connection.session.negotiated }

    /// The peer's chain as it was sent; empty until the handshake is complete, and without one.
    public var peerCertificates: [Certificate] { connection.session.peerCertificates }

    /// The path that was verified, from the peer's certificate to the trust anchor.
    public var verifiedPath: [Certificate] { connection.session.verifiedPath }

    /// What became of 0-RTT data.
    public var earlyData: EarlyDataStatus { connection.session.earlyData }

    /// Lets a closure do with the session what this class has no call for; its output is sent afterwards, also when it throws.
    public func withSession<Result>(_ body: (inout Session) throws -> Result) throws -> Result {
        let result: Result
        do {
            result = try body(&connection.session)
        } catch {
            try? flush(until: deadline)
            throw error
        }
        try flush(until: deadline)
        return result
    }

    // MARK: What is done

    /// Completes the handshake; ``read()`` and `write(_:)` do it where it is not complete.
    ///
    /// - Throws: `TLSError`, after the peer was told by an alert, or `TLSError.misuse(.closed)` after ``close()``;
    ///   ``SocketError``, also when the time is over.
    public func handshake() throws {
        guard !isClosed else { throw TLSError.misuse(.closed) }
        guard connection.session.isHandshaking || connection.session.negotiated == nil else { return }
        let end = deadline
        try flush(until: end)
        while connection.session.isHandshaking { received += try step(until: end) }
        // Given up by this side, or failed behind early data.
        guard connection.session.negotiated != nil else { throw connection.session.failure ?? .misuse(.closed) }
    }

    /// The next data; nil when the peer has said that there are no more.
    ///
    /// - Throws: `TLSError.truncated` when the connection ends without that; others as ``handshake()``. What came before an
    ///   error is returned first, also when `write(_:)` has failed: a peer that takes nothing any more may have said why.
    public func read() throws -> [UInt8]? {
        try handshake()
        let end = deadline
        if received.isEmpty { try flushForReading(until: end) }
        while received.isEmpty {
            if connection.session.isPeerClosed { return nil }
            received = try step(until: end)
        }
        defer { received = [] }
        return received
    }

    /// Sends data, all of them.
    public func write(_ data: [UInt8]) throws {
        try handshake()
        try connection.write(data)
        try flush(until: deadline)
    }

    /// Sends text in UTF-8.
    public func write(_ text: String) throws { try write(Array(text.utf8)) }

    /// Says goodbye, and waits up to two seconds for the peer to do the same: a system that closes a socket while data arrive
    /// tells the peer that all is lost, an alert that waits there among it. So it is called after an error, too. Data that come
    /// are dropped. What goes wrong here is not told, since everything was said.
    public func close() {
        isClosed = true
        connection.session.close()
        let end = cs_milliseconds() + Self.lingering
        do {
            try flush(until: end)
            connection.socket.shutdownWriting()
            while try connection.socket.wait(forReading: true, until: end) {
                if try connection.socket.discardInput() { return }
            }
        } catch {
            return
        }
    }

    private static var lingering: UInt64 { 2000 }

    /// When the peer has to be done.
    private var deadline: UInt64? { timeout.map { cs_milliseconds() + UInt64(max(0, $0)) } }

    /// Answers the session, or waits for the peer and takes what it sends.
    ///
    /// - Returns: Data, perhaps none.
    private func step(until end: UInt64?) throws -> [UInt8] {
        do {
            let data: [UInt8]
            if let request = connection.session.pendingRequest {
                try give(answer, to: request)
                data = try connection.receive()
            } else {
                try connection.checkFailure()
                guard try connection.socket.wait(forReading: true, until: end) else {
                    let step = connection.session.isHandshaking ? "the handshake did not end" : "nothing came"
                    throw SocketError.timedOut("\(peerName): \(step) in time")
                }
                data = try connection.read()
            }
            // What is wrong with that is told when the data were returned.
            if data.isEmpty { try flush(until: end) } else { try? flush(until: end) }
            return data
        } catch {
            // The alert that tells the peer why.
            try? flush(until: end)
            throw error
        }
    }

    /// Answers the session. What keeps it from an answer ends it: nobody will give another.
    private func give(_ answer: ((SessionRequest) throws -> SessionAnswer)?, to request: SessionRequest) throws {
        do {
            let given = try answer?(request) ?? SessionAnswer.builtIn(to: request)
            try connection.session.answer(given)
        } catch {
            if connection.session.failure == nil { connection.session.reject(.internalError, reason: "\(error)") }
            throw error
        }
    }

    /// Sends what waits, if the peer takes it. A connection that is broken is one that has to be read to its end.
    private func flushForReading(until end: UInt64?) throws(SocketError) {
        do throws(SocketError) {
            try flush(until: end)
        } catch {
            if error.isTimeout { throw error }
        }
    }

    private func flush(until end: UInt64?) throws(SocketError) {
        guard try connection.flush(until: end) else {
            throw SocketError.timedOut("\(peerName): nothing was taken in time")
        }
    }
}

extension TLSConnection where Session == ClientSession {
    /// Connects to a server. The handshake comes with the first ``read()`` or `write(_:)`, or with ``handshake()``.
    ///
    /// - Parameters:
    ///   - endpoint: Where to.
    ///   - configuration: The trust anchors and options.
    ///   - serverName: The name that the server's certificate must be valid for. Default: the endpoint's host.
    ///   - deferring: The steps that ``answer`` answers.
    /// - Throws: ``SocketError``, or `TLSError.misuse` when the host is no name for a certificate.
    public static func connect(
        to endpoint: Endpoint,
        with configuration: ClientConfiguration,
        serverName: ServerName? = nil,
        deferring: DeferredRequests = []
    ) throws -> TLSConnection {
        guard let name = serverName ?? ServerName(endpoint.host) else {
            throw TLSError.misuse(.invalidArgument("\(endpoint.host) is neither a DNS name nor an IP address"))
        }
        let socket = try Socket.connect(to: endpoint)
        let session = try ClientSession(configuration: configuration, serverName: name, deferring: deferring)
        return try TLSConnection(session, over: socket)
    }

    /// Sends 0-RTT data before the handshake, as far as the session with this server allows it. They can be replayed, see
    /// `ClientSession.sealEarlyData(_:into:)`.
    ///
    /// - Returns: How many bytes were sent. When ``earlyData`` is `rejected` after the handshake, send them again.
    public func writeEarly(_ data: [UInt8]) throws -> Int {
        let count = try connection.writeEarly(data)
        try flush(until: deadline)
        return count
    }
}

/// A socket that takes TLS connections.
public struct TLSListener: ~Copyable, Sendable {
    private let socket: Socket
    /// The numeric address and port.
    public let name: String

    /// Starts to listen; with port 0 the system chooses one, which ``name`` has.
    public static func listen(on endpoint: Endpoint) throws(SocketError) -> TLSListener {
        TLSListener(socket: try Socket.listen(on: endpoint))
    }

    private init(socket: consuming Socket) {
        name = socket.name(ofPeer: false)
        self.socket = socket
    }

    /// Waits for the next connection. Its handshake comes with the first ``TLSConnection/read()``, `write(_:)` or
    /// with ``TLSConnection/handshake()``: whoever serves several clients does that on another thread.
    ///
    /// - Parameters:
    ///   - configuration: How to serve it: another one each time is all that a reload of certificates takes.
    ///   - deferring: The steps that ``TLSConnection/answer`` answers.
    public borrowing func accept(
        with configuration: ServerConfiguration,
        deferring: DeferredRequests = []
    ) throws(SocketError) -> sending TLSConnection<ServerSession> {
        try TLSConnection(
            ServerSession(configuration: configuration, deferring: deferring),
            over: try socket.acceptNext()
        )
    }
}
