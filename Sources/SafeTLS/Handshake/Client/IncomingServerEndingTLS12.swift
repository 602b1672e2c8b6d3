// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto

/// What a TLS 1.2 client knows when the server's last messages are due: NewSessionTicket if it was promised,
/// change_cipher_spec and Finished (RFC 5077 §3.1).
///
/// In a full handshake they are the answer to the client's Finished, in a resumption the client's Finished answers
/// them.
struct IncomingServerEndingTLS12: ~Copyable {
    let negotiated: NegotiatedParameters
    let server: PeerCertificates
    let master: MasterSecretTLS12
    let keys: KeyBlock
    var hash: KeyedHash
    var transcript: Transcript
    /// Nil when the client keeps no session.
    var sessions: SessionKeeperTLS12?

    /// - Parameter promisesTicket: Whether the server answered session_ticket: then, and only then, it must send a
    ///   NewSessionTicket (RFC 5077 §3.3).
    consuming func begin(promisesTicket: Bool) -> ClientPhase {
        if promisesTicket { return .handshaking(.expectNewSessionTicket(ExpectNewSessionTicket(ending: self))) }
        return .handshaking(.expectChangeCipherSpec(ExpectServerChangeCipherSpec(ending: self)))
    }
}

/// The ticket that the server promised comes next (RFC 5077 §3.3).
struct ExpectNewSessionTicket: ~Copyable {
    fileprivate var ending: IncomingServerEndingTLS12

    consuming func receive(_ type: HandshakeType, _ message: [UInt8]) throws(TLSError) -> ClientPhase {
        guard type == .newSessionTicket else { throw .unexpected(type, expected: "NewSessionTicket") }
        do throws(DecodeError) {
            let received = try TLS12NewSessionTicket(
                message.span.extracting(droppingFirst: HandshakeMessage.headerLength)
            )
            ending.sessions?.receive(received)
        } catch {
            throw TLSError(error, in: type)
        }
        ending.transcript.update(message)
        return .handshaking(.expectChangeCipherSpec(ExpectServerChangeCipherSpec(ending: ending)))
    }
}

/// The server's change of keys comes next (RFC 5246 §7.1).
struct ExpectServerChangeCipherSpec: ~Copyable {
    fileprivate let ending: IncomingServerEndingTLS12

    consuming func receiveChangeCipherSpec(_ channel: inout Channel) throws(TLSError) -> ClientPhase {
        try channel.install(opener: ending.keys.opener(.server))
        return .handshaking(.expectFinishedTLS12(ExpectServerFinishedTLS12(ending: ending)))
    }
}

/// The server's Finished comes next. It completes a full handshake; ours completes a resumption (RFC 5246 §7.3, §7.4.9).
struct ExpectServerFinishedTLS12: ~Copyable {
    fileprivate var ending: IncomingServerEndingTLS12

    consuming func receive(
        _ type: HandshakeType,
        _ message: [UInt8],
        _ channel: inout Channel
    ) throws(TLSError) -> ClientPhase {
        guard type == .finished else { throw .unexpected(type, expected: "Finished") }
        let expected = try ending.master.verifyData(
            of: .server,
            transcript: ending.transcript.digest(),
            &ending.hash
        )
        try FinishedCheck.verify(message, expected: expected.bytes)
        try channel.joiner.expectEmpty()
        if ending.negotiated.isResumed {
            ending.transcript.update(message)
            try ending.sendFinished(&channel)
        }
        ending.sessions?.keep(ending.master, ending.negotiated, ending.server)
        return .connected(
            Connected(
                negotiated: ending.negotiated,
                peer: ending.server,
                secrets: ending.master.connectionSecrets(isClient: true)
            )
        )
    }
}

extension IncomingServerEndingTLS12 {
    /// Changes the sending keys and sends Finished under them.
    fileprivate mutating func sendFinished(_ channel: inout Channel) throws(TLSError) {
        let verifyData = try master.verifyData(of: .client, transcript: transcript.digest(), &hash)
        try channel.writeChangeCipherSpec()
        try channel.install(sealer: keys.sealer(.client))
        try channel.send(&transcript) { writer throws(EncodeError) in
            try Finished.write(verifyData: verifyData.bytes, into: &writer)
        }
    }
}
