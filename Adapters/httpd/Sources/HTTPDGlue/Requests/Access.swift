// SPDX-License-Identifier: Apache-2.0
import CHTTPD
import HTTPDCore
import SafeTLS

/// What directories ask of the connection that a request came by: `SSLRequireSSL`, `SSLVerifyClient`, `SSLRequire`.
@c @implementation
func tlsd_check_access(_ request: UnsafeMutablePointer<request_rec>) -> CInt {
    let directory = unsafe DirectoryConfig.of(request)
    let connection = unsafe Connection.of(request.pointee.connection)
    let isTLS = connection?.isPlainHTTP == false
    if directory.requiresTLS && !isTLS {
        // Some other module may have the connection.
        guard unsafe ap_ssl_conn_is_ssl(request.pointee.connection) == 0 else { return DECLINED }
        return unsafe forbid(request, "the request came without TLS (SSLRequireSSL)")
    }
    guard let connection, isTLS else { return DECLINED }
    let status = unsafe authenticate(request, connection, directory)
    guard status == OK else { return status }
    unsafe setUser(request, connection, directory)
    if let requirements = unsafe directory.requirements,
        let unmet = unsafe tlsd_first_unmet(request, requirements)
    {
        let place = unsafe unmet.pointee.filename.map { unsafe String(cString: $0) } ?? "?"
        return unsafe forbid(
            request,
            "an expression of SSLRequire is false (line \(unmet.pointee.line_number) of \(place))"
        )
    }
    return DECLINED
}

/// Sees to it that the client has shown the certificate that a directory or the request's virtual host wants.
private func authenticate(
    _ request: UnsafeMutablePointer<request_rec>,
    _ connection: Connection,
    _ directory: DirectoryConfig
) -> CInt {
    guard let state = unsafe ServerState.of(request.pointee.server) else { return OK }
    let policy = state.settings.policy
    // A forward proxy is not held to the names of hosts.
    if policy == nil, state.settings.asksClients(unlike: connection.policy) {
        return unsafe forbid(request, "its virtual host has an SSLVerifyClient of its own, and no SSLEngine on")
    }
    let wanted = max(directory.verification ?? .none, policy?.verification ?? .none)
    guard wanted != .none else { return OK }
    guard let facts = connection.facts, let policy else { return unsafe forbid(request, "its virtual host has no TLS") }
    let depth = directory.verificationDepth < 0 ? policy.verificationDepth : Int(directory.verificationDepth)
    // The client was asked already, and the answer is good enough: if whoever asked does so as the host of the request,
    // which `SSLVHostSNIPolicy insecure` leaves open.
    if let answered = connection.answered, ServerNamePolicy.authonly.allows(answered.host, policy),
        facts.hasVerifiedClient ? facts.authoritiesAboveClient <= depth : wanted <= answered.most
    {
        return OK
    }
    // What was shown for others is no proof here, and does not stay when nothing else can be had.
    let canDoWithout = wanted < .require && !facts.hasVerifiedClient
    guard wanted == .optionalWithoutAuthority || policy.hasAuthorities else {
        let sentence = "the virtual host has no authorities for client certificates"
        return canDoWithout ? OK : unsafe forbid(request, sentence)
    }
    guard unsafe request.pointee.main == nil else {
        return canDoWithout ? OK : unsafe forbid(request, "the client has no certificate")
    }
    return unsafe ask(request, connection, directory, policy, wanted, depth: depth, canDoWithout: canDoWithout)
}

