// SPDX-License-Identifier: Apache-2.0

public import TLSCertificates

/// What server and client sessions share: four ports and a state. A driver can be written over this protocol.
///
/// A session owns no socket, clock or thread: bytes in, bytes out. One thread at a time uses it.
///
/// 1. *Ciphertext in:* read from the transport into a buffer and call ``receive(_:)`` until it consumes no more.
/// 2. *Plaintext out:* application data is decrypted in place, in that same buffer.
/// 3. *Plaintext in:* ``seal(_:into:)`` writes records into the caller's buffer.
/// 4. *Ciphertext out:* ``pendingOutput`` holds handshake messages and alerts; send it after every call, also after an
///    error, which leaves its alert there. ``takeOutput(_:)`` does that wherever the session is kept.
///
/// A session is `Sendable`, and so is its type: it may be kept in an actor or a `Mutex`, and a generic driver may be used by
/// the closures of an event loop.
public protocol TLSSession: Sendable, ~Copyable {
    /// Takes records from the front of `buffer`, in place.
    ///
    /// Handles records until one holds application data, a request waits for an answer, or no complete record is left.
    /// Bytes beyond ``Received/consumed`` are unchanged and belong in front of what is read next. A record has at most
    /// 18,437 bytes, so a buffer of that size always makes progress.
    ///
    /// - Throws: `TLSError` when the connection has failed; the alert for the peer is in ``pendingOutput``.
    mutating func receive(_ buffer: inout MutableSpan<UInt8>) throws(TLSError) -> Received

    /// The same for records in memory that must not change: application data go to the front of `output`.
    ///
    /// ``Received/plaintext`` says where they lie there. What else is in `output` has no meaning.
    ///
    /// - Parameters:
    ///   - input: Records; they stay as they are.
    ///   - output: As many bytes as `input`, or 18,437 when that has more.
    /// - Throws: `TLSError.misuse` when `output` is shorter, which does not end the session; otherwise as the method above.
    mutating func receive(
        _ input: Span<UInt8>,
        into output: inout MutableSpan<UInt8>
    ) throws(TLSError) -> Received

    /// Says that the transport has ended.
    ///
    /// - Throws: `TLSError.truncated`, or `TLSError.closedDuringHandshake` before the handshake is complete, unless the peer
    ///   sent close_notify before, or `close()` gave the handshake up.
    mutating func endOfInput() throws(TLSError)

    /// How many bytes wait in ``pendingOutput``.
    var pendingOutputCount: Int { get }

    /// Handshake records and alerts to send, before anything that is sealed later.
    ///
    /// The span borrows the session. Where that is a property of a class or an actor, `takeOutput(_:)` and
    /// `moveOutput(appendingTo:)` are what compiles.
    var pendingOutput: Span<UInt8> { @_lifetime(borrow self) get }

    /// Drops bytes from the front of ``pendingOutput`` that were sent.
    mutating func discardOutput(_ count: Int)

    /// Writes what is pending, then `plaintext` as records of at most 2^14 bytes, as far as `output` has room.
    ///
    /// With the room that ``sealedByteCount(for:)`` says nothing is left over. A sending key of TLS 1.3 that has sealed
    /// 2^24 records is replaced on the way (RFC 9846 §5.5).
    ///
    /// - Throws: `TLSError.misuse` before the handshake is complete, after `close()` and when the keys are used up
    ///   (``Misuse/keysUsedUp``), which does not end the session; the error that ended it otherwise.
    mutating func seal(_ plaintext: Span<UInt8>, into output: inout MutableSpan<UInt8>) throws(TLSError) -> Sealed

    /// The room in bytes that `seal` needs for everything that is pending and `plaintextCount` bytes more.
    func sealedByteCount(for plaintextCount: Int) -> Int

    /// Queues close_notify: nothing more can be sealed, data can still be received (RFC 9846 §6.1).
    ///
    /// While the handshake runs this gives it up: user_canceled goes before the close_notify, and whatever is received
    /// later is ignored.
    mutating func close()

    /// Whether the handshake still runs.
    var isHandshaking: Bool { get }

    /// Whether the peer has sent close_notify: all its data has arrived.
    var isPeerClosed: Bool { get }

    /// Whether nothing more can be sent: `close()` was called or the session has failed.
    var isClosed: Bool { get }

    /// The error that ended the session.
    var failure: TLSError? { get }

    /// What the session waits for, when a step was deferred; nil when it waits for nothing.
    var pendingRequest: SessionRequest? { get }

    /// Answers ``pendingRequest``.
    ///
    /// - Throws: `TLSError` when the handshake fails with it, `TLSError.misuse` when the session waits for something else, or
    ///   for nothing, which does not end it.
    mutating func answer(_ answer: SessionAnswer) throws(TLSError)

    /// Ends the session with an alert of the driver's choice.
    ///
    /// `generalError` is the one for which there is no better alert, or that is not to tell the peer what happened (RFC 9846
    /// §6.2). `userCanceled` is followed by close_notify (§6.1).
    mutating func reject(_ alert: AlertDescription, reason: String)

    /// What was agreed on; nil until the handshake is complete. It stays when the connection fails later.
    var negotiated: NegotiatedParameters? { get }

    /// The peer's chain as it was sent, its own certificate first; empty until the handshake is complete. It stays when
    /// the connection fails later.
    var peerCertificates: [Certificate] { get }

    /// The path that was verified, from the peer's certificate to the trust anchor; empty without a certificate, and where a
    /// driver has accepted the chain without one.
    var verifiedPath: [Certificate] { get }

    /// What became of the connection's 0-RTT data (RFC 9846 §2.3).
    var earlyData: EarlyDataStatus { get }

    /// Derives keying material that can be used while 0-RTT data are sent, with less assurance than that of
    /// ``exportKeyingMaterial(label:context:count:)`` (RFC 9846 §7.5).
    ///
    /// - Throws: `TLSError.misuse` unless 0-RTT data are offered by this client or accepted by this server, and for
    ///   arguments out of range.
    func exportEarlyKeyingMaterial(label: String, context: [UInt8]?, count: Int) throws(TLSError) -> [UInt8]

    /// Queues a KeyUpdate and changes to new sending keys (RFC 9846 §4.7.3).
    ///
    /// - Parameter requestingPeer: Whether the peer is asked to change its keys too. It is asked once, until it has
    ///   done so (RFC 9846 §4.7.3).
    /// - Throws: `TLSError.misuse` before the handshake is complete, after `close()`, in TLS 1.2 and after 2^48 - 1 changes of
    ///   the sending keys.
    mutating func updateKeys(requestingPeer: Bool) throws(TLSError)

    /// Derives keying material for a use outside TLS (RFC 9846 §7.5, RFC 5705).
    ///
    /// - Parameters:
    ///   - label: At most 64 bytes. Registered labels are not empty (RFC 5705 §4).
    ///   - context: TLS 1.2 tells nil from empty, TLS 1.3 does not.
    ///   - count: 1 to 8160 bytes.
    /// - Throws: `TLSError.misuse` before the handshake is complete, for arguments out of range, and in TLS 1.2 with a
    ///   peer that lacks the extended master secret (RFC 7627 §5.4).
    func exportKeyingMaterial(label: String, context: [UInt8]?, count: Int) throws(TLSError) -> [UInt8]
}
