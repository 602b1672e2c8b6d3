// SPDX-License-Identifier: Apache-2.0
import CHTTPD
import HTTPDCore

/// The certificates on the page of mod_status, as this process has them.
@c @implementation
func tlsd_certificates_show(
    _ request: UnsafeMutablePointer<request_rec>,
    _ main: UnsafeMutablePointer<server_rec>,
    _ isShort: Bool
) {
    let now = Int64(apr_time_now() / 1_000_000)
    var ages = CertificateAges()
    for host in unsafe [Host(main)].compactMap({ $0 }) + Host.all(behind: main) {
        guard let policy = host.state.settings.policy else { continue }
        let reloader = host.state.engines?.reloader
        ages.add(
            policy,
            host: unsafe host.server.pointee.server_hostname.map { unsafe String(cString: $0) } ?? "",
            nextLook: reloader?.staged?.nextLook(at: host.state) ?? reloader?.nextLook
        )
    }
    let text =
        isShort
        ? ages.lines(at: now)
        : ages.table(at: now) { text in
            unsafe ap_escape_html2(request.pointee.pool, text, 0).map { unsafe String(cString: $0) } ?? ""
        }
    unsafe _ = ap_rputs(text, request)
}
