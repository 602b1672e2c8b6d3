// SPDX-License-Identifier: Apache-2.0

/// Whether and how a server accepts 0-RTT data (RFC 9846 §2.3, §8).
///
/// 0-RTT data are not protected against replay by the protocol itself, and have no forward secrecy with stateless
/// tickets. Only what may be carried out twice should be accepted from them.
public struct EarlyDataOptions: Sendable {
    /// The most data accepted in a connection, in bytes. Default: 14,336.
    public var maximumSize: UInt32 = 14_336
    /// How many seconds a ClientHello may come before or after the time that the age of its ticket tells (RFC 9846
    /// §8.3). Default: 10.
    public var window: Int64 = 10
    /// What recognises replays. Stateless tickets need it. Stateful ones serve only once anyway, if of several callers of
    /// ``SessionStore/remove(_:)`` only one gets true; with a store for which that is not certain, set it too.
    public var replayProtection: (any ReplayProtection)?

    /// 0-RTT with this protection against replays.
    public init(replayProtection: (any ReplayProtection)?) {
        self.replayProtection = replayProtection
    }
}

/// What became of a connection's 0-RTT data.
public enum EarlyDataStatus: Hashable, Sendable {
    /// The client offered none.
    case notOffered
    /// A client offers some and has no answer yet.
    case offered
    /// The server takes them.
    case accepted
    /// The server does not take them; a client sends them again when the handshake is complete, if it wants to.
    case rejected(Reason)

    /// Why they were not taken.
    @nonexhaustive
    public enum Reason: Hashable, Sendable {
        /// The server does not accept 0-RTT data, or did not when it gave the ticket.
        case disabled
        /// The server did not resume the session, or not the first one that was offered.
        case notResumed
        /// A HelloRetryRequest came first (RFC 9846 §4.2.2).
        case helloRetryRequest
        /// The server chose TLS 1.2.
        case protocolVersion
        /// The cipher suite is not that of the session.
        case cipherSuite
        /// The application protocol is not that of the session.
        case applicationProtocol
        /// The age of the ticket shows that the ClientHello is not fresh (RFC 9846 §8.3).
        case ticketAge
        /// The ClientHello was seen before, or that cannot be told (RFC 9846 §8.2).
        case replay
        /// The server gave no reason that the client could see.
        case declined
    }
}
