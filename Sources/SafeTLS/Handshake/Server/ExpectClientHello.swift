// SPDX-License-Identifier: Apache-2.0

/// The start of a server's handshake.
struct ExpectClientHello: ~Copyable {
    private let context: ServerContext

    init(configuration: ServerConfiguration, deferring: DeferredRequests) {
        context = ServerContext(configuration: configuration, deferring: deferring)
    }

    /// Whether a first ClientHello may continue a handshake that another session began.
    var acceptsRetryCookies: Bool { context.options.sendsRetryCookie }

    consuming func ignoringChangeCipherSpec(_ limits: inout FloodLimits) throws(TLSError) -> ServerPhase {
        try limits.countChangeCipherSpec()
        return .handshaking(.expectClientHello(self))
    }

    consuming func receive(
        _ type: HandshakeType,
        _ message: [UInt8],
        _ channel: inout Channel
    ) throws(TLSError) -> ServerPhase {
        guard type == .clientHello else { throw .unexpected(type, expected: "ClientHello") }
        if context.deferring.contains(.clientHello) {
            let info = try ClientHelloInfo(message: message)
            return .handshaking(.awaitConfiguration(AwaitConfiguration(context: context, message: message, info: info)))
        }
        return try ClientHelloChoice.choose(context, message, &channel)
    }
}

/// A ClientHello waits for the driver to choose a configuration.
struct AwaitConfiguration: ~Copyable {
    fileprivate var context: ServerContext
    fileprivate let message: [UInt8]
    let info: ClientHelloInfo

    consuming func answer(
        configuration: ServerConfiguration,
        applicationProtocol: ApplicationProtocolAnswer,
        _ channel: inout Channel
    ) throws(TLSError) -> ServerPhase {
        context.configuration = configuration
        context.applicationProtocol = applicationProtocol
        return try ClientHelloChoice.choose(context, message, &channel)
    }
}

/// The first choice that a ClientHello leads to: the version (RFC 9846 §4.3.1, appendix E.2).
enum ClientHelloChoice {
    static func choose(
        _ context: ServerContext,
        _ message: [UInt8],
        _ channel: inout Channel
    ) throws(TLSError) -> ServerPhase {
        let received = try ReceivedClientHello(message.span, context)
        let compression = context.configuration.certificateCompression
        try compression.check(received.hello.certificateCompression, in: .clientHello)
        try received.checkTransport(&channel)
        // What a session that takes retry cookies skips ends here; this ClientHello says what comes behind it.
        channel.early.endSkipping()
        let version = try negotiateVersion(received.hello, context.options.versions)
        // RFC 7507 §3: the client fell back, and need not have.
        if received.hello.cipherSuites.contains(.fallbackSCSV) && version < context.options.versions.upperBound {
            throw .peerMisbehaved(.inappropriateFallback)
        }
        channel.settle(version)
        channel.sending.follow(context.options.records)
        if version == .tls13 { return try ServerHelloTLS13.respond(to: received, &channel) }
        return try ServerHelloTLS12.respond(to: received, &channel)
    }

    /// RFC 9846 §4.3.1: with supported_versions the list decides alone, without it legacy_version does.
    private static func negotiateVersion(
        _ hello: borrowing ClientHello,
        _ accepted: ClosedRange<ProtocolVersion>
    ) throws(TLSError) -> ProtocolVersion {
        // Appendix E.5: SSL 3.0 and below end the handshake, also beside supported_versions.
        guard hello.legacyVersion >= .tls10 else { throw .nothingInCommon(.protocolVersion) }
        if let offered = hello.supportedVersions {
            for version in [ProtocolVersion.tls13, .tls12]
            where accepted.contains(version) && offered.contains(version) {
                // RFC 9846 §4.2.2: it does not choose the version, and in a ClientHello of TLS 1.3 it has one value only.
                guard version == .tls12 || hello.legacyVersion == .tls12 else {
                    throw .nothingInCommon(.protocolVersion)
                }
                return version
            }
        } else if hello.legacyVersion >= .tls12 && accepted.contains(.tls12) {
            return .tls12
        }
        throw .nothingInCommon(.protocolVersion)
    }
}
