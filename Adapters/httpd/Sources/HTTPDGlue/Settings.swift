// SPDX-License-Identifier: Apache-2.0
import CHTTPD
import HTTPDCore
import SafeTLS

/// What httpd keeps for each server: its directives, and the addresses that speak TLS.
final class ServerState {
    let settings: ServerSettings
    /// `SSLEngine`, once the configuration was checked.
    var isEngineOn = false
    /// The same for all servers; nil until the configuration was checked.
    var engines: EngineList?
    /// `SSLVHostSNIPolicy`, the same for all servers.
    var serverNamePolicy = ServerNamePolicy.secure
    /// What is to be said of a server that speaks TLS when it has no certificate; nil for one that does not.
    var missingCertificate: String?
    /// Staples what another module provides.
    var stapling: ManagedStapling?
    /// Staples what is there to be stapled. Called before a handshake's answer.
    func refreshStaples(for server: UnsafeMutablePointer<server_rec>, _ record: UnsafeMutablePointer<conn_rec>) {
        unsafe stapling?.refresh(for: server, record)
        guard let staples = settings.policy?.staples else { return }
        let now = Int64(apr_time_now() / 1_000_000)
        staples.refresh(at: now) { subject in
            stapling?.manages(subject.certificate) == true
                ? nil : StapleFetcher.kept(about: subject, staples.policy, at: now)
        }
    }

    /// What the system says of all TLS; the same for all servers, nil with mod_tls's directives.
    var systemDefaults: SystemDefaults?

    /// Certificates are still to come: until then requests get 503.
    var awaitsCertificate = false

    /// `SSLPassPhraseDialog`; the main server's counts.
    var passphraseDialog = PassphraseDialog.terminal
    /// `TLSReloadInterval` in seconds, 0 for off; the main server's counts.
    var reloadInterval: Int64 = 60

    init(_ settings: ServerSettings) {
        self.settings = settings
    }

    /// The state of a server, nil before httpd made it.
    static func of(_ server: UnsafeMutablePointer<server_rec>?) -> ServerState? {
        guard let server = unsafe server, let address = unsafe tlsd_server_config(server) else { return nil }
        return unsafe adopted(address, as: ServerState.self)
    }
}

// MARK: - Callbacks of the module record

@c @implementation
func tlsd_create_server_config(
    _ pool: OpaquePointer,
    _ server: UnsafeMutablePointer<server_rec>?
) -> UnsafeMutableRawPointer? {
    unsafe Pool(pool).adopt(ServerState(ServerSettings()))
}

@c @implementation
func tlsd_merge_server_config(
    _ pool: OpaquePointer,
    _ base: UnsafeMutableRawPointer,
    _ added: UnsafeMutableRawPointer
) -> UnsafeMutableRawPointer? {
    let outer = unsafe adopted(base, as: ServerState.self).settings
    let inner = unsafe adopted(added, as: ServerState.self).settings
    return unsafe Pool(pool).adopt(ServerState(ServerSettings(outer: outer, inner: inner)))
}

@c @implementation
func tlsd_create_directory_config(
    _ pool: OpaquePointer,
    _ directory: UnsafeMutablePointer<CChar>?
) -> UnsafeMutableRawPointer? {
    unsafe Pool(pool).place(DirectoryConfig())
}

@c @implementation
func tlsd_merge_directory_config(
    _ pool: OpaquePointer,
    _ base: UnsafeMutableRawPointer,
    _ added: UnsafeMutableRawPointer
) -> UnsafeMutableRawPointer? {
    let outer = unsafe base.load(as: DirectoryConfig.self)
    let inner = unsafe added.load(as: DirectoryConfig.self)
    let pool = unsafe Pool(pool)
    return unsafe pool.place(inner.merged(onto: outer, pool: pool))
}
