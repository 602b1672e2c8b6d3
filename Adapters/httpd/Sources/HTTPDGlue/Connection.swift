// SPDX-License-Identifier: Apache-2.0
import CHTTPD
import HTTPDCore
import SafeTLS

/// The TLS side of one connection from a client, and the state of its two filters.
///
/// One thread at a time works for a connection. Only `facts`, `policy`, `server` and `isPlainHTTP`, which no longer
/// change once the handshake is over, are read by the threads that serve HTTP/2 requests.
@safe final class Connection {
    /// Where the connection is in its life. It only moves down this list.
    enum Phase {
        case handshake
        case established
        /// The client spoke HTTP without TLS: it gets httpd's error page, in the clear.
        case plainHTTP
        /// A fatal alert was sent or received.
        case failed
        /// close_notify was sent, or left out on request.
        case closed
    }

    let record: UnsafeMutablePointer<conn_rec>
    let allocator: BucketAllocator
    let incoming: Brigade
    let outgoing: Brigade
    var inputFilter: UnsafeMutablePointer<ap_filter_t>?
    var outputFilter: UnsafeMutablePointer<ap_filter_t>?

    var session: ServerSession
    var phase = Phase.handshake
    var buffer = ReceiveBuffer()
    var stage = Stage()
    /// Bytes in `outgoing`.
    var outgoingCount = 0
    /// The session can do nothing with what `buffer` holds.
    var needsInput = true
    /// What further reads return.
    var inputEnd: apr_status_t?
    /// The virtual host of the handshake: at first the address's, then the one that the client named.
    var server: UnsafeMutablePointer<server_rec>
    var policy: ServerPolicy
    var facts: ConnectionFacts?
    /// The name in the ClientHello.
    var serverName: String?
    /// The signature schemes in the ClientHello, until the handshake is over.
    var signatureSchemes: [SignatureScheme] = []
    /// Whether a certificate that the client has shown leads to an authority that is trusted.
    var hasVerifiedClient = false
    /// Plaintext that came before the answer to a request for a certificate, and how much of it is delivered.
    var aside = Stage()
    var asideStart = 0
    /// The first byte told TLS from plain HTTP.
    var sawFirstByte = false
    /// The client spoke HTTP without TLS. Not asked of `phase`, which the connection's thread changes at the end.
    var isPlainHTTP = false
    /// Set by the environment variable `ssl-unclean-shutdown`: no close_notify, for clients that choke on it.
    var skipsCloseNotify = false

    /// - Parameter defersVerdicts: Whether any virtual host takes certificates of unknown authorities.
    init?(
        _ record: UnsafeMutablePointer<conn_rec>,
        server: UnsafeMutablePointer<server_rec>,
        policy: ServerPolicy,
        defersVerdicts: Bool
    ) {
        unsafe self.record = record
        guard let pool = unsafe record.pointee.pool, let buckets = unsafe record.pointee.bucket_alloc,
            let incoming = unsafe Brigade(pool: pool, allocator: buckets),
            let outgoing = unsafe Brigade(pool: pool, allocator: buckets)
        else { return nil }
        self.incoming = incoming
        self.outgoing = outgoing
        allocator = unsafe BucketAllocator(pointer: buckets)
        unsafe self.server = server
        self.policy = policy
        session = ServerSession(
            configuration: policy.configuration,
            // A verdict that is not the built-in one can only be given by us. Which host it will be is not known yet.
            deferring: defersVerdicts ? [.clientHello, .verification] : .clientHello
        )
    }

    deinit {
        // Whatever is cleaned up after this must not find us any more.
        unsafe tlsd_set_connection_config(record, nil)
    }

    /// The TLS side of a connection; for the requests of HTTP/2, which have connections of their own, that of the
    /// connection they came by. Nil without TLS.
    static func of(_ record: UnsafeMutablePointer<conn_rec>?) -> Connection? {
        guard let record = unsafe record else { return nil }
        let primary = unsafe record.pointee.master ?? record
        guard let address = unsafe tlsd_connection_config(primary) else { return nil }
        return unsafe adopted(address, as: Connection.self)
    }

    var isAborted: Bool { unsafe record.pointee.aborted != 0 }

    /// Ends the connection after a fatal error: the session's alert is sent, all further reads and writes fail.
    func fail(_ event: Event, _ sentence: @autoclosure () -> String) {
        unsafe log(record, event, level: APLOG_INFO, sentence())
        _ = sendPendingOutput()
        stage.removeAll()
        phase = .failed
        inputEnd = tlsd_aborted
    }
}
