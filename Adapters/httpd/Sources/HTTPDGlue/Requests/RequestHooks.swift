// SPDX-License-Identifier: Apache-2.0
import CHTTPD
import HTTPDCore
import Synchronization

/// A request was read: may it be answered on this connection?
@c @implementation
func tlsd_post_read_request(_ request: UnsafeMutablePointer<request_rec>) -> CInt {
    guard let record = unsafe request.pointee.connection, let connection = unsafe Connection.of(record) else {
        return DECLINED
    }
    if connection.isPlainHTTP {
        // A page of ErrorDocument that takes the place of the 400 page is a request of its own.
        guard unsafe request.pointee.prev == nil else { return DECLINED }
        unsafe apr_table_set(request.pointee.notes, "error-notes", PlainHTTP.note)
        unsafe record.pointee.keepalive = AP_CONN_CLOSE
        return HTTP_BAD_REQUEST
    }
    // The connection ends as its first request says, as with mod_ssl.
    if connection.ending.load(ordering: .relaxed) == .unsaid {
        connection.ending.store(unsafe ending(of: request), ordering: .relaxed)
    }
    if unsafe record.pointee.master == nil {
        connection.turnsIntoTunnel =
            unsafe request.pointee.method_number == M_CONNECT
            || apr_table_get(request.pointee.headers_in, "Upgrade") != nil
    }
    let status = unsafe EarlyRequest.admit(request, connection)
    guard status == OK else { return status }
    let awaitsCertificate =
        unsafe ServerState.of(connection.speaker)?.awaitsCertificate.load(ordering: .relaxed) == true
    if connection.awaitsCertificate || awaitsCertificate, unsafe request.pointee.prev == nil {
        return HTTP_SERVICE_UNAVAILABLE
    }
    guard let server = unsafe request.pointee.server,
        unsafe request.pointee.main == nil, unsafe request.pointee.prev == nil,
        // A forward proxy is asked for other servers' names.
        unsafe request.pointee.proxyreq != PROXYREQ_PROXY
    else { return DECLINED }
    if tlsd_is_ssl_face() {
        let status = unsafe checkNames(of: request, connection, server)
        guard status == OK else { return status }
    }
    return unsafe checkHost(of: request, connection, server)
}

/// Whether the connection is one for the request's virtual host: DECLINED, or why not.
private func checkHost(
    of request: UnsafeMutablePointer<request_rec>,
    _ connection: Connection,
    _ server: UnsafeMutablePointer<server_rec>
) -> CInt {
    var host: String { unsafe name(of: server) }
    let own = unsafe ServerState.of(server)?.settings
    if own?.policy == nil, own?.asksClients(unlike: connection.policy) == true {
        unsafe log(
            request,
            .misdirected,
            level: APLOG_ERR,
            "a request for \(host) is refused: that virtual host has an SSLVerifyClient of its own, and no SSLEngine on that "
                + "could carry it out"
        )
        return HTTP_MISDIRECTED_REQUEST
    }
    guard unsafe server != connection.server else { return DECLINED }
    let hasOwnPolicy = unsafe connection.speaker == connection.server
    let verdict = RequestVerdict(
        connection: hasOwnPolicy ? connection.policy : nil,
        request: own?.policy,
        clientNamedServer: connection.serverName != nil,
        policy: unsafe ServerState.of(server)?.serverNamePolicy ?? .secure
    )
    switch verdict {
    case .proceed:
        return DECLINED
    case .forbidden:
        unsafe log(
            request,
            .noServerName,
            level: APLOG_ERR,
            "a request for \(host) is refused: the client named no server in its handshake (\(strictDirective))"
        )
        return HTTP_FORBIDDEN
    case .misdirected:
        unsafe log(
            request,
            .misdirected,
            // A proxy before us may be at fault.
            level: APLOG_ERR,
            "a request for \(host) is refused: the handshake was made for \(name(of: connection.server))"
                + (connection.serverName.map { ", as the client named '\(ShownName($0))' in it" }
                    ?? ", as the client named no server in it")
                + (own?.policy == nil
                    ? ", and \(host) has no TLS of its own" : ", and that virtual host has another TLS policy")
        )
        return HTTP_MISDIRECTED_REQUEST
    }
}

