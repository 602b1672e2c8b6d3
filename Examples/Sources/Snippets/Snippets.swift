// SPDX-License-Identifier: Apache-2.0

import SafeTLS
import SafeTLSSockets
import TLSCertificateCompression
import TLSCertificates

// What README.md and the articles show, line by line: a test looks for it here and in the examples. Nothing of it is run.

// MARK: Servers and clients

func firstServer() throws {
    let credential = try Credential(certificateFile: "server.pem", keyFile: "server.key")
    let configuration = try ServerConfiguration(credentials: [credential])

    let listener = try TLSListener.listen(on: Endpoint(host: "127.0.0.1", port: 4433))
    while true {
        let connection = try listener.accept(with: configuration)
        do {
            while let data = try connection.read() {
                try connection.write(data)  // echo
            }
        } catch {
            print("\(connection.peerName) \(error)")
        }
        connection.close()
    }
}

func firstClient() throws {
    let configuration = try ClientConfiguration(trustAnchors: .system())

    let connection = try TLSConnection.connect(to: Endpoint(host: "example.org", port: 443), with: configuration)
    try connection.write("GET / HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\n\r\n")
    while let data = try connection.read() {
        print(String(decoding: data, as: UTF8.self), terminator: "")
    }
    connection.close()
}

func drivenServer(_ configuration: ServerConfiguration, _ transport: any Transport) throws {
    let connection = Connection(ServerSession(configuration: configuration), over: transport)
    try connection.handshake()
    while let data = try connection.read() {
        try connection.write(data)  // echo
    }
    try connection.close()
}

func clientOptions() throws {
    var options = ClientOptions()
    options.applicationProtocols = ["http/1.1"]
    let configuration = try ClientConfiguration(trustAnchors: .system(), options: options)
    // or: trustAnchors: TrustAnchors(pemFile: "ca.pem")
    _ = configuration
}

func drivenClient(_ configuration: ClientConfiguration, _ transport: any Transport) throws {
    guard let name = ServerName("example.org") else { return }

    let connection = try Connection(ClientSession(configuration: configuration, serverName: name), over: transport)
    try connection.handshake()
    try connection.write(Array("GET / HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\n\r\n".utf8))
    while let data = try connection.read() {
        print(String(decoding: data, as: UTF8.self), terminator: "")
    }
}

func chooseConfiguration(_ configurations: [String: ServerConfiguration], _ fallback: ServerConfiguration) throws {
    var session = ServerSession(configuration: fallback, deferring: .clientHello)
    // … after a call of receive:
    if case .clientHello(let hello) = session.request {
        let configuration = hello.serverName.flatMap { configurations[$0] }
        try session.answer(configuration: configuration ?? fallback)
    }
}

func sending<Session: TLSSession & ~Copyable>(_ session: inout Session, _ transport: any Transport) throws {
    try session.takeOutput { records in try transport.write(records) }
}

func firstSteps() throws {
    let authority = try TrustAnchors(pemFile: CommandLine.arguments[1])
    let configuration = try ClientConfiguration(trustAnchors: authority)
    let connection = try TLSConnection.connect(to: Endpoint(host: "localhost", port: 4433), with: configuration)
    try connection.handshake()
    if let facts = connection.negotiated { print(facts.version, facts.cipherSuite, facts.group.map { "\($0)" } ?? "-") }
    try connection.write("GET / HTTP/1.0\r\n\r\n")
    while let data = try connection.read() { print(String(decoding: data, as: UTF8.self), terminator: "") }
    connection.close()
}

// MARK: Coming from OpenSSL or rustls

func movingBytes(
    _ configuration: ServerConfiguration,
    _ transport: any Transport,
    use: (ArraySlice<UInt8>) -> Void
) throws {
    var session = ServerSession(configuration: configuration)
    var buffer: [UInt8] = []
    while !session.isPeerClosed {
        let received: Received
        do {
            received = try session.receive(&buffer)
        } catch {
            try session.takeOutput { records in try transport.write(records) }  // the alert
            throw error
        }
        try session.takeOutput { records in try transport.write(records) }
        use(buffer[received.plaintext])
        buffer.removeFirst(received.consumed)
        guard received.needed > 0 else { continue }
        let more = try transport.read()
        if more.isEmpty { try session.endOfInput() }
        buffer += more
    }
}

func knownServers() throws -> ClientConfiguration {
    let known = try TrustAnchors(pemFile: "servers.pem").certificates
    let configuration = try ClientConfiguration(judge: { request in
        guard let certificate = request.certificateChain.first, known.contains(certificate),
            request.time <= certificate.notAfter
        else {
            let shown = request.certificateChain.first.map { "\($0)" } ?? ""
            return .rejected(
                .init(certificate: shown, depth: 0, reason: .applicationRule("is none of the known ones"))
            )
        }
        return .accepted(path: [certificate])
    })
    return configuration
}

// MARK: Client certificates

func clientCertificates(_ options: inout ServerOptions) throws {
    let authorities = try TrustAnchors(pemFile: "clients.pem")
    options.clientAuthentication = ClientAuthentication(.required, trustAnchors: authorities)
}

func postHandshake(_ session: inout ServerSession, _ anchors: TrustAnchors) throws {
    let authenticator = try ClientAuthenticator(ClientAuthentication(.optional, trustAnchors: anchors))

    if session.offersPostHandshakeAuthentication {
        try session.requestClientCertificate(authenticator)
        // Send the pending output and receive as usual, until isClientCertificatePending is false.
    }
}

