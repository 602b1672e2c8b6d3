// SPDX-License-Identifier: Apache-2.0
import CHTTPD
import HTTPDCore

/// What httpd keeps for each server: its directives, and the addresses that speak TLS.
final class ServerState {
    let settings: ServerSettings
    /// The same for all servers; nil until the configuration was checked.
    var engines: EngineList?

    init(_ settings: ServerSettings) {
        self.settings = settings
    }

    /// The state of a server, nil before httpd made it.
    static func of(_ server: UnsafeMutablePointer<server_rec>?) -> ServerState? {
        guard let server = unsafe server, let address = unsafe tlsd_server_config(server) else { return nil }
        return unsafe adopted(address, as: ServerState.self)
    }
}

extension DirectoryOptions {
    /// The options that hold for a request.
    static func of(_ request: UnsafeMutablePointer<request_rec>) -> DirectoryOptions {
        guard let address = unsafe tlsd_directory_config(request) else { return DirectoryOptions() }
        return unsafe address.load(as: DirectoryOptions.self)
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
    unsafe Pool(pool).place(DirectoryOptions())
}

@c @implementation
func tlsd_merge_directory_config(
    _ pool: OpaquePointer,
    _ base: UnsafeMutableRawPointer,
    _ added: UnsafeMutableRawPointer
) -> UnsafeMutableRawPointer? {
    let outer = unsafe base.load(as: DirectoryOptions.self)
    let inner = unsafe added.load(as: DirectoryOptions.self)
    return unsafe Pool(pool).place(inner.merged(onto: outer))
}
