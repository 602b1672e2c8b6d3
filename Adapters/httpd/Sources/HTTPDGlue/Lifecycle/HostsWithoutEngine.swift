// SPDX-License-Identifier: Apache-2.0
import CHTTPD
import HTTPDCore

/// Virtual hosts on an address where others speak TLS, whose own `SSLEngine` is not on. As with mod_ssl, the TLS of the first
/// host of the address serves them: a warning at the start says what they lack by that.
enum HostsWithoutEngine {
    static func warn(main: UnsafeMutablePointer<server_rec>) {
        guard tlsd_is_ssl_face() else { return }
        let hosts = unsafe Host.all(behind: main)
        let speakers = hosts.filter(\.state.isEngineOn)
        for host in hosts where !host.state.isEngineOn {
            guard let speaker = speakers.first(where: { unsafe tlsd_share_address(host.server, $0.server) }),
                let first = hosts.first(where: { unsafe tlsd_share_address(host.server, $0.server) })
            else { continue }
            warn(host, servedBy: speaker, isFirstSpeaker: first.state.isEngineOn)
        }
    }

    private static func warn(_ host: Host, servedBy speaker: Host, isFirstSpeaker: Bool) {
        let (name, place) = unsafe describe(host.server)
        let (other, _) = unsafe describe(speaker.server)
        var sentence = "\(name)\(place): has no SSLEngine on, and \(other) of the same address has. "
        if isFirstSpeaker {
            sentence +=
                "It is served with the TLS of the first host there: certificates, versions and suites of its own have no "
                + "effect, and requests for it by connections that named another host get 421"
            if let policy = speaker.state.settings.policy, host.state.settings.asksClients(unlike: policy) {
                sentence += ". As its SSLVerifyClient cannot be carried out, all requests for it get 421"
            }
        } else {
            sentence += "As the first host of an address decides, nobody speaks TLS there"
        }
        unsafe tlsd_log_server(host.server, tlsd_startup_warning, APR_SUCCESS, Event.configuration.line(sentence))
    }
}

/// `apachectl -t -D DUMP_CERTS`: the files of all certificates, as mod_ssl lists them.
@c @implementation
func tlsd_dump_certificates(_ pool: OpaquePointer, _ main: UnsafeMutablePointer<server_rec>) {
    guard tlsd_wants_certificates() else { return }
    unsafe tlsd_print(pool, "Server certificates:")
    var next = unsafe Optional(main)
    while let server = unsafe next {
        if let settings = unsafe ServerState.of(server)?.settings {
            let files =
                settings.certificateFiles.isEmpty
                ? settings.certificates.map { $0.chainFiles[0] } : settings.certificateFiles
            for file in files { unsafe tlsd_print(pool, "  \(file)") }
        }
        unsafe next = server.pointee.next
    }
}
