// SPDX-License-Identifier: Apache-2.0

public import TLSCertificates
import TLSCrypto

/// What the handshakes of QUIC's two sides share: TLS 1.3 without records (RFC 9001 §4). A driver can be written over this
/// protocol.
///
/// A QUIC stack owns packets, keys, acknowledgements and timers; a session owns the handshake. Bytes of CRYPTO frames go in and
/// come out by level, secrets come out, and errors have codes for CONNECTION_CLOSE:
///
/// 1. *In:* ``receive(_:at:)`` takes the bytes of CRYPTO frames, in order and each of them once.
/// 2. *Secrets:* after every call, also one that answers a request, ``takeSecret()`` is called until it gives nil.
/// 3. *Out:* then, level by level, ``pendingOutput(at:)`` holds the bytes for CRYPTO frames; ``takeOutput(at:_:)`` lends and
///    drops them.
/// 4. *Errors:* ``TLSError/quicErrorCode`` is the code of the CONNECTION_CLOSE that ends the connection. Alerts are never bytes,
///    and there is no close_notify (RFC 9001 §4.8).
///
/// There are no 0-RTT data: a client offers none, a server accepts none, and tickets promise none. One thread at a time uses a
/// session; like its type it is `Sendable`.
public protocol QUICSession: Sendable, ~Copyable {
    /// Takes bytes of CRYPTO frames, any number of them.
    ///
    /// The driver puts frames into their order and drops bytes that it has given before: each is given once. Bytes that nobody has
    /// given, in a level that was left, end the connection, and so do those that wait behind a gap in a level when
    /// ``receivingLevel`` moves on: given to the session, they are refused; a driver that does not give them closes with
    /// PROTOCOL_VIOLATION itself (RFC 9001 §4.1.3).
    ///
    /// What comes while ``pendingRequest`` waits for an answer is kept, up to 4,096 bytes. One more ends the session.
    ///
    /// - Parameters:
    ///   - crypto: Bytes that follow those given before in the same level.
    ///   - level: That of the packets. Bytes of another one than ``receivingLevel`` end the session (RFC 9001 §4.1.3).
    /// - Throws: `TLSError` when the handshake has failed.
    mutating func receive(_ crypto: Span<UInt8>, at level: QUICLevel) throws(TLSError)

    /// The level that bytes are expected in. Of an earlier one nothing but repetitions may come; those of a later one cannot be
    /// decrypted yet.
    var receivingLevel: QUICLevel { get }

    /// The next secret that the stack has not got; nil when it has all there are.
    ///
    /// They come in the order in which they count. A server has the secrets of ``QUICLevel/handshake``, and the one it sends
    /// 1-RTT packets with, when it has answered the ClientHello; the one it receives them with when the client's Finished has
    /// come, as it must not read them before (RFC 9001 §5.7). A client has those of ``QUICLevel/handshake`` with the ServerHello and
    /// those of ``QUICLevel/application`` with its own Finished. After a failure there are none, and no output.
    mutating func takeSecret() -> QUICSecret?

    /// How many bytes wait in ``pendingOutput(at:)``.
    func pendingOutputCount(at level: QUICLevel) -> Int

    /// Bytes for CRYPTO frames in packets of a level, behind those that were taken before.
    ///
    /// The span borrows the session. Where that is a property of a class or an actor, `takeOutput(at:_:)` and
    /// `moveOutput(at:appendingTo:)` are what compiles.
    @_lifetime(borrow self)
    func pendingOutput(at level: QUICLevel) -> Span<UInt8>

    /// Drops bytes from the front of ``pendingOutput(at:)`` that the stack has taken. It repeats what is lost by itself.
    mutating func discardOutput(_ count: Int, at level: QUICLevel)

    /// The peer's transport parameters as it sent them (RFC 9001 §8.2); nil until its ClientHello or EncryptedExtensions have come,
    /// and while a ClientHello waits for its answer, in which they are ``ClientHelloInfo/quicTransportParameters``.
    ///
    /// They may be used at once. **Who has sent them is known when ``isHandshakeComplete`` is true, and not before.**
    var peerTransportParameters: [UInt8]? { get }

    /// Whether the handshake still runs.
    var isHandshaking: Bool { get }

