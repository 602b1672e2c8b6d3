// SPDX-License-Identifier: Apache-2.0
import CHTTPD
import HTTPDCore

/// A new connection: one to a `TLSEngine` address, or to a proxied server with TLS, gets a session and the two filters.
@c @implementation
func tlsd_pre_connection(_ record: UnsafeMutablePointer<conn_rec>, _ socket: UnsafeMutableRawPointer?) -> CInt {
    if unsafe record.pointee.outgoing != 0 {
        guard let connection = unsafe FilteredConnection.at(record), let address = unsafe tlsd_connection_config(record)
        else { return DECLINED }
        unsafe connection.insertFilters(address)
        return OK
    }
    // HTTP/2's requests have connections of their own on top of the real one.
    guard unsafe record.pointee.master == nil, let server = unsafe record.pointee.base_server,
        let local = unsafe record.pointee.local_addr,
        let state = unsafe ServerState.of(server), let engines = state.engines
    else { return DECLINED }
    guard unsafe state.isEngineOn || engines.matches(local) else { return DECLINED }
    unsafe engines.reloader?.takeUp(server)
    guard let policy = state.settings.policy else {
        unsafe log(
            record,
            .configuration,
            level: APLOG_ERR,
            "no virtual host with a TLSCertificate is configured for this address, the connection is closed"
        )
        return HTTP_INTERNAL_SERVER_ERROR
    }
    guard
        let connection = unsafe Connection(
            record,
            server: server,
            policy: policy,
            defersVerdicts: engines.defersVerdicts
        ),
        let pool = unsafe record.pointee.pool
    else { return HTTP_INTERNAL_SERVER_ERROR }
    let address = unsafe Pool(pool).adopt(connection)
    unsafe tlsd_set_connection_config(record, address)
    unsafe connection.insertFilters(address)
    return OK
}

/// Before any protocol: the handshake, which decides which protocol it will be.
///
/// With an MPM that can wait by itself it holds no thread while the client is silent: this is called again, on any
/// thread, when the client has sent more.
@c @implementation
func tlsd_process_connection(_ record: UnsafeMutablePointer<conn_rec>) -> CInt {
    guard unsafe record.pointee.master == nil, let connection = unsafe Connection.of(record),
        connection.isHandshaking
    else { return DECLINED }
    let mayLeave =
        unsafe ServerState.of(record.pointee.base_server)?.engines?.mayLeaveThreads == true
        && tlsd_mpm_can_wait(record) && !tlsd_mpm_is_stopping()
    if connection.phase == .early { return unsafe goOnEarly(connection, record, mayLeave: mayLeave) }
    var status = connection.fill(blocking: !mayLeave, handshakeOnly: true)
    if connection.phase == .handshake, mayLeave, tlsd_is_again(status) {
        status = unsafe HandshakePatience.shared.wait(for: connection, record)
        if connection.phase == .handshake, tlsd_is_again(status) {
            unsafe tlsd_wait_for_client(record)
            return OK
        }
    }
    if connection.phase == .handshake {
        connection.abandonHandshake("did not finish the TLS handshake", status: status)
    }
    switch connection.phase {
    case .early, .established, .plainHTTP:
        return DECLINED
    case .handshake, .failed, .closed:
        // Nobody else has business with this connection; lingering lets the client read the alert.
        unsafe record.pointee.keepalive = AP_CONN_CLOSE
        unsafe record.pointee.cs?.pointee.state = CONN_STATE_LINGER
        return OK
    }
}

/// A client has had answers to its 0-RTT data and sends more: if that is no more than the end of its handshake, nobody waits
/// for its next request.
private func goOnEarly(
    _ connection: Connection,
    _ record: UnsafeMutablePointer<conn_rec>,
    mayLeave: Bool
) -> CInt {
    guard mayLeave, unsafe !tlsd_speaks_http2(record),
        tlsd_is_again(connection.fill(blocking: false, handshakeOnly: false))
    else { return DECLINED }
    unsafe tlsd_wait_for_client(record)
    return OK
}

@c @implementation
func tlsd_input_filter(
    _ filter: UnsafeMutablePointer<ap_filter_t>,
    _ brigade: UnsafeMutablePointer<apr_bucket_brigade>,
    _ mode: ap_input_mode_t,
    _ block: apr_read_type_e,
    _ count: apr_off_t
) -> apr_status_t {
    guard let context = unsafe filter.pointee.ctx else { return tlsd_general }
    return unsafe adopted(context, as: FilteredConnection.self)
        .read(into: Brigade(brigade), mode: mode, blocking: block == APR_BLOCK_READ, count: Int(clamping: count))
}

@c @implementation
func tlsd_output_filter(
    _ filter: UnsafeMutablePointer<ap_filter_t>,
    _ brigade: UnsafeMutablePointer<apr_bucket_brigade>
) -> apr_status_t {
    guard let context = unsafe filter.pointee.ctx else { return tlsd_general }
    return unsafe adopted(context, as: FilteredConnection.self).write(Brigade(brigade))
}

// MARK: - What httpd asks

@c @implementation
func tlsd_connection_is_tls(_ record: UnsafeMutablePointer<conn_rec>) -> CInt {
    guard let connection = unsafe Connection.of(record), !connection.isPlainHTTP else { return DECLINED }
    return OK
}

@c @implementation
func tlsd_http_scheme(_ request: UnsafePointer<request_rec>) -> UnsafePointer<CChar>? {
    guard let connection = unsafe Connection.of(request.pointee.connection), !connection.isPlainHTTP else { return nil }
    return unsafe tlsd_https
}

@c @implementation
func tlsd_default_port(_ request: UnsafePointer<request_rec>) -> apr_port_t {
    guard let connection = unsafe Connection.of(request.pointee.connection), !connection.isPlainHTTP else { return 0 }
    return 443
}
