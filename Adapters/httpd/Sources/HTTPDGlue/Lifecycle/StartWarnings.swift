// SPDX-License-Identifier: Apache-2.0
import CHTTPD
import HTTPDCore
import SafeTLS
import TLSCertificates

/// What an administrator wants to know of a configuration that works: said at each start and restart, and by `configtest`.
enum StartWarnings {
    /// What directives say that has no effect: each sentence once, however many hosts include it.
    static func writeOfDirectives(main: UnsafeMutablePointer<server_rec>) {
        var warnings = DirectiveWarnings()
        for host in unsafe [Host(main)].compactMap({ $0 }) + Host.all(behind: main) {
            for (text, place) in host.state.warnings { warnings.add(text, at: place) }
        }
        for sentence in warnings.sentences {
            unsafe tlsd_log_server(nil, tlsd_startup_warning, APR_SUCCESS, Event.configuration.line(sentence))
        }
    }

    /// Looks at all servers that speak TLS.
    static func write(main: UnsafeMutablePointer<server_rec>) {
        let now = Int64(apr_time_now() / 1_000_000)
        var next = unsafe Optional(main)
        while let server = unsafe next {
            if let settings = unsafe ServerState.of(server)?.settings, settings.policy != nil {
                unsafe write(about: settings, server, at: now)
            }
            unsafe next = server.pointee.next
        }
    }

    private static func write(
        about settings: ServerSettings,
        _ server: UnsafeMutablePointer<server_rec>,
        at now: Int64
    ) {
        let host = unsafe server.pointee.server_hostname.map { unsafe String(cString: $0) } ?? ""
        let leaves = settings.certificates.compactMap(\.credential.certificateChain.first)
        let ofCertificates = leaves.flatMap { CertificateWarnings.sentences(about: $0, host: host, at: now) }
        let (name, place) = unsafe describe(server)
        func warn(_ event: Event, _ sentence: String) {
            unsafe tlsd_log_server(
                server,
                tlsd_startup_warning,
                APR_SUCCESS,
                event.line("\(name)\(place): \(sentence)")
            )
        }
        for sentence in ofCertificates { warn(.oddCertificate, sentence) }
        for credential in settings.certificates.map(\.credential) {
            let sentence = CertificateWarnings.sentence(
                about: credential.certificateChain,
                hasSHA1Signature: credential.hasSHA1Signature
            )
            if let sentence { warn(.oddCertificate, sentence) }
        }
        if let sentence = settings.directoryWarning { warn(.configuration, sentence) }
    }
}
