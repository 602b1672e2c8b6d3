// SPDX-License-Identifier: Apache-2.0
import CHTTPD
import HTTPDCore

/// A `TLSEngine` address as the operating system writes it.
@safe struct Engine {
    let address: EngineAddress
    /// All that the host name or address stands for; nil for every local address.
    private let resolved: UnsafeMutablePointer<apr_sockaddr_t>?

    /// Resolves the address; the result lives in the pool.
    init(_ address: EngineAddress, pool: Pool) throws(DirectiveError) {
        self.address = address
        guard let host = address.host else {
            unsafe resolved = nil
            return
        }
        var found: UnsafeMutablePointer<apr_sockaddr_t>?
        let status = unsafe apr_sockaddr_info_get(&found, host, APR_UNSPEC, apr_port_t(address.port), 0, pool.pointer)
        guard status == APR_SUCCESS, let first = unsafe found else {
            throw DirectiveError("TLSEngine \(address): the address '\(host)' cannot be resolved")
        }
        // 0.0.0.0 and [::] stand for every address: no connection has them as its own, and would stay without TLS.
        unsafe resolved = apr_sockaddr_is_wildcard(first) != 0 ? nil : first
    }

    /// Whether connections to this local address speak TLS.
    func matches(_ local: UnsafeMutablePointer<apr_sockaddr_t>) -> Bool {
        guard unsafe local.pointee.port == address.port else { return false }
        guard var candidate = unsafe resolved else { return true }
        while true {
            if unsafe apr_sockaddr_equal(candidate, local) != 0 { return true }
            guard let next = unsafe candidate.pointee.next else { return false }
            unsafe candidate = next
        }
    }

    /// Whether a virtual host is for connections to this address.
    func serves(_ server: UnsafeMutablePointer<server_rec>) -> Bool {
        var next = unsafe server.pointee.addrs
        while let entry = unsafe next {
            if unsafe covers(entry.pointee) { return true }
            unsafe next = entry.pointee.next
        }
        return false
    }

    private func covers(_ entry: server_addr_rec) -> Bool {
        let port = unsafe entry.host_port
        guard port == 0 || port == address.port else { return false }
        guard var candidate = unsafe resolved, let host = unsafe entry.host_addr,
            unsafe apr_sockaddr_is_wildcard(host) == 0
        else { return true }
        while true {
            if unsafe apr_sockaddr_equal(candidate, host) != 0 { return true }
            guard let next = unsafe candidate.pointee.next else { return false }
            unsafe candidate = next
        }
    }
}

/// All `TLSEngine` addresses of the configuration.
final class EngineList {
    private let engines: [Engine]
    /// Whether a virtual host or a directory may take certificates of unknown authorities: `SSLVerifyClient optional_no_ca`,
    /// which can stand in an .htaccess file, too.
    let defersVerdicts = tlsd_is_ssl_face()
    /// The settings of servers and `<Proxy>` sections by which proxied servers are spoken to.
    var proxies: [ProxySettings] = []
    /// Takes changed files into use.
    var reloader: Reloader?
    /// Fetches OCSP responses; nil when no server staples any.
    var stapleFetcher: StapleFetcher?
    /// Whether any server speaks TLS.
    var isUsed: Bool
    /// Whether a handshake may leave its thread while the client is silent.
    let mayLeaveThreads: Bool

    init(_ engines: [Engine], mayLeaveThreads: Bool) {
        self.engines = engines
        isUsed = !engines.isEmpty
        self.mayLeaveThreads = mayLeaveThreads
    }

    func matches(_ local: UnsafeMutablePointer<apr_sockaddr_t>) -> Bool {
        engines.contains { unsafe $0.matches(local) }
    }
}