func ownCertificate(_ options: inout ClientOptions) throws {
    options.credentials = [try Credential(certificateFile: "me.pem", keyFile: "me.key")]
    options.offersPostHandshakeAuthentication = true  // if servers may also ask later
}

// MARK: Keys that lie elsewhere

func keyElsewhere(_ key: some SigningKey) throws {
    let credential = try Credential(certificateFile: "server.pem", signingWith: key)
    let configuration = try ServerConfiguration(credentials: [credential])
    _ = configuration
}

func signatureRequest(_ session: inout ServerSession, _ waiting: (SignatureRequest) -> [UInt8]) throws {
    if case .signature(let request) = session.request {
        let signature = waiting(request)  // made elsewhere: by request.sign() on another thread, for example
        try session.answer(signature: signature)
    }
}

func pkcs12(_ passphrase: [UInt8]) throws {
    let credential = try Credential(pkcs12File: "server.p12", passphrase: passphrase.span)
    _ = credential
}

// MARK: Pre-shared keys

func sharedKey(_ bytes: [UInt8], _ serverOptions: inout ServerOptions, _ clientOptions: inout ClientOptions) throws {
    let key = try ExternalPSK(identity: Array("sensor 7".utf8), key: bytes.span)
    serverOptions.preSharedKeys = [key]
    clientOptions.preSharedKeys = [key]
}

func foundKey(_ serverOptions: inout ServerOptions, _ directory: [[UInt8]: ExternalPSK]) {
    serverOptions.findPreSharedKey = { identity in directory[identity] }
}

func importedKey(_ bytes: [UInt8]) throws {
    let key = try ExternalPSK(importing: Array("sensor 7".utf8), key: bytes.span, context: Array("plant A".utf8))
    _ = key
}

// MARK: Early data

func earlyDataServer(_ options: inout ServerOptions) {
    options.earlyData = EarlyDataOptions(replayProtection: StrikeRegister())
}

func earlyDataClient(_ configuration: ClientConfiguration, _ name: ServerName, _ request: [UInt8]) throws {
    var session = try ClientSession(configuration: configuration, serverName: name)
    var output: [UInt8] = []
    let count = try session.sealEarlyData(request.span, appendingTo: &output)
    _ = count
}

func earlyDataOption(_ options: inout ClientOptions) {
    options.offersEarlyData = true
}

// MARK: Errors

func errors(
    _ session: inout ClientSession,
    _ buffer: inout [UInt8],
    use: (ArraySlice<UInt8>) -> Void,
    log: (any Error) -> Void
) {
    do throws(TLSError) {
        let received = try session.receive(&buffer)
        use(buffer[received.plaintext])
    } catch .certificateRejected(let rejection) {
        log(rejection)  // which certificate, at which depth, and the rule
    } catch .truncated {
        // do not use what arrived as if it were whole
    } catch {
        log(error)  // error.alert is what the peer is told, if anything
    }
}

// MARK: Keys, records, tickets

func keyShares() {
    var options = ClientOptions()
    options.keyShares = [.x25519MLKEM768, .secp256r1]
    _ = options
}

func postQuantumOnly(_ options: inout ClientOptions) {
    options.groups = [.x25519MLKEM768]
    options.versions = .tls13 ... .tls13
}

func compression(_ options: inout ServerOptions) {
    options.certificateCompressors = [SystemCompressor.brotli, SystemCompressor.zlib]
}

func tickets(_ options: inout ServerOptions) throws {
    options.ticketKeys = try TicketKeys(file: "/etc/safetls/ticket.key")  // 32 random bytes or more, shared by machines
    options.ticketLifetime = 86_400
}

// MARK: Revocation

func revocationLists(_ clientOptions: inout ClientOptions) throws {
    let lists = try CertificateRevocationLists(files: ["/etc/ssl/crl/ca.pem"])
    clientOptions.revocation = RevocationPolicy(lists: lists)
}

func staple(_ credential: Credential, _ chain: [Certificate], _ response: OCSPResponse) throws {
    let expiry = response.expiry(for: chain[0], issuedBy: chain[1])
    try credential.setStaple(CertificateStaple(ocspResponse: response.der, ocspExpiry: expiry))
}

func askResponder(_ chain: [Certificate], now: Int64, _ post: ([UInt8], String, String) -> [UInt8]) throws {
    let request = try OCSPRequest(for: chain[0], issuedBy: chain[1])
    let reply = post(request.der, "application/ocsp-request", chain[0].ocspResponders[0])
    let response = try OCSPResponse(der: reply)
    let isGood = try response.status(of: chain[0], issuedBy: chain[1], at: now) == .good
    _ = isGood
}

func verify(_ chain: [Certificate], now: Int64) throws {
    let verifier = CertificateVerifier(trustAnchors: try .system(), purpose: .serverAuthentication)
    let path = try verifier.verify(chain, serverName: ServerName("example.com"), at: now)
    _ = path
}

func verifyClients(_ anchors: TrustAnchors) throws {
    let lists = try CertificateRevocationLists(directories: ["/etc/ssl/crl"])
    let verifier = CertificateVerifier(
        trustAnchors: anchors,
        purpose: .clientAuthentication,
        revocation: RevocationPolicy(lists: lists)
    )
    _ = verifier
}
