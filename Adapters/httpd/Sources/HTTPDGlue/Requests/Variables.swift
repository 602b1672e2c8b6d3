// SPDX-License-Identifier: Apache-2.0
import CHTTPD
import HTTPDCore

/// `ap_ssl_var_lookup`: for mod_http2, mod_headers, mod_rewrite and many others.
@c @implementation
func tlsd_variable(
    _ pool: OpaquePointer,
    _ server: UnsafeMutablePointer<server_rec>?,
    _ record: UnsafeMutablePointer<conn_rec>?,
    _ request: UnsafeMutablePointer<request_rec>?,
    _ name: UnsafePointer<CChar>?
) -> UnsafePointer<CChar>? {
    var connection = unsafe record
    if unsafe connection == nil, let request = unsafe request {
        unsafe connection = request.pointee.connection
    }
    guard let name = unsafe name else { return nil }
    if tlsd_is_ssl_face(), let value = unsafe tlsd_request_variable(pool, connection, request, name) {
        return unsafe value
    }
    let text = unsafe String(cString: name)
    let value: String?
    if text == "SSL_TLS_SNI", let sent = unsafe Connection.of(connection)?.facts?.serverName {
        return unsafe Pool(pool).copy(sent)
    }
    if text == "SSL_EARLY_DATA" {
        value = unsafe request.map { unsafe EarlyRequest.isMarked($0) } == true ? "1" : nil
    } else if let facts = unsafe Connection.of(connection)?.facts {
        value = facts.value(of: text)
    } else {
        // A connection that is not ours may be that of another module, which answers for itself.
        value =
            unsafe connection == nil
            ? ConnectionFacts.constant(text, face: tlsd_is_ssl_face() ? "mod_ssl" : "mod_tls") : nil
    }
    guard let value else { return nil }
    return unsafe Pool(pool).copy(value)
}

/// `%{SSL_PROTOCOL}` in expressions.
@c @implementation
func tlsd_expression_variable(
    _ context: UnsafeMutablePointer<ap_expr_eval_ctx_t>,
    _ name: UnsafeRawPointer?
) -> UnsafePointer<CChar>? {
    // By way of httpd, as the connection may be that of another module with the same variables.
    unsafe ap_ssl_var_lookup(
        context.pointee.p,
        context.pointee.s,
        context.pointee.c,
        context.pointee.r,
        name?.assumingMemoryBound(to: CChar.self)
    )
}

/// `SSL('SSL_PROTOCOL')` in expressions.
@c @implementation
func tlsd_expression_function(
    _ context: UnsafeMutablePointer<ap_expr_eval_ctx_t>,
    _ data: UnsafeRawPointer?,
    _ name: UnsafePointer<CChar>?
) -> UnsafePointer<CChar>? {
    unsafe tlsd_expression_variable(context, name.map { unsafe UnsafeRawPointer($0) })
}

/// `PeerExtList('1.2.3')` in expressions, and mod_ssl's optional function.
@c @implementation
func tlsd_extension_text(
    _ pool: OpaquePointer,
    _ record: UnsafeMutablePointer<conn_rec>?,
    _ ofClient: Bool,
    _ name: UnsafePointer<CChar>
) -> UnsafePointer<CChar>? {
    guard let facts = unsafe Connection.of(record)?.facts,
        let text = facts.extensionText(unsafe String(cString: name), ofClient: ofClient)
    else { return nil }
    return unsafe Pool(pool).copy(text)
}

/// `%{SSL_PROTOCOL}x` in log formats.
@c @implementation
func tlsd_log_variable(
    _ request: UnsafeMutablePointer<request_rec>,
    _ name: UnsafeMutablePointer<CChar>?
) -> UnsafePointer<CChar>? {
    unsafe logItem(request, variable: UnsafePointer(name))
}

/// The value of a variable as it may stand in a log, nil (which httpd writes as `-`) if it is empty.
private func logItem(
    _ request: UnsafeMutablePointer<request_rec>,
    variable: UnsafePointer<CChar>?
) -> UnsafePointer<CChar>? {
    guard
        let value = unsafe ap_ssl_var_lookup(
            request.pointee.pool,
            request.pointee.server,
            request.pointee.connection,
            request,
            variable
        ),
        unsafe value.pointee != 0
    else { return nil }
    return unsafe UnsafePointer(ap_escape_logitem(request.pointee.pool, value))
}

/// `%{version}c` and `%{cipher}c` in log formats, which mod_ssl's documentation calls deprecated.
@c @implementation
func tlsd_log_connection_variable(
    _ request: UnsafeMutablePointer<request_rec>,
    _ name: UnsafeMutablePointer<CChar>?
) -> UnsafePointer<CChar>? {
    guard let name = unsafe name else { return nil }
    switch unsafe String(cString: name) {
    case "version": return unsafe logItem(request, variable: "SSL_PROTOCOL")
    case "cipher": return unsafe logItem(request, variable: "SSL_CIPHER")
    case "subjectdn", "clientcert": return unsafe logItem(request, variable: "SSL_CLIENT_S_DN")
    case "issuerdn", "cacert": return unsafe logItem(request, variable: "SSL_CLIENT_I_DN")
    default: return nil
    }
}
