// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CSockets
import SafeTLS
import SafeTLSSockets
import TLSCertificateCompression
import TLSCertificates
import TLSCrypto

struct Serve: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serve TLS: echo what clients send, or a status page.",
        discussion: """
            Prints "listening on ADDRESS:PORT" to standard output when it is ready, and one line for each connection \
            to standard error. Runs until it is stopped.

            \(ExitStatus.list)
            """
    )

    @Option(
        name: .customLong("cert"),
        help: ArgumentHelp(
            "Certificate chain in PEM, leaf first, or a PKCS #12 file. May be repeated.",
            valueName: "file"
        ),
        completion: .file()
    )
    var certificates: [String] = []

    @Option(
        name: .customLong("key"),
        help: ArgumentHelp(
            "Private key in PEM, one for each --cert in the same order; without any, the keys are in the --cert files.",
            valueName: "file"
        ),
        completion: .file()
    )
    var keys: [String] = []

    @Option(help: "Port to listen on; 0 lets the system choose.")
    var port: UInt16 = 4433

    @Option(help: "Address to listen on.")
    var address = "127.0.0.1"

    @Flag(help: "Answer HTTP requests with a page that shows what was negotiated.")
    var www = false

    @Option(help: ArgumentHelp("Exit after this many connections.", valueName: "count"))
    var connections: Int?

    @Option(
        name: .customLong("ticket-keys"),
        help: ArgumentHelp(
            "Protect session tickets with keys made from this file of 32 to 4096 secret bytes, as other servers do.",
            valueName: "file"
        ),
        completion: .file()
    )
    var ticketKeyFile: String?

    @Option(
        name: .customLong("client-ca"),
        help: ArgumentHelp("Ask clients for certificates of the authorities in this PEM file.", valueName: "file"),
        completion: .file()
    )
    var clientAuthorities: String?

    @Option(
        help: ArgumentHelp("Staple this OCSP response, in DER, to the first certificate.", valueName: "file"),
        completion: .file()
    )
    var ocsp: String?

    @Flag(help: "Refuse clients without a certificate; with --client-ca.")
    var requireClientCert = false

    @Flag(help: "Ask TLS 1.3 clients for the certificate after the handshake; with --client-ca.")
    var askLater = false

    @Flag(help: "Accept 0-RTT data, up to 14336 bytes in a connection.")
    var earlyData = false

    @OptionGroup var passphrase: PassphraseArguments

    @OptionGroup var protocols: ProtocolArguments

    func validate() throws {
        guard keys.isEmpty || keys.count == certificates.count else {
            throw ValidationError("There must be one --key for each --cert.")
        }
        guard !certificates.isEmpty || protocols.requirePsk else {
            throw ValidationError("There must be a --cert, unless --require-psk is given.")
        }
        // Clients that do not let themselves be asked later are served.
        guard !askLater || !requireClientCert else {
            throw ValidationError("--ask-later does not go with --require-client-cert.")
        }
        guard !askLater || clientAuthorities != nil else { throw ValidationError("--ask-later needs --client-ca.") }
        guard !requireClientCert || clientAuthorities != nil else {
            throw ValidationError("--require-client-cert needs --client-ca.")
        }
        guard connections ?? 1 > 0 else { throw ValidationError("--connections must be positive.") }
    }

    func run() throws {
        // Files first: whoever finds the port open finds a server that serves.
        let configuration = try failing(with: .usage) { try self.configuration() }
        let authenticator = try failing(with: .usage) {
            try askLater ? authentication().map(ClientAuthenticator.init) : nil
        }
        let listener = try failing(with: .connection) { try Socket.listen(on: Endpoint(host: address, port: port)) }
        let name = listener.name(ofPeer: false)
        var server = Server(
            configuration,
            service: www ? .statusPage : .echo,
            authenticator: authenticator,
            listener: listener,
            limit: connections
        )
        try output(Array("listening on \(name)\n".utf8))
        try failing(with: .connection) { try server.run() }
    }

    private func authentication() throws -> ClientAuthentication? {
        try clientAuthorities.map { file in
            ClientAuthentication(
                requireClientCert ? .required : .optional,
                trustAnchors: try TrustAnchors(pemFile: file)
            )
        }
    }

    /// TLS 1.2 has no ML-DSA: with such certificates alone it is not served, unless somebody asks for it.
    private func versions(for credentials: [Credential]) -> ClosedRange<ProtocolVersion> {
        let isPostQuantum = credentials.allSatisfy { credential in
            SignatureScheme.postQuantum.contains { credential.canSign(with: $0, in: .tls13) }
        }
        return isPostQuantum && !credentials.isEmpty && !protocols.tls12 ? .tls13 ... .tls13 : protocols.versions
    }

    private func configuration() throws -> ServerConfiguration {
        let credentials = try certificates.indices.map { index in
            try passphrase.credential(certificates[index], keyFile: keys.isEmpty ? nil : keys[index])
        }
        if let ocsp {
            let response = try FileBytes.read(ocsp, limit: TLSLimits.ocspResponseLength)
            try credentials.first?.setStaple(CertificateStaple(ocspResponse: response))
        }
        var options = ServerOptions()
        options.versions = versions(for: credentials)
        options.applicationProtocols = protocols.applicationProtocols
        options.keyLog = try protocols.keyLog
        options.certificateCompressors = [SystemCompressor.brotli, SystemCompressor.zlib]
        options.preSharedKeys = try protocols.preSharedKeys
        options.requiresPreSharedKey = protocols.requirePsk
        options.records = protocols.records
        if let suites = try protocols.cipherSuites { options.cipherSuites = suites }
        if let groups = try protocols.namedGroups { options.groups = groups }
        if let schemes = try protocols.schemes { options.signatureSchemes = schemes }
        options.ticketKeys = try ticketKeyFile.map { try TicketKeys(file: $0) }
        if !askLater { options.clientAuthentication = try authentication() }
        if earlyData {
            // Without a key file no ticket is older than this process, so the register has seen all there is.
            let register = ticketKeyFile == nil ? StrikeRegister(start: 0) : StrikeRegister()
            options.earlyData = EarlyDataOptions(replayProtection: register)
        }
        return try ServerConfiguration(credentials: credentials, options: options)
    }
}
