// SPDX-License-Identifier: Apache-2.0
import CHTTPD
import HTTPDCore
import SafeTLS

/// Where the settings for proxied servers are: with the configuration of directories, as `<Proxy>` sections are some.
enum ProxyDirectives {
    /// The settings that a directive belongs to, made when there are none.
    static func settings(of config: UnsafeMutableRawPointer?, _ pool: Pool) -> ProxySettings? {
        guard let config = unsafe config else { return nil }
        var directory = unsafe config.load(as: DirectoryConfig.self)
        if let address = unsafe directory.proxy { return unsafe adopted(address, as: ProxySettings.self) }
        let settings = ProxySettings()
        unsafe directory.proxy = pool.adopt(settings)
        unsafe config.storeBytes(of: directory, as: DirectoryConfig.self)
        return settings
    }

    /// What holds where both apply and `inner` is the inner of the two.
    static func merge(
        _ outer: UnsafeMutableRawPointer?,
        _ inner: UnsafeMutableRawPointer?,
        _ pool: Pool
    ) -> UnsafeMutableRawPointer? {
        guard let inner = unsafe inner else { return unsafe outer }
        let within = unsafe adopted(inner, as: ProxySettings.self)
        // Those of a section are whole when the server runs.
        guard let outer = unsafe outer, within.policy == nil else { return unsafe inner }
        return unsafe pool.adopt(ProxySettings(outer: adopted(outer, as: ProxySettings.self), inner: within))
    }

    /// The settings for a connection: those of the section it is made in, or else the server's.
    static func settings(of section: OpaquePointer?, _ server: UnsafeMutablePointer<server_rec>?) -> ProxySettings? {
        if let found = unsafe address(in: section) { return unsafe adopted(found, as: ProxySettings.self) }
        guard let server = unsafe server, let found = unsafe address(in: tlsd_server_section(server)) else {
            return nil
        }
        return unsafe adopted(found, as: ProxySettings.self)
    }

    /// Makes the policy of a server, with the rights of the parent.
    static func prepare(
        _ server: UnsafeMutablePointer<server_rec>,
        _ engines: EngineList?
    ) throws(DirectiveError) {
        guard let address = unsafe address(in: tlsd_server_section(server)) else { return }
        let settings = unsafe adopted(address, as: ProxySettings.self)
        unsafe settings.systemDefaults = ServerState.of(server)?.systemDefaults
        let (name, place) = unsafe describe(server)
        do throws(DirectiveError) {
            try settings.makePolicy(reading: machineCertificates)
        } catch {
            throw DirectiveError("\(name)\(place), for proxied servers: \(error)")
        }
        warn(settings, "\(name)\(place)")
        if settings.policy != nil { engines?.proxies.append(settings) }
    }

    /// Keeps a `<Proxy>` section for the check of the configuration, which mod_proxy does not call us for.
    static func note(_ settings: ProxySettings, _ command: UnsafeMutablePointer<cmd_parms>) {
        guard let state = unsafe ServerState.of(command.pointee.server),
            !state.sections.contains(where: { $0.settings === settings })
        else { return }
        state.sections.append((settings, unsafe place(of: command)))
    }

    /// Tries out the policies of a server's sections.
    static func checkSections(
        of server: UnsafeMutablePointer<server_rec>,
        _ state: ServerState,
        _ findings: inout Findings
    ) {
        let outer = unsafe address(in: tlsd_server_section(server)).map { unsafe adopted($0, as: ProxySettings.self) }
        let (name, line) = unsafe describe(server)
        for section in state.sections {
            findings.collect { () throws(DirectiveError) in
                let merged = ProxySettings(outer: outer ?? ProxySettings(), inner: section.settings)
                merged.systemDefaults = state.systemDefaults
                do throws(DirectiveError) {
                    try merged.makePolicy(reading: machineCertificates)
                } catch {
                    throw DirectiveError("\(name)\(line), the <Proxy> section with \(section.place): \(error)")
                }
                if outer?.warnings.isEmpty ?? true {
                    warn(merged, "\(name)\(line), the <Proxy> section with \(section.place)")
                }
            }
        }
    }

    private static func warn(_ settings: ProxySettings, _ subject: String) {
        for warning in settings.warnings {
            unsafe tlsd_log_server(
                nil,
                tlsd_startup_warning,
                APR_SUCCESS,
                Event.configuration.line("\(subject), for proxied servers: \(warning)")
            )
        }
    }

    /// Completes a `<Proxy>` section with what its server says, and makes its policy.
    static func prepare(
        _ section: OpaquePointer,
        of server: UnsafeMutablePointer<server_rec>,
        _ pool: Pool
    ) throws(DirectiveError) {
        let engines = unsafe ServerState.of(server)?.engines
        guard let config = unsafe tlsd_section_config(section) else { return }
        var directory = unsafe config.load(as: DirectoryConfig.self)
        unsafe directory.proxy = merge(address(in: tlsd_server_section(server)), directory.proxy, pool)
        unsafe config.storeBytes(of: directory, as: DirectoryConfig.self)
        guard let address = unsafe directory.proxy else { return }
        let settings = unsafe adopted(address, as: ProxySettings.self)
        unsafe settings.systemDefaults = ServerState.of(server)?.systemDefaults
        try settings.makePolicy(reading: machineCertificates)
        if settings.policy != nil { engines?.proxies.append(settings) }
    }

    private static func machineCertificates(in files: [String]) throws(DirectiveError) -> [Credential] {
        try FileContents.with(files) { pem throws(DirectiveError) in
            do throws(DirectiveError) {
                return try MachineCertificates.credentials(in: pem)
            } catch {
                throw DirectiveError("\(files.joined(separator: ", ")): \(error)")
            }
        }
    }

    private static func address(in section: OpaquePointer?) -> UnsafeMutableRawPointer? {
        guard let section = unsafe section, let config = unsafe tlsd_section_config(section) else { return nil }
        return unsafe config.load(as: DirectoryConfig.self).proxy
    }
}

@c @implementation
func tlsd_prepare_proxy_section(
    _ pool: OpaquePointer,
    _ temporaryPool: OpaquePointer,
    _ logPool: OpaquePointer,
    _ server: UnsafeMutablePointer<server_rec>,
    _ section: OpaquePointer
) -> CInt {
    do {
        try unsafe ProxyDirectives.prepare(section, of: server, Pool(pool))
        return OK
    } catch {
        let (name, place) = unsafe describe(server)
        unsafe tlsd_log_server(
            server,
            tlsd_startup_error,
            APR_SUCCESS,
            Event.configuration.line("a <Proxy> section of \(name)\(place): \(error)")
        )
        return HTTP_INTERNAL_SERVER_ERROR
    }
}

/// The paths of the files in a directory; nil when it cannot be read.
///
/// - Parameter areAll: Whether also those whose names begin with a dot.
func files(in directory: String, areAll: Bool = false, _ pool: Pool) -> [String]? {
    var handle: OpaquePointer?
    guard unsafe apr_dir_open(&handle, directory, pool.pointer) == APR_SUCCESS, let handle = unsafe handle else {
        return nil
    }
    defer { unsafe _ = apr_dir_close(handle) }
    var paths: [String] = []
    var entry = unsafe apr_finfo_t()
    while unsafe apr_dir_read(&entry, APR_FINFO_NAME | APR_FINFO_TYPE, handle) == APR_SUCCESS {
        guard let name = unsafe entry.name.map({ unsafe String(cString: $0) }), areAll || !name.hasPrefix(".")
        else { continue }
        if unsafe entry.filetype != APR_DIR { paths.append("\(directory)/\(name)") }
    }
    return paths
}
