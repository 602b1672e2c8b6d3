// SPDX-License-Identifier: Apache-2.0
import CHTTPD
import HTTPDCore
import SafeTLS

/// Has all servers obey the system's policy where their directives say nothing, as mod_ssl does by way of libssl. The parent
/// reads it, with its rights, at each start and restart.
func obeySystem(main: UnsafeMutablePointer<server_rec>) {
    guard tlsd_is_ssl_face() else { return }
    func warn(_ sentence: String) {
        unsafe tlsd_log_server(main, tlsd_startup_warning, APR_SUCCESS, Event.configuration.line(sentence))
    }
    do throws(ConfigurationError) {
        guard let policy = try SystemPolicy.read(), !policy.commands.isEmpty else { return }
        let defaults = SystemDefaults(policy)
        defaults.warnings.forEach(warn)
        var next = unsafe Optional(main)
        while let server = unsafe next {
            if let state = unsafe ServerState.of(server) {
                state.systemDefaults = defaults
                state.settings.setSystemDefaults(defaults)
            }
            unsafe next = server.pointee.next
        }
    } catch {
        warn("the system's policy is not obeyed: \(error)")
    }
}
