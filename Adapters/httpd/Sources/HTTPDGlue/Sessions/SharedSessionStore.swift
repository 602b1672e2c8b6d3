// SPDX-License-Identifier: Apache-2.0
import CHTTPD
import SafeTLS

/// Sessions in the cache that `SSLSessionCache` or `TLSSessionCache` names. What it holds is sealed with the keys of the
/// virtual host.
struct SharedSessionStore: SessionStore {
    /// Longest session kept, in bytes: providers keep them in memory of a fixed size.
    private static let longest = 8192

    /// Nil when no cache is configured.
    init?() {
        guard tlsd_cache_is_configured(tlsd_sessions) else { return nil }
    }

    func store(_ session: [UInt8], for identifier: [UInt8], until expiry: Int64, now: Int64) {
        guard session.count <= Self.longest else { return }
        unsafe tlsd_cache_store(
            tlsd_sessions,
            identifier,
            UInt32(identifier.count),
            session,
            UInt32(session.count),
            expiry
        )
    }

    func session(for identifier: [UInt8], now: Int64) -> [UInt8]? {
        let count = UInt32(identifier.count)
        let session = unsafe [UInt8](unsafeUninitializedCapacity: Self.longest) { buffer, length in
            guard let start = buffer.baseAddress else { return }
            length = unsafe Int(tlsd_cache_find(tlsd_sessions, identifier, count, start, UInt32(Self.longest)))
        }
        return session.isEmpty ? nil : session
    }

    func remove(_ identifier: [UInt8]) -> Bool {
        unsafe tlsd_cache_remove(tlsd_sessions, identifier, UInt32(identifier.count))
    }
}

/// Says of a cache in files that its provider reads them as root, whenever httpd starts or restarts.
@c @implementation
func tlsd_warn_of_cache(_ cache: UnsafePointer<CChar>) {
    let name = unsafe String(cString: cache)
    let sentence =
        "\(name): what processes that speak with clients have written there is read by the parent, as root; shmcb is not"
    unsafe tlsd_log_server(nil, tlsd_startup_warning, APR_SUCCESS, Event.configuration.line(sentence))
}

@c @implementation
func tlsd_report_locked_cache(_ server: UnsafeMutablePointer<server_rec>, _ lock: UnsafePointer<CChar>) {
    let name = unsafe String(cString: lock)
    unsafe tlsd_log_server(
        server,
        APLOG_WARNING,
        APR_SUCCESS,
        Event.cacheLocked.line(
            "the lock '\(name)' is not given back: this process does without that cache for ten seconds"
        )
    )
}
