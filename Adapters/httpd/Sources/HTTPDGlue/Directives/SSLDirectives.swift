// SPDX-License-Identifier: Apache-2.0
import CHTTPD
import HTTPDCore

/// The directives of mod_ssl: those of servers go to the settings that both faces share, those of directories into the
/// directory's own. The result is nil or a sentence for the administrator.
@c @implementation
func tlsd_ssl_directive(
    _ command: UnsafeMutablePointer<cmd_parms>,
    _ config: UnsafeMutableRawPointer?,
    _ count: CInt,
    _ arguments: UnsafePointer<UnsafeMutablePointer<CChar>>
) -> UnsafePointer<CChar>? {
    guard let rawName = unsafe command.pointee.cmd.pointee.name else { return nil }
    let name = unsafe String(cString: rawName)
    let words = unsafe strings(count, arguments)
    if SSLScope.isGlobal(name), let misplaced = unsafe ap_check_cmd_context(command, UInt32(tlsd_global_only)) {
        return unsafe misplaced
    }
    do throws(DirectiveError) {
        let line = SSLLine { argument in
            unsafe argument.withCString { unsafe path(command, $0) }
        } listingDirectoriesWith: { directory in
            unsafe files(in: directory, Pool(command.pointee.temp_pool))
        }
        if ProxySettings.knows(name) {
            let settings = unsafe ProxyDirectives.settings(of: config, Pool(command.pointee.pool))
            unsafe warn(name, try settings?.apply(name, words, at: line), command)
            unsafe NamedFiles.note(name, words, command)
            if let settings, unsafe command.pointee.path != nil { unsafe ProxyDirectives.note(settings, command) }
            return nil
        }
        let isInDirectory = unsafe command.pointee.path != nil
        if try unsafe applyToDirectory(name, words, config, command, isInDirectory: isInDirectory) { return nil }
        if isInDirectory {
            throw DirectiveError("is for servers and virtual hosts, not for directories")
        }
        guard let state = unsafe ServerState.of(command.pointee.server) else { return nil }
        if name.lowercased() == "sslvhostsnipolicy" {
            guard words.count == 1, let policy = ServerNamePolicy(rawValue: words[0].lowercased()) else {
                throw DirectiveError("takes one of strict, secure, authonly and insecure")
            }
            state.serverNamePolicy = policy
            return nil
        }
        if name.lowercased() == "sslpassphrasedialog" {
            guard words.count == 1 else { throw DirectiveError("takes one argument") }
            state.passphraseDialog = try PassphraseDialog(words[0]) { file in
                unsafe file.withCString { unsafe path(command, $0) }
            }
            return nil
        }
        if let cache = ["sslsessioncache": tlsd_sessions, "sslstaplingcache": tlsd_staples][name.lowercased()] {
            guard words.count == 1 else { throw DirectiveError("takes one argument") }
            return unsafe words[0].withCString { unsafe tlsd_cache_configure(cache, command, $0) }
        }
        unsafe warn(name, try state.settings.apply(ssl: name, words, at: line), command)
        unsafe NamedFiles.note(name, words, command)
        return nil
    } catch {
        return unsafe Pool(command.pointee.pool).copy("\(name): \(error)")
    }
}

/// Keeps for the check of the configuration what was read and will not do what it seems to say.
func warn(_ name: String, _ sentence: String?, _ command: UnsafeMutablePointer<cmd_parms>) {
    guard let sentence, let state = unsafe ServerState.of(command.pointee.server) else { return }
    state.warnings.append(("\(name): \(sentence)", unsafe place(of: command)))
}

/// Where directives may stand.
private enum SSLScope {
    private static let global: Set<String> = [
        "sslsessioncache", "sslstaplingcache", "sslvhostsnipolicy", "sslpassphrasedialog", "sslrandomseed",
        "sslcryptodevice", "sslfips",
    ]

    static func isGlobal(_ name: String) -> Bool { global.contains(name.lowercased()) }
}

