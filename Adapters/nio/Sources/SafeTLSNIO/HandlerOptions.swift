// SPDX-License-Identifier: Apache-2.0

public import NIOCore
public import SafeTLS

/// How a ``SafeTLSServerHandler`` treats its connection. What is negotiated is in the `ServerConfiguration`.
public struct ServerHandlerOptions: Sendable {
    /// How long a client may take for its handshake; nil for as long as it likes. Default: 30 seconds.
    public var handshakeTimeout: TimeAmount? = .seconds(30)
    /// How long `close()` waits for the client's close_notify; as long again when the client has read 16 KiB meanwhile of what
    /// was sent to it. Default: 5 seconds.
    public var closeTimeout: TimeAmount = .seconds(5)
    /// Chooses the configuration and the application protocol of each client, by what its ClientHello says. Default: nil, the
    /// handler's configuration for all.
    public var chooseConfiguration: HandshakeStep<ClientHelloInfo, ServerChoice>?
    /// Makes the handshake's signature. Default: nil, the credential's own key does.
    public var sign: HandshakeStep<SignatureRequest, [UInt8]>?
    /// Judges the chains of clients. Default: nil, the configuration's trust anchors decide.
    ///
    /// It is asked of clients that show a certificate: which of them are asked for one, and which have to have one, says the
    /// configuration's `clientAuthentication`. Without that nobody is judged.
    ///
    /// Clients that were judged so get no sessions to resume, and nobody resumes one here that was made without this.
    /// `VerificationRequest.verdict()` is the built-in verdict.
    public var verifyClient: HandshakeStep<VerificationRequest, Verdict>?
    /// When 0-RTT data are handed on, if the configuration accepts them. Default: when the handshake is complete.
    public var earlyData = EarlyDataDelivery.afterHandshake

    /// The default options.
    public init() {}

    var deferring: DeferredRequests {
        var requests: DeferredRequests = []
        if chooseConfiguration != nil { requests.insert(.clientHello) }
        if sign != nil { requests.insert(.signature) }
        if verifyClient != nil { requests.insert(.verification) }
        return requests
    }
}

/// What a server answers a ClientHello with.
public struct ServerChoice: Sendable {
    /// The configuration for this client.
    public var configuration: ServerConfiguration
    /// The answer to ALPN. Default: the first of the configuration's protocols that the client offers.
    public var applicationProtocol: ApplicationProtocolAnswer

    /// A configuration, and an application protocol if it is not the configuration that says which.
    public init(_ configuration: ServerConfiguration, applicationProtocol: ApplicationProtocolAnswer = .automatic) {
        self.configuration = configuration
        self.applicationProtocol = applicationProtocol
    }
}

/// When a server hands on 0-RTT data (RFC 9846 §2.3).
public enum EarlyDataDelivery: Hashable, Sendable {
    /// When the handshake is complete: by then it is certain that no replay sent them. They are read like other data.
    case afterHandshake
    /// At once, behind ``SafeTLSEvent/earlyDataStarted(_:)``; what is written then is sent before the client's Finished.
    /// Whoever recorded the data may have sent them again: only what may be carried out twice should be.
    case immediately
}

/// How a ``SafeTLSClientHandler`` treats its connection. What is negotiated is in the `ClientConfiguration`.
public struct ClientHandlerOptions: Sendable {
    /// How long the server may take for its handshake; nil for as long as it likes. Default: 30 seconds.
    public var handshakeTimeout: TimeAmount? = .seconds(30)
    /// How long `close()` waits for the server's close_notify; as long again when the server has read 16 KiB meanwhile of what
    /// was sent to it. Default: 5 seconds.
    public var closeTimeout: TimeAmount = .seconds(5)
    /// Judges the server's chain. Default: nil, the configuration decides.
    ///
    /// Sessions of chains that were judged so are not resumed. `VerificationRequest.verdict()` is the built-in one.
    public var verifyServer: HandshakeStep<VerificationRequest, Verdict>?
    /// Chooses the certificate for a server that asks for one. Default: nil, the first of the configuration's that fits.
    public var chooseCredential: HandshakeStep<RequestedCertificate, Credential?>?
    /// Makes the signature that goes with it. Default: nil, the credential's own key does.
    public var sign: HandshakeStep<SignatureRequest, [UInt8]>?
    /// What is sent first, as 0-RTT data if the configuration offers them and the server's ticket allows it: an attacker can
    /// send them to the server again. Where they cannot go early, or the server does not take them, they go first
    /// when the handshake is complete. Default: nil.
    public var earlyData: ByteBuffer?

    /// The default options.
    public init() {}

    var deferring: DeferredRequests {
        var requests: DeferredRequests = []
        if verifyServer != nil { requests.insert(.verification) }
        if chooseCredential != nil { requests.insert(.certificate) }
        if sign != nil { requests.insert(.signature) }
        return requests
    }
}

/// User events beside those of `TLSUserEvent`.
public enum SafeTLSEvent: Equatable, Sendable {
    /// A server reads 0-RTT data from here to `TLSUserEvent.handshakeCompleted`, under these parameters.
    case earlyDataStarted(NegotiatedParameters)
}
