// SPDX-License-Identifier: Apache-2.0
import CHTTPD
import HTTPDCore

@c @implementation
func tlsd_pre_config(_ pool: OpaquePointer, _ logPool: OpaquePointer, _ temporaryPool: OpaquePointer) -> CInt {
    unsafe tlsd_register_log_handlers(pool)
    unsafe tlsd_cache_reset(pool)
    tlsd_reload_reset()
    tlsd_statistics_reset()
    tlsd_replay_reset()
    ReadCredentials.forget()
    return OK
}

/// Runs on `apachectl configtest`, on start and on every restart, in the parent, with its rights: here the servers
/// that speak TLS get their policies, and whatever does not fit together stops httpd.
@c @implementation
func tlsd_check_config(
    _ pool: OpaquePointer,
    _ logPool: OpaquePointer,
    _ temporaryPool: OpaquePointer,
    _ server: UnsafeMutablePointer<server_rec>
) -> CInt {
    var findings = Findings()
    unsafe StartWarnings.writeOfDirectives(main: server)
    unsafe obeySystem(main: server)
    unsafe prepareServers(main: server, pool: Pool(pool), &findings)
    ReadCredentials.forget()
    tlsd_hide_passphrases()
    guard findings.log() else { return HTTP_INTERNAL_SERVER_ERROR }
    unsafe HostsWithoutEngine.warn(main: server)
    if tlsd_only_tests() { unsafe StartWarnings.write(main: server) }
    return OK
}

@c @implementation
func tlsd_post_config(
    _ pool: OpaquePointer,
    _ logPool: OpaquePointer,
    _ temporaryPool: OpaquePointer,
    _ server: UnsafeMutablePointer<server_rec>
) -> CInt {
    if unsafe ServerState.of(server)?.engines?.isUsed == true {
        unsafe ap_add_version_component(pool, ConnectionFacts.library)
        let status = unsafe tlsd_caches_start(server, pool)
        if status != OK {
            unsafe tlsd_log_server(
                nil,
                tlsd_startup_error,
                APR_SUCCESS,
                Event.configuration.line(
                    "the cache of SSLSessionCache, TLSSessionCache or SSLStaplingCache cannot be started"
                )
            )
            return status
        }
        var findings = Findings()
        unsafe collectManagedCertificates(main: server, Pool(pool), &findings)
        // Those of mod_md are read here; nobody keeps their keys besides the servers that use them.
        ReadCredentials.forget()
        guard findings.log() else { return HTTP_INTERNAL_SERVER_ERROR }
        guard unsafe ReplayMemory.create(main: server, Pool(pool)) else {
            unsafe tlsd_log_server(
                nil,
                tlsd_startup_error,
                APR_SUCCESS,
                Event.configuration.line("there is no memory for the register of early data")
            )
            return HTTP_INTERNAL_SERVER_ERROR
        }
        if !tlsd_is_first_pass() { unsafe StartWarnings.write(main: server) }
        unsafe tlsd_statistics_start(pool)
        unsafe primeStapling(main: server, Pool(pool))
        unsafe fetchStaples(main: server, Pool(pool))
    }
    return OK
}

/// Has the parent look for files that change, when mod_proxy has seen to its sections.
@c @implementation
func tlsd_watch_files(
    _ pool: OpaquePointer,
    _ logPool: OpaquePointer,
    _ temporaryPool: OpaquePointer,
    _ main: UnsafeMutablePointer<server_rec>
) -> CInt {
    guard let state = unsafe ServerState.of(main), let engines = state.engines else { return OK }
    if state.reloadInterval > 0 {
        let (servers, seconds) = unsafe (states(main), state.reloadInterval)
        do throws(DirectiveError) {
            engines.reloader = try unsafe Reloader(servers, engines.proxies, seconds: seconds, pool: Pool(pool))
        } catch {
            unsafe tlsd_log_server(main, tlsd_startup_warning, APR_SUCCESS, Event.reload.line("\(error)"))
        }
    }
    unsafe _ = Pool(pool).adopt(ConfigurationEnd(engines))
    return OK
}

/// What looks after servers keeps them alive, and they keep it alive: the end of the configuration is theirs.
private final class ConfigurationEnd {
    private let engines: EngineList

    init(_ engines: EngineList) {
        self.engines = engines
    }

    deinit {
        engines.reloader = nil
        engines.stapleFetcher = nil
    }
}

/// Tells modules that provide OCSP responses of the certificates.
private func primeStapling(main: UnsafeMutablePointer<server_rec>, _ pool: Pool) {
    var next = unsafe Optional(main)
    while let server = unsafe next {
        if let state = unsafe ServerState.of(server), state.settings.policy != nil {
            unsafe state.stapling = ManagedStapling(state.settings, of: server, pool)
        }
        unsafe next = server.pointee.next
    }
}

