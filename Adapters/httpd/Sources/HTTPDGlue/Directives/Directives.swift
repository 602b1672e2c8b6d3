// SPDX-License-Identifier: Apache-2.0
import CHTTPD
import HTTPDCore

/// Carries out a directive for the server that the line belongs to. The result is nil or a sentence for the
/// administrator; httpd puts the file and the line before it.
private func directive(
    _ name: String,
    _ command: UnsafeMutablePointer<cmd_parms>,
    _ body: (ServerSettings) throws(DirectiveError) -> Void
) -> UnsafePointer<CChar>? {
    do {
        guard let settings = unsafe ServerState.of(command.pointee.server)?.settings else { return nil }
        try body(settings)
        return nil
    } catch {
        return unsafe Pool(command.pointee.pool).copy("\(name): \(error)")
    }
}

/// An argument as httpd gives it, relative to ServerRoot.
func path(_ command: UnsafeMutablePointer<cmd_parms>, _ argument: UnsafePointer<CChar>) -> String {
    guard let absolute = unsafe ap_server_root_relative(command.pointee.pool, argument) else {
        return unsafe String(cString: argument)
    }
    return unsafe String(cString: absolute)
}

func strings(
    _ count: CInt,
    _ arguments: UnsafePointer<UnsafeMutablePointer<CChar>>
) -> [String] {
    unsafe UnsafeBufferPointer(start: arguments, count: Int(count)).map { unsafe String(cString: $0) }
}

@c @implementation
func tlsd_set_engine(
    _ command: UnsafeMutablePointer<cmd_parms>,
    _ config: UnsafeMutableRawPointer?,
    _ address: UnsafePointer<CChar>
) -> UnsafePointer<CChar>? {
    return unsafe directive("TLSEngine", command) { settings throws(DirectiveError) in
        settings.addEngine(try EngineAddress(unsafe String(cString: address)))
    }
}

@c @implementation
func tlsd_set_certificate(
    _ command: UnsafeMutablePointer<cmd_parms>,
    _ config: UnsafeMutableRawPointer?,
    _ certificate: UnsafePointer<CChar>,
    _ key: UnsafePointer<CChar>?
) -> UnsafePointer<CChar>? {
    let keyFile = unsafe key.map { unsafe path(command, $0) }
    let certificateFile = unsafe path(command, certificate)
    guard let state = unsafe ServerState.of(command.pointee.server) else { return nil }
    do throws(DirectiveError) {
        try state.settings.addCertificate(certificateFile: certificateFile, keyFile: keyFile)
    } catch {
        // The rest of the configuration is read, too, so that one run tells everything.
        state.problems.append("TLSCertificate: \(error) (\(unsafe place(of: command)))")
        state.isBroken = true
    }
    return nil
}

@c @implementation
func tlsd_set_protocol(
    _ command: UnsafeMutablePointer<cmd_parms>,
    _ config: UnsafeMutableRawPointer?,
    _ text: UnsafePointer<CChar>
) -> UnsafePointer<CChar>? {
    unsafe directive("TLSProtocol", command) { settings throws(DirectiveError) in
        try settings.setProtocol(unsafe String(cString: text))
    }
}

@c @implementation
func tlsd_set_preferred_ciphers(
    _ command: UnsafeMutablePointer<cmd_parms>,
    _ config: UnsafeMutableRawPointer?,
    _ count: CInt,
    _ names: UnsafePointer<UnsafeMutablePointer<CChar>>
) -> UnsafePointer<CChar>? {
    unsafe directive("TLSCiphersPrefer", command) { settings throws(DirectiveError) in
        unsafe warn("TLSCiphersPrefer", try settings.setPreferredCiphers(strings(count, names)), command)
    }
}

@c @implementation
func tlsd_set_suppressed_ciphers(
    _ command: UnsafeMutablePointer<cmd_parms>,
    _ config: UnsafeMutableRawPointer?,
    _ count: CInt,
    _ names: UnsafePointer<UnsafeMutablePointer<CChar>>
) -> UnsafePointer<CChar>? {
    unsafe directive("TLSCiphersSuppress", command) { settings throws(DirectiveError) in
        unsafe warn("TLSCiphersSuppress", try settings.setSuppressedCiphers(strings(count, names)), command)
    }
}

@c @implementation
func tlsd_set_honor_client_order(
    _ command: UnsafeMutablePointer<cmd_parms>,
    _ config: UnsafeMutableRawPointer?,
    _ on: CInt
) -> UnsafePointer<CChar>? {
    unsafe directive("TLSHonorClientOrder", command) { $0.setHonorClientOrder(on != 0) }
}

@c @implementation
func tlsd_set_session_cache(
    _ command: UnsafeMutablePointer<cmd_parms>,
    _ config: UnsafeMutableRawPointer?,
    _ text: UnsafePointer<CChar>
) -> UnsafePointer<CChar>? {
    if let misplaced = unsafe ap_check_cmd_context(command, UInt32(tlsd_global_only)) { return unsafe misplaced }
    return unsafe tlsd_cache_configure(tlsd_sessions, command, text)
}

@c @implementation
func tlsd_set_strict_sni(
    _ command: UnsafeMutablePointer<cmd_parms>,
    _ config: UnsafeMutableRawPointer?,
    _ on: CInt
) -> UnsafePointer<CChar>? {
    unsafe directive("TLSStrictSNI", command) { $0.setStrictServerName(on != 0) }
}

@c @implementation
func tlsd_set_options(
    _ command: UnsafeMutablePointer<cmd_parms>,
    _ config: UnsafeMutableRawPointer?,
    _ count: CInt,
    _ names: UnsafePointer<UnsafeMutablePointer<CChar>>
) -> UnsafePointer<CChar>? {
    guard let config = unsafe config else { return nil }
    var directory = unsafe config.load(as: DirectoryConfig.self)
    do throws(DirectiveError) {
        try directory.options.apply(tls: unsafe strings(count, names))
    } catch {
        return unsafe Pool(command.pointee.pool).copy("TLSOptions: \(error)")
    }
    unsafe config.storeBytes(of: directory, as: DirectoryConfig.self)
    return nil
}