/// Asks the client for its certificate after the handshake, with the request's body kept until it has come.
///
/// - Parameter canDoWithout: Whether nobody has to be asked where that cannot be.
private func ask(
    _ request: UnsafeMutablePointer<request_rec>,
    _ connection: Connection,
    _ directory: DirectoryConfig,
    _ policy: ServerPolicy,
    _ wanted: ClientVerification,
    depth: Int,
    canDoWithout: Bool
) -> CInt {
    if unsafe request.pointee.connection.pointee.master != nil {
        // RFC 8740 §3: not on HTTP/2. The note tells mod_http2 to ask for HTTP/1.1.
        unsafe apr_table_set(request.pointee.notes, "ssl-renegotiate-forbidden", "verify-client")
        return unsafe forbid(request, level: APLOG_INFO, "a client cannot be asked for a certificate on HTTP/2")
    }
    if isTLS12(connection.facts?.value(of: "SSL_PROTOCOL")) {
        guard !canDoWithout else { return OK }
        return unsafe forbid(
            request,
            "a directory wants a client certificate that the virtual host does not ask for, and TLS 1.2 could ask only by "
                + "renegotiation, which is refused: set SSLVerifyClient optional in the virtual host"
        )
    }
    // Who sent 0-RTT data can be asked when it has shown that it is there.
    guard connection.completeHandshake() else { return unsafe giveUp(request) }
    guard connection.tls.session.offersPostHandshakeAuthentication else {
        return canDoWithout
            ? OK : unsafe forbid(request, "the client cannot be asked for a certificate after its handshake")
    }
    if unsafe tlsd_has_body(request) {
        let status = unsafe tlsd_hold_body(request, apr_off_t(directory.bodyLimit.bytes))
        guard status == OK else {
            unsafe log(
                request,
                .clientCertificate,
                level: APLOG_ERR,
                "the body of a request that has to wait for a client certificate is longer than SSLRenegBufferSize"
            )
            return status
        }
    }
    guard let authenticator = try? policy.authenticators?.authenticator(depth: depth) else {
        return unsafe forbid(request, "the virtual host has no authorities for client certificates")
    }
    switch connection.authenticate(authenticator, for: policy, wanted) {
    case .answered:
        if wanted == .require, connection.facts?.hasVerifiedClient != true {
            return unsafe forbid(request, "the client has shown no certificate")
        }
        return OK
    case .impossible:
        return canDoWithout ? OK : unsafe forbid(request, "the client cannot be asked for a certificate now")
    case .failed: return unsafe giveUp(request)
    }
}

/// The connection has failed, and nobody reads an answer.
private func giveUp(_ request: UnsafeMutablePointer<request_rec>) -> CInt {
    unsafe request.pointee.connection.pointee.aborted = 1
    return HTTP_FORBIDDEN
}

private func isTLS12(_ version: String?) -> Bool { version == "TLSv1.2" }

/// 403, with the note by which `Satisfy Any` and error pages know why.
func forbid(
    _ request: UnsafeMutablePointer<request_rec>,
    level: CInt = APLOG_ERR,
    _ sentence: @autoclosure () -> String
) -> CInt {
    unsafe log(request, .accessForbidden, level: level, "a request is refused: \(sentence())")
    unsafe apr_table_set(request.pointee.notes, "ssl-access-forbidden", "1")
    return HTTP_FORBIDDEN
}

/// `SSLUserName`, `TLSUserName`.
private func setUser(
    _ request: UnsafeMutablePointer<request_rec>,
    _ connection: Connection,
    _ directory: DirectoryConfig
) {
    // The name is the certificate's then.
    guard !directory.options.enabled.contains(.fakeBasicAuthentication) else { return }
    var wanted = unsafe ServerState.of(request.pointee.server)?.settings.policy?.userName
    if let pointer = unsafe directory.userName { unsafe wanted = String(cString: pointer) }
    guard let name = wanted else { return }
    let pool = unsafe Pool(request.pointee.pool)
    guard let value = connection.facts?.value(of: name), !value.isEmpty else { return }
    unsafe request.pointee.user = UnsafeMutablePointer(mutating: pool.copy(value))
    unsafe request.pointee.ap_auth_type = UnsafeMutablePointer(mutating: pool.copy("ClientCert"))
}

/// With `StrictRequire` nothing opens what was refused.
@c @implementation
func tlsd_check_authorization(_ request: UnsafeMutablePointer<request_rec>) -> CInt {
    unsafe staysRefused(request) ? HTTP_FORBIDDEN : FakeUser.checkAuthorization(of: request)
}

private func staysRefused(_ request: UnsafeMutablePointer<request_rec>) -> Bool {
    unsafe DirectoryConfig.of(request).options.enabled.contains(.strictRequirements)
        && apr_table_get(request.pointee.notes, "ssl-access-forbidden") != nil
}

@c @implementation
func tlsd_check_authentication(_ request: UnsafeMutablePointer<request_rec>) -> CInt {
    // Nobody is asked for a password that would open nothing, least of all without TLS.
    unsafe staysRefused(request) ? HTTP_FORBIDDEN : FakeUser.checkAuthentication(of: request)
}

@c @implementation
func tlsd_client_is_verified(_ request: UnsafeMutablePointer<request_rec>) -> Bool {
    unsafe Connection.of(request.pointee.connection)?.facts?.hasVerifiedClient == true
}
