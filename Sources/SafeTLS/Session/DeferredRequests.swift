// SPDX-License-Identifier: Apache-2.0

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
    /// Sessions of chains that a driver judged are not resumed: what it accepted must not pass for a verified chain. Nor are sessions of
    /// others resumed where a driver judges: nobody has asked it.
    public static let verification = DeferredRequests(rawValue: 4)
    /// A client: which certificate a server that asks for one is shown.
    public static let certificate = DeferredRequests(rawValue: 8)
}