private func name(of server: UnsafeMutablePointer<server_rec>) -> String {
    unsafe server.pointee.server_hostname.map { unsafe String(cString: $0) } ?? "(unnamed)"
}

/// What SetEnvIf and BrowserMatch say of the way the connection is to end.
private func ending(of request: UnsafeMutablePointer<request_rec>) -> FilteredConnection.Ending {
    let table = unsafe request.pointee.subprocess_env
    if unsafe apr_table_get(table, "ssl-unclean-shutdown") != nil { return .unclean }
    return unsafe apr_table_get(table, "ssl-accurate-shutdown") == nil ? .standard : .accurate
}

/// What insists on a name in the handshake, in the language of the configuration.
private var strictDirective: String { tlsd_is_ssl_face() ? "SSLStrictSNIVHostCheck" : "TLSStrictSNI" }

/// What mod_ssl asks of the names in handshake and request before it compares hosts.
private func checkNames(
    of request: UnsafeMutablePointer<request_rec>,
    _ connection: Connection,
    _ server: UnsafeMutablePointer<server_rec>
) -> CInt {
    guard let record = unsafe request.pointee.connection else { return OK }
    if connection.serverName != nil {
        guard unsafe request.pointee.hostname == nil else { return OK }
        unsafe log(request, .misdirected, level: APLOG_ERR, "a request is refused that names no host")
        return HTTP_BAD_REQUEST
    }
    let primary = unsafe record.pointee.master ?? record
    let isStrict =
        unsafe connection.policy.requiresServerName
        || ServerState.of(server)?.settings.policy?.requiresServerName == true
    guard isStrict, unsafe tlsd_is_name_based(primary) else { return OK }
    unsafe apr_table_set(
        request.pointee.notes,
        "error-notes",
        "Reason: the client did not say by Server Name Indication (SNI) which server it wants.<br />\n"
    )
    unsafe log(
        request,
        .noServerName,
        level: APLOG_ERR,
        "a request is refused: the client named no server in its handshake (\(strictDirective))"
    )
    return HTTP_FORBIDDEN
}

/// The environment of CGI scripts and of modules that look there.
@c @implementation
func tlsd_fixups(_ request: UnsafeMutablePointer<request_rec>) -> CInt {
    guard let facts = unsafe Connection.of(request.pointee.connection)?.facts,
        let table = unsafe request.pointee.subprocess_env
    else { return DECLINED }
    let pool = unsafe Pool(request.pointee.pool)

    func set(_ name: String) {
        guard let value = facts.value(of: name) else { return }
        unsafe apr_table_setn(table, pool.copy(name), pool.copy(value))
    }

    set("HTTPS")
    if let name = facts.serverName { unsafe apr_table_setn(table, pool.copy("SSL_TLS_SNI"), pool.copy(name)) }
    if unsafe EarlyRequest.isMarked(request) { unsafe apr_table_set(table, "SSL_EARLY_DATA", "1") }
    let options = unsafe DirectoryConfig.of(request).options.enabled
    if options.contains(.standardVariables) {
        ConnectionFacts.standardNames.forEach(set)
        facts.ownNames.forEach(set)
        if options.contains(.legacyNames) {
            for (name, value) in facts.legacyNames { unsafe apr_table_setn(table, pool.copy(name), pool.copy(value)) }
        }
    }
    if options.contains(.certificateData) {
        facts.dataNames.forEach(set)
        // mod_ssl sets it in any case: scripts look for an empty one.
        if tlsd_is_ssl_face(), !facts.hasClientCertificate {
            unsafe apr_table_setn(table, pool.copy("SSL_CLIENT_CERT"), pool.copy(""))
        }
    }
    return DECLINED
}