/// Has one of the processes fetch OCSP responses.
private func fetchStaples(main: UnsafeMutablePointer<server_rec>, _ pool: Pool) {
    let servers = unsafe states(main).filter { $0.settings.policy?.staples != nil }
    guard !servers.isEmpty else { return }
    func warn(_ sentence: String) {
        unsafe tlsd_log_server(main, APLOG_WARNING, APR_SUCCESS, Event.stapling.line(sentence))
    }
    for server in servers {
        for failure in server.settings.policy?.staples?.failures ?? []
        where server.stapling?.manages(failure.certificate) != true {
            warn("no OCSP response can be stapled to the certificate '\(failure.certificate)': \(failure.reason)")
        }
    }
    let fetcher = StapleFetcher(servers)
    fetcher.prepareCarriage()
    unsafe ServerState.of(main)?.engines?.stapleFetcher = fetcher
    if unsafe !tlsd_fetch_regularly(main, pool.pointer) {
        warn("SSLUseStapling is on, and no OCSP response is fetched: that takes mod_watchdog, which is not loaded")
    }
}

private func states(_ main: UnsafeMutablePointer<server_rec>) -> [ServerState] {
    var states: [ServerState] = []
    var next = unsafe Optional(main)
    while let server = unsafe next {
        if let state = unsafe ServerState.of(server) { states.append(state) }
        unsafe next = server.pointee.next
    }
    return states
}

/// Resolves the addresses of `TLSEngine`, finds the servers behind them and makes their policies.
private func prepareServers(main: UnsafeMutablePointer<server_rec>, pool: Pool, _ findings: inout Findings) {
    let all = unsafe states(main)
    var addresses: [EngineAddress] = []
    // Lines in virtual hosts count for all servers, as with mod_tls.
    for address in all.flatMap(\.settings.engines) where !addresses.contains(address) { addresses.append(address) }
    var engines: [Engine] = []
    for address in addresses {
        findings.collect { () throws(DirectiveError) in engines.append(try Engine(address, pool: pool)) }
    }
    let list = EngineList(engines, mayLeaveThreads: !tlsd_handshakes_are_limited())
    let dialog = unsafe ServerState.of(main)?.passphraseDialog ?? .terminal
    let namePolicy = unsafe ServerState.of(main)?.serverNamePolicy ?? .secure
    var files = NamedFiles()
    var next = unsafe Optional(main)
    while let server = unsafe next {
        if let state = unsafe ServerState.of(server) {
            state.engines = list
            state.names = unsafe names(of: server)
            state.serverNamePolicy = namePolicy
            state.isEngineOn = state.settings.isEngineOn
            unsafe files.check(state, of: server, &findings)
            if state.isEngineOn {
                list.isUsed = true
                if !state.isBroken {
                    findings.collect { () throws(DirectiveError) in
                        try unsafe preparePolicy(of: server, state, dialog, pool)
                    }
                }
            }
            if !state.isBroken {
                findings.collect { () throws(DirectiveError) in try unsafe ProxyDirectives.prepare(server, list) }
                unsafe ProxyDirectives.checkSections(of: server, state, &findings)
            }
        }
        unsafe next = server.pointee.next
    }
    for engine in engines { unsafe preparePolicies(of: engine, main: main, &findings) }
}

/// Makes the policies of the servers behind an address of `TLSEngine`.
private func preparePolicies(of engine: Engine, main: UnsafeMutablePointer<server_rec>, _ findings: inout Findings) {
    var hosts = unsafe Host.all(behind: main).filter { unsafe engine.serves($0.server) }
    if let server = unsafe Host(main), hosts.isEmpty || !server.state.settings.certificates.isEmpty {
        hosts.append(server)
    }
    if hosts.allSatisfy({ $0.state.settings.certificates.isEmpty && !$0.state.isBroken }),
        !tlsd_certificates_are_managed()
    {
        // Nothing is open by that: who connects is sent away.
        unsafe tlsd_log_server(
            main,
            tlsd_startup_warning,
            APR_SUCCESS,
            Event.configuration.line(
                "TLSEngine \(engine.address): no virtual host for it has a TLSCertificate yet, connections to it are closed"
            )
        )
        return
    }
    for host in hosts where !host.state.isBroken {
        findings.collect { () throws(DirectiveError) in try unsafe preparePolicy(of: host.server, engine: engine) }
    }
}

