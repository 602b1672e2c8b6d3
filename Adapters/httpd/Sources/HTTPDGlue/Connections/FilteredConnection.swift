// SPDX-License-Identifier: Apache-2.0
import CHTTPD
import HTTPDCore
import SafeTLS
import Synchronization

/// The TLS side of one connection of httpd, and the state of its two filters: what connections from clients and to proxied
/// servers have in common.
///
/// One thread at a time works for a connection.
@safe class FilteredConnection {
    /// Where the connection is in its life. It only moves down this list.
    enum Phase {
        case handshake
        /// 0-RTT data of the client are read and answered, while the handshake goes on.
        case early
        case established
        /// The client spoke HTTP without TLS: it gets httpd's error page, in the clear.
        case plainHTTP
        /// A fatal alert was sent or received.
        case failed
        /// close_notify was sent, or left out on request.
        case closed
    }

    /// How a connection ends that has not failed.
    enum Ending: UInt8, AtomicRepresentable {
        /// Nothing was said: as `standard`.
        case unsaid
        /// close_notify is sent, and that of the other side not waited for.
        case standard
        /// `ssl-unclean-shutdown`: no close_notify, for clients that choke on it.
        case unclean
        /// `ssl-accurate-shutdown`: that of the other side is waited for.
        case accurate
    }

    let record: UnsafeMutablePointer<conn_rec>
    let allocator: BucketAllocator
    let incoming: Brigade
    let outgoing: Brigade
    var inputFilter: UnsafeMutablePointer<ap_filter_t>?
    var outputFilter: UnsafeMutablePointer<ap_filter_t>?

    var session: Endpoint
    var phase = Phase.handshake
    var buffer = ReceiveBuffer()
    var stage = Stage()
    /// Bytes in `outgoing`.
    var outgoingCount = 0
    /// The session can do nothing with what `buffer` holds.
    var needsInput = true
    /// What further reads return.
    var inputEnd: apr_status_t?
    /// Plaintext that came before the answer to a request for a certificate, and how much of it is delivered.
    var aside = Stage()
    var asideStart = 0
    /// How the connection is to end.
    let ending = Atomic(Ending.unsaid)
    /// Whether a line was written about the connection that administrators have to see.
    private let hasComplained = Atomic(false)
    /// What the other side is called in messages, and how loud those about it are.
    let peer: String
    private let failureLevel: CInt

    init?(
        _ record: UnsafeMutablePointer<conn_rec>,
        _ session: Endpoint,
        peer: String,
        failureLevel: CInt
    ) {
        unsafe self.record = record
        guard let pool = unsafe record.pointee.pool, let buckets = unsafe record.pointee.bucket_alloc,
            let incoming = unsafe Brigade(pool: pool, allocator: buckets),
            let outgoing = unsafe Brigade(pool: pool, allocator: buckets)
        else { return nil }
        self.incoming = incoming
        self.outgoing = outgoing
        allocator = unsafe BucketAllocator(pointer: buckets)
        self.session = session
        self.peer = peer
        self.failureLevel = failureLevel
    }

    deinit {
        // Whatever is cleaned up after this must not find us any more.
        unsafe tlsd_set_connection_config(record, nil)
    }

    /// The TLS side of a connection, nil without one.
    static func at(_ record: UnsafeMutablePointer<conn_rec>) -> FilteredConnection? {
        guard let address = unsafe tlsd_connection_config(record) else { return nil }
        return unsafe adopted(address, as: FilteredConnection.self)
    }

    /// Puts the filters between httpd and the network. The connection lives as long as its pool.
    func insertFilters(_ address: UnsafeMutableRawPointer) {
        unsafe inputFilter = ap_add_input_filter_handle(tlsd_input_filter_record(), address, nil, record)
        unsafe outputFilter = ap_add_output_filter_handle(tlsd_output_filter_record(), address, nil, record)
    }

    // MARK: - What the two kinds of connections do in their own way

