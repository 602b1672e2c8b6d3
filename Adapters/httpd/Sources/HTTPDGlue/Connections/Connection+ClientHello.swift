// SPDX-License-Identifier: Apache-2.0
import CHTTPD
import HTTPDCore
import SafeTLS
import TLSCertificates

extension Connection {
    /// Chooses the virtual host and the application protocol for a ClientHello.
    func answer(_ hello: ClientHelloInfo) throws(TLSError) {
        serverName = hello.serverNameBytes
        signatureSchemes = hello.offered(SignatureScheme.supported)
        if let name = serverName {
            if let (found, itsPolicy) = unsafe virtualHost(named: name, or: hello.serverName) {
                unsafe server = found
                // A host without TLS of its own is served with that of the address's first one, as by mod_ssl.
                if let itsPolicy {
                    unsafe speaker = found
                    policy = itsPolicy
                }
            } else if policy.refusesUnknownServerName {
                // An address is no name (RFC 6066 §3): who sends one has named nobody.
                guard ServerName(String(decoding: name, as: UTF8.self))?.isDNS == false else {
                    return refuse(.unrecognizedName, "no virtual host has the name '\(ShownName(name))'")
                }
                serverName = nil
            }
        }
        clientHello = policy.keepsClientHello ? ClientHelloVariables(hello) : nil
        unsafe _ = ap_update_child_status_from_server(
            OpaquePointer(record.pointee.sbh),
            SERVER_BUSY_READ,
            record,
            server
        )

        guard hello.offersApplicationProtocols else {
            unsafe ServerState.of(speaker)?.refreshStaples(for: speaker, record)
            try tls.session.answer(configuration: policy.configuration, applicationProtocol: .none)
            return
        }
        let offered = hello.applicationProtocols(first: Self.longestProtocolList)
        guard let chosen = chooseApplicationProtocol(offered) else {
            // RFC 7301 §3.2. Answering with a protocol that was not offered, as others do, opens the door to
            // attacks that carry one protocol's messages to another's server.
            return refuse(
                .noApplicationProtocol,
                "the client offers none of the virtual host's protocols, but \(Self.enumeration(offered))"
            )
        }
        if let challenge = try challenge(chosen, for: hello.serverName) {
            awaitsCertificate = true
            return try tls.session.answer(configuration: challenge, applicationProtocol: .selected(chosen))
        }
        unsafe ServerState.of(speaker)?.refreshStaples(for: speaker, record)
        try tls.session.answer(configuration: policy.configuration, applicationProtocol: .selected(chosen))
    }

    /// How many ALPN names of a client are looked at: httpd chooses from a list of copies. Clients send two or three.
    private static let longestProtocolList = 64

    /// The first names of a list, for a log line.
    private static func enumeration(_ names: [String]) -> String {
        let shown = 8
        return "\(names.prefix(shown))" + (names.count > shown ? " and others" : "")
    }

    /// An authority that checks whether we own a name (mod_md, RFC 8737) is shown a certificate made for this, and nothing
    /// else. Nil for everybody else, who does not get as far as asking.
    private func challenge(
        _ applicationProtocol: String,
        for serverName: String?
    ) throws(TLSError) -> ServerConfiguration? {
        guard applicationProtocol != "h2", applicationProtocol != "http/1.1", let name = serverName else { return nil }
        var certificate: UnsafePointer<CChar>?
        var key: UnsafePointer<CChar>?
        guard unsafe ap_ssl_answer_challenge(record, name, &certificate, &key) != 0,
            let certificate = unsafe certificate, let key = unsafe key
        else { return nil }
        do throws(ConfigurationError) {
            let credential = try unsafe Credential(
                certificateChainPEM: Span(_unsafeElements: Self.bytes(certificate)),
                privateKeyPEM: Span(_unsafeElements: Self.bytes(key))
            )
            return try ServerConfiguration(credentials: [credential], options: ServerOptions())
        } catch {
            report(.challenge, level: APLOG_ERR, "the challenge for \(name) cannot be answered: \(error)")
            throw .internalFailure("the certificate for a challenge cannot be used")
        }
    }

    private static func bytes(_ text: UnsafePointer<CChar>) -> UnsafeBufferPointer<UInt8> {
        let count = unsafe strlen(text)
        return unsafe UnsafeBufferPointer(
            start: UnsafeRawPointer(text).assumingMemoryBound(to: UInt8.self),
            count: count
        )
    }

    private func refuse(_ alert: AlertDescription, _ sentence: String) {
        tls.session.reject(alert, reason: sentence)
        fail(.handshakeFailed, "TLS handshake refused: \(sentence)")
    }

    /// The first virtual host of the connection's address that has this name, as it was sent or without a final dot, and its
    /// policy. With mod_ssl's directives it may have none.
    private func virtualHost(
        named name: [UInt8],
        or dnsName: String?
    ) -> (UnsafeMutablePointer<server_rec>, ServerPolicy?)? {
        var names = [VirtualHostNames.lowercased(name)]
        if let dnsName, !names[0].elementsEqual(dnsName.utf8) {
            names.append(VirtualHostNames.lowercased(dnsName.utf8))
        }
        var search = Search(names: names)
        return unsafe withUnsafeMutablePointer(to: &search) { search in
            _ = unsafe ap_vhost_iterate_given_conn(
                record,
                { search, _, server in
                    guard let server = unsafe server, let search = unsafe search,
                        let state = unsafe ServerState.of(server), state.settings.policy != nil || tlsd_is_ssl_face()
                    else { return 0 }
                    let request = unsafe search.assumingMemoryBound(to: Search.self)
                    guard unsafe request.pointee.names.contains(where: { state.names.contains(lowercased: $0) }) else {
                        return 0
                    }
                    unsafe request.pointee.found = (server, state.settings.policy)
                    return 1
                },
                search
            )
            return unsafe search.pointee.found
        }
    }

    /// Has httpd choose among the client's protocols (directive `Protocols`), and switches to the one chosen.
    private func chooseApplicationProtocol(_ offered: [String]) -> String? {
        guard let memory = unsafe record.pointee.pool,
            let list = unsafe apr_array_make(memory, CInt(offered.count), CInt(MemoryLayout<UnsafePointer<CChar>>.size))
        else { return nil }
        let pool = unsafe Pool(memory)
        // A name with a NUL byte would be another name to C.
        for name in offered where !name.utf8.contains(0) {
            let slot = unsafe apr_array_push(list)
            unsafe slot?.storeBytes(of: pool.copy(name), as: UnsafePointer<CChar>?.self)
        }
        guard let chosen = unsafe ap_select_protocol(record, nil, server, list) else {
            // httpd has no name for HTTP/1.0, and speaks it where it speaks HTTP/1.1.
            let speaksIt = unsafe ap_is_allowed_protocol(record, nil, server, "http/1.1") != 0
            return speaksIt && offered.contains("http/1.0") ? "http/1.0" : nil
        }
        if let current = unsafe ap_get_protocol(record), unsafe strcmp(chosen, current) == 0 {
            return unsafe String(cString: chosen)
        }
        guard unsafe ap_switch_protocol(record, nil, server, chosen) == APR_SUCCESS else { return nil }
        return unsafe String(cString: chosen)
    }
}

/// What the walk over an address's virtual hosts looks for, and what it found.
@safe private struct Search {
    let names: [[UInt8]]
    var found: (UnsafeMutablePointer<server_rec>, ServerPolicy?)?

    init(names: [[UInt8]]) {
        self.names = names
        unsafe found = nil
    }
}