/// Whether a directive was one that directories keep.
private func applyToDirectory(
    _ name: String,
    _ words: [String],
    _ config: UnsafeMutableRawPointer?,
    _ command: UnsafeMutablePointer<cmd_parms>,
    isInDirectory: Bool
) throws(DirectiveError) -> Bool {
    guard let config = unsafe config else { return false }
    var directory = unsafe config.load(as: DirectoryConfig.self)
    switch name.lowercased() {
    case "ssloptions":
        try directory.options.apply(ssl: words)
    case "sslrenegbuffersize":
        let isInFile = unsafe ap_check_cmd_context(command, UInt32(tlsd_not_in_files)) != nil
        try directory.bodyLimit.set(words, isInFile: isInFile)
    case "sslusername":
        guard words.count == 1 else { throw DirectiveError("takes the name of a variable") }
        unsafe directory.userName = Pool(command.pointee.pool).copy(words[0])
    case "sslverifyclient" where isInDirectory:
        guard words.count == 1 else { throw DirectiveError("takes one argument") }
        let wanted = try ClientVerification(words[0])
        directory.verification = wanted
        unsafe noteDemand(wanted, command)
    case "sslverifydepth" where isInDirectory:
        guard words.count == 1 else { throw DirectiveError("takes one argument") }
        directory.verificationDepth = Int32(try ClientVerification.depth(words[0]))
    case "sslciphersuite" where isInDirectory:
        throw DirectiveError(
            "a directory cannot have cipher suites of its own: that takes a renegotiation, which there is none of"
        )
    case "sslcacertificatefile" where isInDirectory, "sslcacertificatepath" where isInDirectory:
        throw DirectiveError("the authorities are those of the virtual host: set them there")
    default:
        return false
    }
    unsafe config.storeBytes(of: directory, as: DirectoryConfig.self)
    return true
}

/// Keeps what a directory wants for a look at the whole configuration: not what an .htaccess file says, which is read by the
/// threads that serve requests.
private func noteDemand(_ wanted: ClientVerification, _ command: UnsafeMutablePointer<cmd_parms>) {
    guard unsafe ap_check_cmd_context(command, UInt32(tlsd_not_in_files)) == nil,
        let state = unsafe ServerState.of(command.pointee.server), let directive = unsafe command.pointee.directive
    else { return }
    let file = unsafe directive.pointee.filename.map { unsafe String(cString: $0) } ?? "?"
    let place = unsafe "line \(directive.pointee.line_num) of \(file)"
    state.settings.directoryDemands.append(DirectoryDemand(wanted, at: place))
}

@c @implementation
func tlsd_ssl_require_tls(
    _ command: UnsafeMutablePointer<cmd_parms>,
    _ config: UnsafeMutableRawPointer?
) -> UnsafePointer<CChar>? {
    guard let config = unsafe config else { return nil }
    var directory = unsafe config.load(as: DirectoryConfig.self)
    directory.requiresTLS = true
    unsafe config.storeBytes(of: directory, as: DirectoryConfig.self)
    return nil
}

@c @implementation
func tlsd_ssl_require(
    _ command: UnsafeMutablePointer<cmd_parms>,
    _ config: UnsafeMutableRawPointer?,
    _ text: UnsafePointer<CChar>
) -> UnsafePointer<CChar>? {
    guard let config = unsafe config else { return nil }
    var expression: UnsafeMutablePointer<ap_expr_info_t>?
    if let error = unsafe tlsd_parse_requirement(command, text, &expression) {
        return unsafe Pool(command.pointee.pool).copy("SSLRequire: \(String(cString: error))")
    }
    var directory = unsafe config.load(as: DirectoryConfig.self)
    if unsafe directory.requirements == nil {
        let size = unsafe CInt(MemoryLayout<UnsafeMutablePointer<ap_expr_info_t>>.size)
        unsafe directory.requirements = apr_array_make(command.pointee.pool, 4, size)
    }
    guard let list = unsafe directory.requirements, let slot = unsafe apr_array_push(list) else { return nil }
    unsafe slot.storeBytes(of: expression, as: UnsafeMutablePointer<ap_expr_info_t>?.self)
    unsafe config.storeBytes(of: directory, as: DirectoryConfig.self)
    return nil
}