    /// Whether the handshake is complete: this side has sent its Finished and verified the peer's (RFC 9001 §4.1.1).
    ///
    /// For a server it is confirmed with this, which HANDSHAKE_DONE tells the client; for a client it is when that frame comes
    /// (§4.1.2). Keys of ``QUICLevel/handshake`` are discarded when it is confirmed (§4.9.2).
    var isHandshakeComplete: Bool { get }

    /// The error that ended the session.
    var failure: TLSError? { get }

    /// What the session waits for, when a step was deferred; nil when it waits for nothing.
    var pendingRequest: SessionRequest? { get }

    /// Answers ``pendingRequest``.
    ///
    /// - Throws: `TLSError` when the handshake fails with it, `TLSError.misuse` when the session waits for something else, or
    ///   for nothing, which does not end it.
    mutating func answer(_ answer: SessionAnswer) throws(TLSError)

    /// Ends the session with an alert of the driver's choice; ``failure`` then has its code for CONNECTION_CLOSE.
    mutating func reject(_ alert: AlertDescription, reason: String)

    /// What was agreed on; nil until the handshake is complete. It stays when the connection fails later.
    var negotiated: NegotiatedParameters? { get }

    /// The peer's chain as it was sent, its own certificate first; empty until the handshake is complete.
    var peerCertificates: [Certificate] { get }

    /// The path that was verified, from the peer's certificate to the trust anchor; empty without a certificate, and where a
    /// driver has accepted the chain without one.
    var verifiedPath: [Certificate] { get }

    /// Derives keying material for a use outside TLS (RFC 9846 §7.5).
    ///
    /// - Parameters:
    ///   - label: At most 64 bytes. Registered labels are not empty (RFC 5705 §4).
    ///   - context: Nil and empty are the same.
    ///   - count: 1 to 8160 bytes.
    /// - Throws: `TLSError.misuse` before the handshake is complete and for arguments out of range.
    func exportKeyingMaterial(label: String, context: [UInt8]?, count: Int) throws(TLSError) -> [UInt8]
}

extension QUICSession where Self: ~Copyable {
    /// See `receive(_:at:)` above: the same for the bytes of an array.
    public mutating func receive(_ crypto: [UInt8], at level: QUICLevel) throws(TLSError) {
        try receive(crypto.span, at: level)
    }

    /// Lends what is in ``QUICSession/pendingOutput(at:)`` to `send`, then drops it. Nothing is lent when nothing waits.
    ///
    /// - Parameters:
    ///   - level: The level.
    ///   - send: Takes or copies all of it. When it throws, everything waits on.
    @inlinable
    public mutating func takeOutput<Failure: Error>(
        at level: QUICLevel,
        _ send: (Span<UInt8>) throws(Failure) -> Void
    ) throws(Failure) {
        let count = pendingOutputCount(at: level)
        guard count > 0 else { return }
        try send(pendingOutput(at: level))
        discardOutput(count, at: level)
    }

    /// Moves what is in ``QUICSession/pendingOutput(at:)`` behind what `output` holds, as far as that has room.
    ///
    /// - Returns: How many bytes were moved.
    @discardableResult
    public mutating func moveOutput(at level: QUICLevel, into output: inout OutputSpan<UInt8>) -> Int {
        let count = min(pendingOutputCount(at: level), output.freeCapacity)
        append(pendingOutput(at: level).extracting(first: count), to: &output)
        discardOutput(count, at: level)
        return count
    }

    /// Moves all that is in ``QUICSession/pendingOutput(at:)`` behind what an array holds.
    public mutating func moveOutput(at level: QUICLevel, appendingTo output: inout [UInt8]) {
        let count = pendingOutputCount(at: level)
        guard count > 0 else { return }
        output.append(addingCapacity: count) { free in _ = moveOutput(at: level, into: &free) }
    }
}

/// What both sides begin with.
enum QUICStart {
    /// A record layer that has streams in place of records.
    static func channel(_ transportParameters: [UInt8]) throws(TLSError) -> Channel {
        try check(transportParameters)
        var channel = Channel()
        channel.streams = .some(CryptoStreams(localParameters: transportParameters))
        return channel
    }

    static func check(_ transportParameters: [UInt8]) throws(TLSError) {
        guard transportParameters.count <= TLSLimits.quicTransportParametersLength else {
            throw .misuse(
                .invalidArgument(
                    "transport parameters have at most \(TLSLimits.quicTransportParametersLength) bytes, not "
                        + "\(transportParameters.count)"
                )
            )
        }
    }
}
