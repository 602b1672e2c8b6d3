// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// A HelloRetryRequest is out; the client must send its ClientHello again with the share it names (RFC 9846 §4.2.2).
struct ExpectSecondClientHello: ~Copyable {
    let context: ServerContext
    let choice: ServerHelloTLS13.Choice
    var transcript: Transcript
    /// The digest of everything that the second ClientHello must repeat.
    let invariants: Digest
    let cookie: [UInt8]?
    /// Whether the first ClientHello brought a PSK that would have been taken.
    var resumes = false

    consuming func receive(
        _ type: HandshakeType,
        _ message: [UInt8],
        _ channel: inout Channel
    ) throws(TLSError) -> ServerPhase {
        guard type == .clientHello else { throw .unexpected(type, expected: "the second ClientHello") }
        let received = try ReceivedClientHello(message.span, context)
        if let cookie {
            guard let echo = received.hello.cookie else { throw .peerMisbehaved(.missingExtension(.cookie)) }
            guard constantTimeEquals(echo, cookie.span) else {
                throw .peerMisbehaved(.illegalParameter("another cookie than the one in HelloRetryRequest"))
            }
        }
        // §4.2.2: only what does not go with the chosen suite may be left out of pre_shared_key.
        guard !resumes || received.hello.hasPreSharedKey else {
            throw .peerMisbehaved(.illegalParameter("a second ClientHello without the pre-shared key of the first"))
        }
        return try Self.proceed(received, choice, invariants.bytes, transcript, &channel)
    }

    /// Checks the second ClientHello against the first and goes on with the handshake.
    static func proceed(
        _ received: consuming ReceivedClientHello,
        _ choice: ServerHelloTLS13.Choice,
        _ invariants: Span<UInt8>,
        _ transcript: consuming Transcript,
        _ channel: inout Channel
    ) throws(TLSError) -> ServerPhase {
        guard constantTimeEquals(try RetryInvariants.digest(of: received.hello).bytes, invariants) else {
            throw .peerMisbehaved(.illegalParameter("a second ClientHello that differs from the first"))
        }
        guard !received.hello.hasEarlyData else {
            throw .peerMisbehaved(.illegalParameter("early_data in a second ClientHello"))
        }
        // §4.3.10: what is skipped ends with this message.
        channel.early.endSkipping()
        guard let shares = received.hello.keyShares else { throw .peerMisbehaved(.missingExtension(.keyShare)) }
        guard shares.contains(choice.group), shares.count == 1 else {
            throw .peerMisbehaved(.illegalParameter("key shares other than one of the group asked for"))
        }
        return try ServerHelloTLS13.answer(received, choice, transcript: transcript, isRetried: true, &channel)
    }
}

/// What two ClientHello messages around a HelloRetryRequest have in common (RFC 9846 §4.2.2).
enum RetryInvariants {
    /// Extensions that may differ.
    private static func mayDiffer(_ type: ExtensionType) -> Bool {
        type == .keyShare || type == .earlyData || type == .cookie || type == .preSharedKey || type == .padding
    }

    /// The SHA-256 of everything else in a ClientHello, in its order, each part with its length.
    static func digest(of hello: borrowing ClientHello) throws(TLSError) -> Digest {
        do throws(CryptoError) {
            var hash = try HashState(.sha256)
            add(hello.random, hello.legacyVersion.rawValue, to: &hash)
            add(hello.legacySessionID, 0, to: &hash)
            add(hello.cipherSuites.content, 0, to: &hash)
            add(hello.legacyCompressionMethods, 0, to: &hash)
            var extensions = hello.extensions.makeIterator()
            while let next = extensions.next() {
                if !mayDiffer(next.type) { add(next.body, next.type.rawValue, to: &hash) }
            }
            return try hash.currentDigest()
        } catch {
            throw TLSError(error)
        }
    }

    /// Adds a part that is as long as its sender likes: it is not copied.
    private static func add(_ part: Span<UInt8>, _ type: UInt16, to hash: inout HashState) {
        let header: [4 of UInt8] = [
            UInt8(type >> 8), UInt8(type & 0xFF), UInt8(truncatingIfNeeded: part.count >> 8),
            UInt8(truncatingIfNeeded: part.count),
        ]
        hash.update(header.span)
        hash.update(part)
    }
}
