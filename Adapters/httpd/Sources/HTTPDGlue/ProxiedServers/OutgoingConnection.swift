// SPDX-License-Identifier: Apache-2.0
import CHTTPD
import HTTPDCore
import SafeTLS
import TLSCertificates

/// The TLS side of one connection to a proxied server.
@safe final class OutgoingConnection: FilteredConnection {
    private let policy: ProxyPolicy
    /// ALPN names that mod_proxy offers.
    private var offered: [String] = []
    private var configuration: ClientConfiguration?

    init?(_ record: UnsafeMutablePointer<conn_rec>, policy: ProxyPolicy) {
        self.policy = policy
        unsafe super.init(record, .none, peer: "proxied server", failureLevel: APLOG_ERR)
    }

    /// mod_proxy says the server's name in a note, after the filters are there: the session begins with the first byte.
    override func prepareHandshake() {
        let address = unsafe record.pointee.client_ip.map { unsafe String(cString: $0) } ?? ""
        let named = note("proxy-request-hostname")
        guard let name = ServerName(named ?? address) else {
            return fail(.proxyFailed, "'\(named ?? address)' is no name of a server")
        }
        offered = (note("proxy-request-alpn-protos") ?? "").split(whereSeparator: { $0 == "," || $0 == " " })
            .map(String.init)
        do {
            let configuration = try policy.configuration(offering: offered, isNamed: named != nil)
            self.configuration = configuration
            session = .client(
                Endpoint.Client(
                    try ClientSession(configuration: configuration, serverName: name, deferring: .certificate)
                )
            )
        } catch {
            fail(.proxyFailed, "TLS to \(name) cannot begin: \(error)")
        }
    }

    /// The server asks for a certificate, in the handshake or for one of its paths only.
    override func answerRequest() throws(TLSError) {
        guard case .client(let client) = session, case .certificate(let wanted) = client.session.request else { return }
        let credential = configuration?.credential(for: wanted)
        if credential == nil {
            report(
                .nothingToShow,
                level: APLOG_WARNING,
                policy.hasCredentials
                    ? "the proxied server asks for a certificate, and accepts none of those that could be shown"
                    : "the proxied server asks for a certificate, and there is none to show (\(directive))"
            )
        }
        try client.session.answer(credential: credential)
    }

    private var directive: String {
        tlsd_is_ssl_face() ? "SSLProxyMachineCertificateFile" : "TLSProxyMachineCertificate"
    }

    override func finishHandshake(_ negotiated: NegotiatedParameters) {
        // A server that ignores what is offered speaks HTTP/1.1, or something that nobody knows.
        if !offered.isEmpty, !offered.contains("http/1.1"), negotiated.applicationProtocol == nil {
            return fail(.proxyFailed, "the proxied server speaks none of \(offered.joined(separator: ", "))")
        }
        unsafe apr_table_set(record.pointee.notes, "SSL_connect_rv", "ok")
    }

    override func failed() {
        unsafe record.pointee.aborted = 1
        guard unsafe apr_table_get(record.pointee.notes, "SSL_connect_rv") == nil else { return }
        unsafe apr_table_set(record.pointee.notes, "SSL_connect_rv", "err")
    }

    private func note(_ name: String) -> String? {
        unsafe apr_table_get(record.pointee.notes, name).map { unsafe String(cString: $0) }
    }
}

/// mod_proxy has made a connection, or takes one up again: is it one of TLS?
@c @implementation
func tlsd_bind_outgoing(
    _ record: UnsafeMutablePointer<conn_rec>,
    _ directory: OpaquePointer?,
    _ wanted: CInt
) -> CInt {
    if unsafe FilteredConnection.at(record) != nil { return OK }
    if let server = unsafe record.pointee.base_server {
        unsafe ServerState.of(server)?.engines?.reloader?.takeUp(server)
    }
    guard wanted != 0,
        let settings = unsafe ProxyDirectives.settings(of: directory, record.pointee.base_server), settings.isEngineOn
    else { return DECLINED }
    guard let policy = settings.policy, let connection = unsafe OutgoingConnection(record, policy: policy),
        let pool = unsafe record.pointee.pool
    else { return DECLINED }
    unsafe tlsd_set_connection_config(record, Pool(pool).adopt(connection))
    return OK
}