/// Makes the policy of a server whose `SSLEngine` is on.
private func preparePolicy(
    of server: UnsafeMutablePointer<server_rec>,
    _ state: ServerState,
    _ dialog: PassphraseDialog,
    _ pool: Pool
) throws(DirectiveError) {
    let settings = state.settings
    guard settings.policy == nil else { return }
    state.missingCertificate = "SSLEngine is on and there is no certificate, add an SSLCertificateFile"
    let (name, place) = unsafe describe(server)
    do throws(DirectiveError) {
        // Programs know the name that mod_ssl gives, which has the port of ServerName.
        let port = unsafe server.pointee.port > 0 ? server.pointee.port : 443
        let host = unsafe server.pointee.server_hostname.map { unsafe String(cString: $0) } ?? "localhost"
        try settings.loadCertificates(
            files: settings.certificateFiles,
            keyFiles: settings.certificateKeyFiles
        ) { chain, keyFile throws(DirectiveError) in
            try dialog.credential(chain, keyFile, server: "\(host):\(port)", pool)
        }
    } catch {
        throw DirectiveError("\(name)\(place): \(error)")
    }
    try unsafe makePolicy(of: server, state)
    for warning in settings.warnings {
        unsafe tlsd_log_server(
            server,
            tlsd_startup_warning,
            APR_SUCCESS,
            Event.configuration.line("\(name)\(place): \(warning)")
        )
    }
}

private func preparePolicy(
    of server: UnsafeMutablePointer<server_rec>,
    engine: Engine
) throws(DirectiveError) {
    guard let state = unsafe ServerState.of(server), state.settings.policy == nil else { return }
    state.missingCertificate = "TLSEngine \(engine.address): there is no certificate, add a TLSCertificate"
    try unsafe makePolicy(of: server, state)
}

/// Makes the policy of a server with the certificates it has. One without gets it later, when there is a module that
/// manages certificates: it can only be asked once its own configuration is complete.
private func makePolicy(of server: UnsafeMutablePointer<server_rec>, _ state: ServerState) throws(DirectiveError) {
    let (name, place) = unsafe describe(server)
    guard !state.settings.certificates.isEmpty else {
        if tlsd_certificates_are_managed() { return }
        throw DirectiveError("\(name)\(place): \(state.missingCertificate ?? "")")
    }
    guard state.settings.staplingPolicy == nil || tlsd_cache_is_configured(tlsd_staples) else {
        throw DirectiveError(
            "\(name)\(place): SSLUseStapling is on, and no SSLStaplingCache says where OCSP responses are kept"
        )
    }
    do throws(DirectiveError) {
        try state.settings.makePolicy(
            names: state.names,
            store: SharedSessionStore(),
            replays: ReplayRegister(ReplayMemory())
        )
    } catch {
        throw DirectiveError("\(name)\(place): \(error)")
    }
}

/// Asks the modules that manage certificates, and makes new policies of what they say.
private func collectManagedCertificates(
    main: UnsafeMutablePointer<server_rec>,
    _ pool: Pool,
    _ findings: inout Findings
) {
    guard tlsd_certificates_are_managed() else { return }
    var next = unsafe Optional(main)
    while let server = unsafe next {
        if let state = unsafe ServerState.of(server), let sentence = state.missingCertificate {
            let (name, place) = unsafe describe(server)
            findings.collect { () throws(DirectiveError) in
                do throws(DirectiveError) {
                    if try unsafe CertificateFiles.collect(for: server, state, pool) {
                        try unsafe makePolicy(of: server, state)
                    }
                } catch {
                    throw DirectiveError("\(name)\(place): \(error)")
                }
                guard state.settings.policy != nil else { throw DirectiveError("\(name)\(place): \(sentence)") }
            }
        }
        unsafe next = server.pointee.next
    }
}

/// The server's name and where it is defined, for messages.
func describe(_ server: UnsafeMutablePointer<server_rec>) -> (name: String, place: String) {
    let hostname = unsafe server.pointee.server_hostname.map { unsafe String(cString: $0) } ?? "(unnamed)"
    guard unsafe server.pointee.is_virtual != 0, let file = unsafe server.pointee.defn_name else {
        return ("the main server", "")
    }
    return (
        "virtual host \(hostname)",
        unsafe " (line \(server.pointee.defn_line_number) of \(String(cString: file)))"
    )
}

private func names(of server: UnsafeMutablePointer<server_rec>) -> VirtualHostNames {
    var exact = unsafe strings(in: server.pointee.names)
    if let hostname = unsafe server.pointee.server_hostname {
        exact.insert(unsafe String(cString: hostname), at: 0)
    }
    return VirtualHostNames(exact: exact, patterns: unsafe strings(in: server.pointee.wild_names))
}

func strings(in list: UnsafeMutablePointer<apr_array_header_t>?) -> [String] {
    guard let list = unsafe list, let elements = unsafe list.pointee.elts else { return [] }
    let count = unsafe Int(list.pointee.nelts)
    return unsafe UnsafeRawPointer(elements).withMemoryRebound(to: UnsafePointer<CChar>?.self, capacity: count) {
        unsafe UnsafeBufferPointer(start: $0, count: count).compactMap { name in
            unsafe name.map { unsafe String(cString: $0) }
        }
    }
}
