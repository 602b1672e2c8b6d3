// SPDX-License-Identifier: Apache-2.0
import CHTTPD
import HTTPDCore

/// What one directory or location asks for; the rest is inherited.
///
/// A trivial value, so that the merge that httpd does for every request costs no cleanup. What it points to lives in the
/// pool of the configuration.
@safe struct DirectoryConfig: BitwiseCopyable {
    /// `TLSOptions`, `SSLOptions`.
    var options = DirectoryOptions()
    /// `SSLRequireSSL`.
    var requiresTLS = false
    /// `SSLVerifyClient`, `SSLVerifyDepth`.
    var verification: ClientVerification?
    var verificationDepth: Int32 = -1
    /// `SSLRenegBufferSize`, in bytes: how much of a body may wait for a client's certificate.
    var bodyLimit = BodyLimit()
    /// `SSLUserName`.
    var userName: UnsafePointer<CChar>?
    /// `SSLRequire`: `ap_expr_info_t *`.
    var requirements: UnsafeMutablePointer<apr_array_header_t>?
    /// `SSLProxy…`, `TLSProxy…`: a `ProxySettings` that a pool keeps.
    var proxy: UnsafeMutableRawPointer?

    init() {
        unsafe userName = nil
        unsafe requirements = nil
        unsafe proxy = nil
    }

    /// What holds for a request.
    static func of(_ request: UnsafeMutablePointer<request_rec>) -> DirectoryConfig {
        guard let address = unsafe tlsd_directory_config(request) else { return DirectoryConfig() }
        return unsafe address.load(as: DirectoryConfig.self)
    }

    /// What holds where both apply and `self` is the inner of the two.
    func merged(onto outer: DirectoryConfig, pool: Pool) -> DirectoryConfig {
        var merged = self
        merged.options = options.merged(onto: outer.options)
        merged.requiresTLS = requiresTLS || outer.requiresTLS
        merged.verification = verification ?? outer.verification
        if verificationDepth < 0 { merged.verificationDepth = outer.verificationDepth }
        merged.bodyLimit = bodyLimit.merged(onto: outer.bodyLimit)
        if unsafe userName == nil { unsafe merged.userName = outer.userName }
        switch unsafe (outer.requirements, requirements) {
        case (let outside?, let inside?):
            unsafe merged.requirements = apr_array_append(pool.pointer, outside, inside)
        case (let outside, nil): unsafe merged.requirements = outside
        case (nil, _): break
        }
        unsafe merged.proxy = ProxyDirectives.merge(outer.proxy, proxy, pool)
        return merged
    }
}
