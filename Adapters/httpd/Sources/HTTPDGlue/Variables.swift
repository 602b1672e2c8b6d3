// SPDX-License-Identifier: Apache-2.0
import CHTTPD
import HTTPDCore

/// The value of a variable for a connection, or for none.
private func value(of name: UnsafePointer<CChar>?, _ record: UnsafeMutablePointer<conn_rec>?) -> String? {
    guard let name = unsafe name else { return nil }
    let text = unsafe String(cString: name)
    guard let facts = unsafe Connection.of(record)?.facts else { return ConnectionFacts.constant(text) }
    return facts.value(of: text)
}

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
    guard let value = unsafe value(of: name, connection) else { return nil }
    return unsafe Pool(pool).copy(value)
}

/// `%{SSL_PROTOCOL}` in expressions.
@c @implementation
func tlsd_expression_variable(
    _ context: UnsafeMutablePointer<ap_expr_eval_ctx_t>,
    _ name: UnsafeRawPointer?
) -> UnsafePointer<CChar>? {
    let name = unsafe name?.assumingMemoryBound(to: CChar.self)
    guard let value = unsafe value(of: name, context.pointee.c) else { return nil }
    return unsafe Pool(context.pointee.p).copy(value)
}

/// `%{SSL_PROTOCOL}x` in log formats.
@c @implementation
func tlsd_log_variable(
    _ request: UnsafeMutablePointer<request_rec>,
    _ name: UnsafeMutablePointer<CChar>?
) -> UnsafePointer<CChar>? {
    guard let value = unsafe value(of: UnsafePointer(name), request.pointee.connection), !value.isEmpty else {
        return nil
    }
    return unsafe UnsafePointer(ap_escape_logitem(request.pointee.pool, value))
}

/// `%{version}c` and `%{cipher}c` in log formats, which mod_ssl's documentation calls deprecated.
@c @implementation
func tlsd_log_connection_variable(
    _ request: UnsafeMutablePointer<request_rec>,
    _ name: UnsafeMutablePointer<CChar>?
) -> UnsafePointer<CChar>? {
    guard let name = unsafe name, let facts = unsafe Connection.of(request.pointee.connection)?.facts else {
        return nil
    }
    let variable: String
    switch unsafe String(cString: name) {
    case "version": variable = "SSL_PROTOCOL"
    case "cipher": variable = "SSL_CIPHER"
    default: return nil
    }
    guard let value = facts.value(of: variable) else { return nil }
    return unsafe UnsafePointer(ap_escape_logitem(request.pointee.pool, value))
}
