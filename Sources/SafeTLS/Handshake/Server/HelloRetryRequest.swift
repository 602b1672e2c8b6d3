// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// A server's request for a ClientHello with a share of the group that it chose (RFC 9846 §4.2.4).
enum HelloRetryRequest {
    static func send(
        _ received: consuming ReceivedClientHello,
        _ choice: ServerHelloTLS13.Choice,
        _ channel: inout Channel
    ) throws(TLSError) -> ServerPhase {
        try channel.joiner.expectEmpty()
        let sessionID = received.hello.legacySessionID
        let digest = try firstMessageDigest(received, choice)
        let invariants = try RetryInvariants.digest(of: received.hello)
        let cookie =
            received.options.sendsRetryCookie
            ? try RetryCookie(choice: choice, firstClientHello: digest, invariants: invariants)
                .sealed(received.context) : nil
        let resumes = try offersPreSharedKey(received, choice)
        rejectEarlyData(received, resumes: resumes, &channel.early)
        var transcript = try Transcript(choice.hash, firstClientHello: digest.bytes)
        try write(sessionID, choice, cookie: cookie, &transcript, &channel.flight)
        // Appendix E.4: the record that makes this look like TLS 1.2 follows the first message.
        if !sessionID.isEmpty { try channel.writeChangeCipherSpec() }
        channel.receiving.ignoresChangeCipherSpec = true
        return .handshaking(
            .expectSecondClientHello(
                ExpectSecondClientHello(
                    context: received.context,
                    choice: choice,
                    transcript: transcript,
                    invariants: invariants,
                    cookie: cookie,
                    resumes: resumes
                )
            )
        )
    }

    /// Writes the message. It is a function of the cookie and the ClientHello: a session that only sees the answer writes
    /// it once more, for its transcript.
    static func write(
        _ sessionID: Span<UInt8>,
        _ choice: ServerHelloTLS13.Choice,
        cookie: [UInt8]?,
        _ transcript: inout Transcript,
        _ flight: inout ByteWriter
    ) throws(TLSError) {
        try flight.add(to: &transcript) { writer throws(EncodeError) in
            try ServerHello.writeHelloRetryRequest(
                legacySessionID: sessionID,
                cipherSuite: choice.cipherSuite,
                into: &writer
            ) { extensions in
                extensions.selectedVersion(.tls13)
                extensions.selectedGroup(choice.group)
                if let cookie { extensions.cookie(cookie) }
            }
        }
    }

    /// What stands for the first ClientHello in the transcript (§4.1).
    private static func firstMessageDigest(
        _ received: borrowing ReceivedClientHello,
        _ choice: ServerHelloTLS13.Choice
    ) throws(TLSError) -> Digest {
        do throws(CryptoError) {
            return try HashState.hash(choice.hash, received.message)
        } catch {
            throw TLSError(error)
        }
    }

    /// Whether the client brings a key that would be taken: its second ClientHello must bring it again.
    private static func offersPreSharedKey(
        _ received: borrowing ReceivedClientHello,
        _ choice: ServerHelloTLS13.Choice
    ) throws(TLSError) -> Bool {
        guard let offer = received.hello.preSharedKey else { return false }
        var hash = try cryptographic { () throws(CryptoError) in try KeyedHash(choice.hash) }
        var transcript = try Transcript(choice.hash)
        let covered = max(0, received.message.count - offer.bindersByteCount)
        transcript.update(received.message.extracting(0..<covered))
        return try BinderVerified.find(received, choice, transcript.digest(), &hash, takes: false) != nil
    }

    /// §4.3.10: no 0-RTT data behind a HelloRetryRequest.
    private static func rejectEarlyData(
        _ received: borrowing ReceivedClientHello,
        resumes: Bool,
        _ early: inout EarlyDataGate
    ) {
        guard received.hello.hasEarlyData else { return }
        let reason: EarlyDataStatus.Reason = resumes ? .helloRetryRequest : .notResumed
        early.status = .rejected(received.options.earlyData == nil ? .disabled : reason)
    }
}
