// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// The cookie of a HelloRetryRequest, from which any session of the same configuration can go on (RFC 9846 §4.3.2).
///
/// ```
/// cipher suite (2) | group (2) | Hash(ClientHello1) with a length byte | SHA-256 of the invariants (32)
/// | HMAC-SHA-256 over all that (32)
/// ```
///
/// It is authentic, not secret: everything in it is known to the client. A replayed cookie lets a client repeat its
/// own retry and nothing else, so it carries no time.
struct RetryCookie {
    let choice: ServerHelloTLS13.Choice
    let firstClientHello: [UInt8]
    let invariants: [UInt8]

    init(choice: ServerHelloTLS13.Choice, firstClientHello: Digest, invariants: Digest) {
        self.choice = choice
        self.firstClientHello = copyBytes(firstClientHello.bytes)
        self.invariants = copyBytes(invariants.bytes)
    }

    private init(choice: ServerHelloTLS13.Choice, firstClientHello: Span<UInt8>, invariants: Span<UInt8>) {
        self.choice = choice
        self.firstClientHello = copyBytes(firstClientHello)
        self.invariants = copyBytes(invariants)
    }

    /// The cookie as it is sent.
    func sealed(_ context: ServerContext) throws(TLSError) -> [UInt8] {
        var writer = ByteWriter(reserving: 128)
        writer.append(choice.cipherSuite.rawValue)
        writer.append(choice.group.rawValue)
        writer.vector8(firstClientHello)
        writer.append(invariants)
        let tag = try Self.tag(writer.bytes.span, context)
        writer.append(tag.bytes)
        return writer.takeBytes()
    }

    /// Checks and reads a cookie that a client sent.
    static func open(_ cookie: Span<UInt8>, _ context: ServerContext) throws(TLSError) -> RetryCookie {
        let rejected = TLSError.peerMisbehaved(.illegalParameter("a cookie that this server did not make"))
        guard cookie.count > 32 else { throw rejected }
        let content = cookie.extracting(0..<cookie.count - 32)
        guard constantTimeEquals(try tag(content, context).bytes, cookie.extracting(content.count..<cookie.count))
        else { throw rejected }
        do throws(DecodeError) {
            var reader = ByteReader(content)
            let suite = CipherSuite(rawValue: try reader.readUInt16())
            let group = NamedGroup(rawValue: try reader.readUInt16())
            let first = try reader.readVector8()
            let invariants = try reader.read(32)
            try reader.expectEnd()
            // The configuration may have changed since; what it no longer allows is not resumed.
            guard let hash = suite.hash, context.options.cipherSuites.contains(suite), suite.isTLS13,
                context.configuration.groups(.tls13).contains(group), first.count == hash.digestLength
            else { throw DecodeError.illegalParameter("outdated") }
            return RetryCookie(
                choice: ServerHelloTLS13.Choice(cipherSuite: suite, hash: hash, group: group),
                firstClientHello: first,
                invariants: invariants
            )
        } catch {
            throw rejected
        }
    }

    /// Goes on as the session that sent the HelloRetryRequest would.
    func resume(
        _ received: consuming ReceivedClientHello,
        _ channel: inout Channel
    ) throws(TLSError) -> ServerPhase {
        // The HelloRetryRequest is a function of the cookie: written once more, for the transcript only.
        var transcript = try Transcript(choice.hash, firstClientHello: firstClientHello.span)
        var replay = ByteWriter(reserving: 0)
        try HelloRetryRequest.write(
            received.hello.legacySessionID,
            choice,
            cookie: sealed(received.context),
            &transcript,
            &replay
        )
        return try ExpectSecondClientHello.proceed(
            received,
            choice,
            invariants.span,
            transcript,
            &channel
        )
    }

    private static func tag(_ content: Span<UInt8>, _ context: ServerContext) throws(TLSError) -> Digest {
        do throws(CryptoError) {
            var hash = try KeyedHash(.sha256)
            let key = context.configuration.retryCookieKey.secret.copy()
            return try hash.authenticate(key: key.bytes, content)
        } catch {
            throw TLSError(error)
        }
    }
}
