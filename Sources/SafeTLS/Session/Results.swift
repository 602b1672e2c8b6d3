// SPDX-License-Identifier: Apache-2.0

/// What `receive` did with the caller's buffer.
public struct Received: Equatable, Sendable {
    /// Bytes at the front of the buffer that are done with, the record that ``plaintext`` lies in included.
    ///
    /// Use the plaintext first, then drop these bytes and call `receive` again with what remains.
    public var consumed: Int
    /// Where decrypted application data lies in the same buffer. Empty when there is none.
    public var plaintext: Range<Int>
    /// How many more bytes the session needs behind those that remain before it can do anything.
    ///
    /// 0 when it does not wait for bytes: there is plaintext to use, a request to answer, or the connection has ended.
    public var needed: Int
    /// Whether ``plaintext`` is 0-RTT data: an attacker may have sent it before (RFC 9846 §8).
    public var isEarlyData = false
}

/// What `seal` did.
public struct Sealed: Equatable, Sendable {
    /// Bytes of plaintext that were sealed.
    public var consumed: Int
    /// Bytes written to the output.
    public var written: Int
}

/// Steps of a handshake that a driver wants to answer by itself.
///
/// Without them the session uses the built-in answers and never stops.
public struct DeferredRequests: OptionSet, Sendable {
    /// The bits.
    public let rawValue: UInt8

    /// Creates a set from its bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// A server: which configuration a ClientHello gets.
    public static let clientHello = DeferredRequests(rawValue: 1)
    /// The handshake signature.
    public static let signature = DeferredRequests(rawValue: 2)
    /// The verdict on the peer's certificate chain.
    ///
    /// Sessions of chains that a driver judged are not resumed: what it accepted must not pass for a verified chain.
    public static let verification = DeferredRequests(rawValue: 4)
    /// A client: which certificate a server that asks for one is shown.
    public static let certificate = DeferredRequests(rawValue: 8)
}