    /// The handshake is about to begin, or goes on.
    func prepareHandshake() {}

    /// Looks at the first bytes received, before the session does. False when they were not for it.
    func acceptsFirstBytes() -> Bool { true }

    /// Answers what the session asks for.
    func answerRequest() throws(TLSError) {}

    /// 0-RTT data have come.
    func beginEarlyData() {}

    /// The handshake is complete.
    func finishHandshake(_ negotiated: NegotiatedParameters) {}

    /// The connection has failed.
    func failed() {}

    /// Whether the request under way may make a tunnel of the connection (CONNECT, Upgrade), or is one to a proxied server.
    var mayBeTunnel: Bool { true }

    // MARK: - Messages

    /// The server to whose log messages go.
    var loggingServer: UnsafeMutablePointer<server_rec>? { unsafe record.pointee.base_server }

    /// What is said behind each message about the handshake.
    var handshakeContext: String { "" }

    /// The level for something that was to be said at `wanted`: after the first line that administrators have to see, all
    /// others are of interest only to those who look for them. So nobody fills logs by one connection.
    func limited(_ wanted: CInt) -> CInt {
        guard wanted <= APLOG_ERR else { return wanted }
        return hasComplained.exchange(true, ordering: .relaxed) ? APLOG_INFO : wanted
    }

    /// Writes a message about the connection.
    func report(
        _ event: Event,
        level wanted: CInt,
        status: apr_status_t = APR_SUCCESS,
        _ sentence: @autoclosure () -> String
    ) {
        // What nobody sees does not count.
        guard unsafe isLogged(record, of: loggingServer, wanted) else { return }
        unsafe log(record, of: loggingServer, event, level: limited(wanted), status: status, sentence())
    }

    // MARK: - State

    var isHandshaking: Bool { phase == .handshake || phase == .early }

    /// Whether data may go either way.
    var isOpen: Bool { phase == .early || phase == .established }

    var isAborted: Bool { unsafe record.pointee.aborted != 0 }

    /// Ends the connection after a fatal error: the session's alert is sent, all further reads and writes fail.
    ///
    /// - Parameter isOurs: Whether it is no fault of the other side, or one that administrators have to see.
    func fail(_ event: Event, isOurs: Bool = false, _ sentence: @autoclosure () -> String) {
        report(
            event,
            level: isOurs ? APLOG_ERR : failureLevel,
            isHandshaking ? sentence() + handshakeContext : sentence()
        )
        _ = sendPendingOutput()
        stage.removeAll()
        phase = .failed
        inputEnd = tlsd_aborted
        failed()
    }

    /// The other side is gone, or silent for too long, before the handshake was over.
    func abandonHandshake(_ sentence: @autoclosure () -> String, status: apr_status_t = APR_SUCCESS) {
        phase = .failed
        report(.clientLeft, level: failureLevel, status: status, "the \(peer) \(sentence())\(handshakeContext)")
        inputEnd = tlsd_aborted
        failed()
    }

    /// The other side closed without saying that it does.
    func noteTruncation() {
        report(.truncated, level: APLOG_INFO, "the \(peer) closed the connection without a close_notify")
    }

    // MARK: - Plaintext that waits

    var asideCount: Int { aside.count - asideStart }

    /// The next plaintext, valid until more is received.
    func plaintextPrefix(_ count: Int) -> UnsafeBufferPointer<UInt8> {
        guard asideCount > 0 else { return unsafe buffer.plaintextPrefix(count) }
        let rest = unsafe aside.contents[asideStart...].prefix(count)
        return unsafe UnsafeBufferPointer(rebasing: rest)
    }

    /// Drops plaintext that was delivered.
    func consumePlaintext(_ count: Int) {
        guard asideCount > 0 else { return buffer.consumePlaintext(count) }
        asideStart += min(count, asideCount)
        // The memory goes when more is received: what was lent must last until then.
        if asideCount == 0 {
            aside.removeAll()
            asideStart = 0
        }
    }
}
