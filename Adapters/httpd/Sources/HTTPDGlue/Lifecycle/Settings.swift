// SPDX-License-Identifier: Apache-2.0
import CHTTPD
import HTTPDCore
import SafeTLS
import Synchronization

/// What httpd keeps for each server: its directives, and the addresses that speak TLS.
final class ServerState {
    let settings: ServerSettings
    /// `ServerName` and `ServerAlias`, once the configuration was checked.
    var names = VirtualHostNames(exact: [], patterns: [])
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

    /// The files that directives of this server name, those of its `<Proxy>` sections too.
    var namedFiles: [NamedFile] = []
    /// The `<Proxy>` sections of this server, and where their first directive stands.
    var sections: [(settings: ProxySettings, place: String)] = []
    /// What directives of this server say that has no effect, and where: said when all are read.
    var warnings: [(text: String, place: String)] = []
    /// What directives of this server found wrong, to be said with everything else.
    var problems: [String] = []
    /// Something that this server needs is wrong: it is said already, and no policy can be made.
    var isBroken = false
    /// What the system says of all TLS; the same for all servers, nil with mod_tls's directives.
    var systemDefaults: SystemDefaults?

    /// Certificates are still to come: until then requests get 503.
    let awaitsCertificate = Atomic(false)

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

/// A server with what is kept for it.
@safe struct Host {
    let server: UnsafeMutablePointer<server_rec>
    let state: ServerState

    init?(_ server: UnsafeMutablePointer<server_rec>) {
        guard let state = unsafe ServerState.of(server) else { return nil }
        unsafe self.server = server
        self.state = state
    }

    /// The virtual hosts, in the order of the configuration.
    static func all(behind main: UnsafeMutablePointer<server_rec>) -> [Host] {
        var hosts: [Host] = []
        var next = unsafe main.pointee.next
        while let server = unsafe next {
            if let host = unsafe Host(server) { hosts.append(host) }
            unsafe next = server.pointee.next
        }
        // httpd puts each new host before the others.
        return hosts.reversed()
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
    let outer = unsafe adopted(base, as: ServerState.self)
    let inner = unsafe adopted(added, as: ServerState.self)
    let merged = ServerState(ServerSettings(outer: outer.settings, inner: inner.settings))
    // What is inherited is told of the server that says it.
    merged.namedFiles = inner.namedFiles
    merged.sections = inner.sections
    merged.warnings = inner.warnings
    merged.problems = inner.problems
    merged.isBroken = inner.isBroken || outer.isBroken
    return unsafe Pool(pool).adopt(merged)
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
