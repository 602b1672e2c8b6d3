// SPDX-License-Identifier: Apache-2.0

// What drivers ask of a connection: the client's certificate after the handshake, and keying material.

extension Engine where Handshake: ~Copyable {
    /// See `ServerSession.requestClientCertificate(_:)`.
    mutating func requestClientCertificate(_ authenticator: ClientAuthenticator) throws(TLSError) {
        if let failure { throw failure }
        guard isConnected else { throw .misuse(.handshakeIncomplete) }
        guard !channel.isClosed else { throw .misuse(.closed) }
        guard channel.version == .tls13 else { throw .misuse(.needsTLS13) }
        switch phase {
        case .connected(let connected):
            guard connected.mayAuthenticate else { throw .misuse(.noPostHandshakeAuthentication) }
            guard !connected.isAuthenticating else { throw .misuse(.requestPending) }
        default: throw .internalFailure("a connection without secrets was driven on")
        }
        do throws(TLSError) {
            try advanceConnected { connected, channel throws(TLSError) in
                try connected.ask(authenticator, &channel.flight)
            }
            try channel.flush()
        } catch {
            throw fail(error)
        }
    }

    /// Whether a client was asked for its certificate after the handshake and has not answered.
    var isAuthenticating: Bool {
        switch phase {
        case .connected(let connected): connected.isAuthenticating
        default: false
        }
    }

    /// Whether a client would answer.
    var mayAuthenticate: Bool {
        switch phase {
        case .connected(let connected): connected.mayAuthenticate
        default: false
        }
    }

    /// See `TLSSession.exportEarlyKeyingMaterial(label:context:count:)`.
    func exportEarlyKeyingMaterial(label: String, context: [UInt8]?, count: Int) throws(TLSError) -> [UInt8] {
        if let failure { throw failure }
        switch earlyExporter {
        case .some(let exporter): return try exporter.export(label: label, context: context, count: count)
        case .none: throw .misuse(.noEarlyData)
        }
    }

    /// See `TLSSession.exportKeyingMaterial(label:context:count:)`.
    func exportKeyingMaterial(label: String, context: [UInt8]?, count: Int) throws(TLSError) -> [UInt8] {
        if let failure { throw failure }
        switch phase {
        case .connected(let connected):
            return try connected.secrets.exportKeyingMaterial(label: label, context: context, count: count)
        case .handshaking: throw .misuse(.handshakeIncomplete)
        case .takingEarlyData: throw .misuse(.handshakeIncomplete)
        case .failed: throw .misuse(.handshakeIncomplete)
        }
    }
}
