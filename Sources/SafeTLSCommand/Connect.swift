// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CSockets
import SafeTLS
import SafeTLSSockets
import TLSCertificateCompression
import TLSCertificates

struct Connect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Connect to a TLS server.",
        discussion: """
            What was negotiated goes to standard error. Standard input is sent, and what the server sends goes to \
            standard output, unless --check, --showcerts, --json or --head says otherwise. A server that cannot be \
            authenticated is refused.

            \(ExitStatus.list)
            """
    )

    @Argument(
        help: ArgumentHelp(
            "Where to connect, as in example.org:443 or [::1]:443; without a port it is 443, or that of --starttls.",
            valueName: "host:port"
        ),
        transform: Target.parse
    )
    var target: Target

    // MARK: What is done

    @Flag(help: "Shake hands, say what was negotiated, and close.")
    var check = false

    @Flag(
        name: .customLong("showcerts"),
        help: "The same, and print the certificates of the server: what is in them, and PEM."
    )
    var showCertificates = false

    @Flag(help: "The same, and print one JSON object with all that is known, also when it fails.")
    var json = false

    @Flag(help: "Send one HTTP HEAD request and print the head of the response.")
    var head = false

    // MARK: How it is connected

    @Option(
        name: .customLong("starttls"),
        help: ArgumentHelp("Ask a server of this protocol to go over to TLS first.", valueName: "protocol")
    )
    var startTLS: StartTLS?

    @Flag(name: .customShort("4"), help: "Connect by IPv4.")
    var usesIPv4 = false

    @Flag(name: .customShort("6"), help: "Connect by IPv6.")
    var usesIPv6 = false

    @Option(
        help: ArgumentHelp(
            """
            How long the host may take to be looked up, to take the connection, to go over to TLS and to shake hands, all \
            together, and then to answer --head (1 to 3600).
            """,
            valueName: "seconds"
        )
    )
    var timeout: Int32 = 30

    @Flag(help: "Show records and handshake messages as they pass.")
    var trace = false

    // MARK: Whom to trust

    @Option(
        name: .customLong("ca"),
        help: ArgumentHelp("Trust the certificates in this PEM file instead of the system's.", valueName: "file"),
        completion: .file()
    )
    var trustFile: String?

    @Option(
        name: .customLong("servername"),
        help: ArgumentHelp(
            "Ask for this name, and expect it in the certificate, instead of the host.",
            valueName: "name"
        )
    )
    var serverName: String?

    @Option(
        name: .customLong("crl"),
        help: ArgumentHelp(
            "Check the chain with the revocation lists in this file. May be repeated.",
            valueName: "file"
        ),
        completion: .file()
    )
    var revocationLists: [String] = []

    @Flag(help: "Say what is wrong with the server's certificate, and go on all the same: with anybody, perhaps.")
    var insecure = false

    // MARK: Who we are

    @Option(
        name: .customLong("cert"),
        help: ArgumentHelp(
            "Show this certificate chain, in PEM or from a PKCS #12 file, to servers that ask for one.",
            valueName: "file"
        ),
        completion: .file()
    )
    var certificateFile: String?

    @Option(
        name: .customLong("key"),
        help: ArgumentHelp("The certificate's private key in PEM; else it is in the --cert file.", valueName: "file"),
        completion: .file()
    )
    var keyFile: String?

    @OptionGroup var passphrase: PassphraseArguments

    // MARK: Sessions

    @Flag(help: "Connect once before, wait for the session that the server leaves, and resume it.")
    var resume = false

    @Option(
        name: .customLong("session-file"),
        help: ArgumentHelp(
            "Resume the session in this file, if it is there, and leave the server's next one in it. It is as secret as a key.",
            valueName: "file"
        ),
        completion: .file()
    )
    var sessionPath: String?

    @Option(
        help: ArgumentHelp(
            "Send this line as 0-RTT data in the resumed connection; again, if the server does not take them.",
            valueName: "text"
        )
    )
    var earlyData: String?

    @OptionGroup var protocols: ProtocolArguments

    func validate() throws {
        guard 1...3600 ~= timeout else { throw ValidationError("--timeout takes a number from 1 to 3600.") }
        guard earlyData == nil || keepsSession else {
            throw ValidationError("--early-data needs --resume or --session-file.")
        }
        guard earlyData == nil || !closesAfterHandshake else {
            throw ValidationError("--early-data does not go with --check, --showcerts and --json, which send nothing.")
        }
        guard !head || !closesAfterHandshake else {
            throw ValidationError("--head does not go with --check, --showcerts and --json.")
        }
        guard !usesIPv4 || !usesIPv6 else { throw ValidationError("-4 and -6 do not go together.") }
        guard keyFile == nil || certificateFile != nil else { throw ValidationError("--key needs --cert.") }
        guard !resume || sessionPath == nil else {
            throw ValidationError("--resume and --session-file do not go together.")
        }
        guard protocols.psk.isEmpty || !keepsSession else {
            throw ValidationError(
                "--psk does not go with --resume and --session-file: with external keys no session is kept."
            )
        }
        guard !insecure || !keepsSession else {
            throw ValidationError("--insecure keeps no sessions: whoever it was must not be trusted later.")
        }
    }

    /// Whether nothing is sent and nothing is waited for once the handshake is over.
    var closesAfterHandshake: Bool { check || showCertificates || json }

    /// Whether a session is resumed or left. Its verdict is then the library's own: one that the driver gives is not kept
    /// (see `ClientOptions.sessionCacheCapacity`).
    var keepsSession: Bool { resume || sessionPath != nil }

    /// Where to connect.
    var endpoint: Endpoint {
        Endpoint(host: target.host, port: target.port ?? startTLS?.port ?? 443)
    }

    /// Whom an HTTP request is for: without a zone, which no other machine knows.
    var authority: Endpoint {
        Endpoint(host: Target.withoutZone(serverName ?? endpoint.host), port: endpoint.port)
    }

    /// The name that the certificate has to be for.
    func name() throws -> ServerName {
        // A zone, as in fe80::1%eth0, is no part of a name.
        let asked = serverName ?? Target.withoutZone(target.host)
        guard let name = ServerName(asked) else {
            throw ValidationError(
                "\(printable(asked)) is neither a DNS name nor an IP address. Names with other letters than ASCII are "
                    + "written as xn--…"
            )
        }
        return name
    }

    func run() throws {
        _ = try name()
        let tracer = trace ? Tracer() : nil
        let witness = Witness()
        let configuration = try failing(with: .usage) { try self.configuration(tracer, witness) }
        let run = ClientRun(
            options: self,
            configuration: configuration,
            name: try name(),
            tracer: tracer,
            witness: witness
        )
        try run.run()
    }

    private func configuration(_ tracer: Tracer?, _ witness: Witness) throws -> ClientConfiguration {
        let anchors = try trustFile.map { try TrustAnchors(pemFile: $0) } ?? TrustAnchors.system()
        var options = ClientOptions()
        options.versions = protocols.versions
        options.applicationProtocols = protocols.applicationProtocols
        options.keyLog = try protocols.keyLog
        if let tracer { options.messageObserver = { tracer.observe($0) } }
        options.verificationObserver = { witness.observe($0) }
        options.offersEarlyData = earlyData != nil
        options.certificateCompressors = [SystemCompressor.brotli, SystemCompressor.zlib]
        options.preSharedKeys = try protocols.preSharedKeys
        options.requiresPreSharedKey = protocols.requirePsk
        options.records = protocols.records
        if !revocationLists.isEmpty {
            options.revocation = RevocationPolicy(lists: try CertificateRevocationLists(files: revocationLists))
        }
        if let certificateFile {
            options.credentials = [try passphrase.credential(certificateFile, keyFile: keyFile)]
            options.offersPostHandshakeAuthentication = true
        }
        if let suites = try protocols.cipherSuites { options.cipherSuites = suites }
        if let groups = try protocols.namedGroups { options.groups = groups }
        if let schemes = try protocols.schemes { options.signatureSchemes = schemes }
        // Nobody is trusted where nobody is known, and --insecure goes on.
        if insecure, anchors.count == 0 { return try ClientConfiguration(judge: { $0.verdict() }, options: options) }
        return try ClientConfiguration(trustAnchors: anchors, options: options)
    }
}
