// SPDX-License-Identifier: Apache-2.0
import CHTTPD
import HTTPDCore

/// `FakeBasicAuth`: the name in the client's certificate as a user, whose password is `password`.
enum FakeUser {
    /// The user that was made for the request.
    private static let note = "ssl-fake-basic-auth"

    /// Makes a user of the client's name, and refuses what a client has made up itself.
    static func checkAuthentication(of request: UnsafeMutablePointer<request_rec>) -> CInt {
        // The requests that follow from one have its header fields, and with them what was made here.
        let initial = unsafe initial(of: request)
        if unsafe apr_table_get(initial.pointee.notes, note) != nil { return DECLINED }
        if let claim = unsafe Claim(of: request) {
            // Only we may say that, whether the client speaks TLS or not. Where a password file has the names of certificates
            // no password does: crypt looks at the first eight characters alone.
            let isRefused = unsafe claim.isOfOurMaking || (claim.isOfOurForm && isOn(for: request))
            guard !isRefused else { return unsafe refuse(request) }
        }
        guard unsafe initial == request else { return DECLINED }
        let facts = unsafe Connection.of(request.pointee.connection)?.facts
        guard unsafe isOn(for: request), unsafe request.pointee.user == nil, let name = facts?.fakeUserName else {
            return DECLINED
        }
        let pool = unsafe Pool(request.pointee.pool)
        let encoded = unsafe ap_pbase64encode(
            pool.pointer,
            UnsafeMutablePointer(mutating: pool.copy("\(name):password"))
        )
        guard let encoded = unsafe encoded else { return DECLINED }
        unsafe apr_table_set(request.pointee.headers_in, "Authorization", "Basic " + String(cString: encoded))
        unsafe apr_table_set(request.pointee.notes, note, name)
        return DECLINED
    }

    /// Refuses users that another module took from elsewhere, a form or an answer to a Digest challenge, and that have the form
    /// of those made here.
    static func checkAuthorization(of request: UnsafeMutablePointer<request_rec>) -> CInt {
        guard unsafe isOn(for: request), let user = unsafe request.pointee.user,
            FakeUserName.isOne(unsafe String(cString: user))
        else { return DECLINED }
        guard let ours = unsafe apr_table_get(initial(of: request).pointee.notes, note),
            unsafe strcmp(ours, user) == 0
        else { return unsafe refuse(request) }
        return DECLINED
    }

    private static func refuse(_ request: UnsafeMutablePointer<request_rec>) -> CInt {
        unsafe forbid(request, "the client sends the name of a certificate as if it were a user's")
    }

    private static func isOn(for request: UnsafeMutablePointer<request_rec>) -> Bool {
        unsafe DirectoryConfig.of(request).options.enabled.contains(.fakeBasicAuthentication)
    }

    /// The request that a client has sent and that this one follows from.
    private static func initial(of request: UnsafeMutablePointer<request_rec>) -> UnsafeMutablePointer<request_rec> {
        var initial = unsafe request
        while let earlier = unsafe initial.pointee.main ?? initial.pointee.prev { unsafe initial = earlier }
        return unsafe initial
    }

    /// What a client says in a header field of who it is.
    private struct Claim {
        /// Whether the user has the form of those that are made of certificates.
        let isOfOurForm: Bool
        /// Whether it comes with their password.
        let isOfOurMaking: Bool

        /// Read as mod_auth_basic does, to which any white space will do. Nil when there is nothing that it would read.
        init?(of request: UnsafeMutablePointer<request_rec>) {
            let isForwarded = unsafe request.pointee.proxyreq == PROXYREQ_PROXY
            let field = isForwarded ? "Proxy-Authorization" : "Authorization"
            var line = unsafe apr_table_get(request.pointee.headers_in, field)
            guard unsafe line != nil,
                let scheme = unsafe ap_getword(request.pointee.pool, &line, CChar(UInt8(ascii: " "))),
                unsafe strcasecmp(scheme, "Basic") == 0
            else { return nil }
            while let byte = unsafe line?.pointee, byte == 32 || (9...13).contains(byte) {
                unsafe line = line?.successor()
            }
            guard let decoded = unsafe ap_pbase64decode(request.pointee.pool, line) else { return nil }
            var rest: UnsafePointer<CChar>? = unsafe UnsafePointer(decoded)
            guard let user = unsafe ap_getword_nulls(request.pointee.pool, &rest, CChar(UInt8(ascii: ":"))) else {
                return nil
            }
            let name = unsafe String(cString: user)
            let password = unsafe rest.map { unsafe String(cString: $0) } ?? ""
            isOfOurForm = FakeUserName.isOne(name)
            isOfOurMaking = name.utf8.first == UInt8(ascii: "/") && password == "password"
        }
    }
}
