// SPDX-License-Identifier: Apache-2.0

public import TLSCrypto

/// A traffic secret for a QUIC stack: packets of one level and direction are protected with what that derives from it
/// (RFC 9001 §5.1).
///
/// The secret is TLS's own (RFC 9846 §7.1); the keys with the labels "quic key", "quic iv", "quic hp" and "quic ku" are made by
/// the stack. Its memory is overwritten when the last reference goes: a stack that discards keys (RFC 9001 §4.9) lets go of it,
/// too.
public final class QUICSecret: Sendable {
    /// Which way the packets go.
    public enum Direction: Hashable, Sendable {
        /// From this side to the peer.
        case sending
        /// From the peer to this side.
        case receiving
    }

    /// The level: ``QUICLevel/handshake`` or ``QUICLevel/application``.
    public let level: QUICLevel
    /// The direction.
    public let direction: Direction
    /// The suite, which names the AEAD of the packets and the hash of the derivations (RFC 9001 §5.3).
    public let cipherSuite: CipherSuite
    private let value: Secret

    init(_ value: consuming Secret, cipherSuite: CipherSuite, level: QUICLevel, direction: Direction) {
        self.value = value
        self.cipherSuite = cipherSuite
        self.level = level
        self.direction = direction
    }

    /// How many bytes the secret has: as many as the hash gives, 32 or 48.
    public var count: Int { value.count }

    /// Lends the secret to `body`, for instance to HKDF-Expand-Label with the label "quic key" (RFC 9001 §5.1).
    ///
    /// - Parameter body: Uses the bytes. What it copies it has to overwrite itself.
    /// - Returns: What `body` returns.
    public func withBytes<Result, Failure: Error>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try Self.lend(value, to: body)
    }

    private static func lend<Result, Failure: Error>(
        _ value: borrowing Secret,
        to body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(value.bytes)
    }

    /// The hash that keys are derived with.
    public var hash: HashAlgorithm { cipherSuite.hash ?? .sha256 }
}
