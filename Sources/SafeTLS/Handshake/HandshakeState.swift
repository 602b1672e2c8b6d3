// SPDX-License-Identifier: Apache-2.0

/// The states of a handshake, as the engine drives them.
///
/// A transition consumes the state: what was known in an earlier state cannot be used again. The two conformances,
/// ``ServerHandshake`` and ``ClientHandshake``, are enums with one payload type per state.
protocol HandshakeState: ~Copyable, Sendable {
    /// What a driver can be asked in these states.
    associatedtype Request

    /// The names of the states.
    associatedtype Name: StateName

    /// Which state it is, and which a complete handshake is in. ``StateGraph`` and tests ask.
    var name: Name { get }
    static func name(of connected: borrowing Connected) -> Name

    /// What the state waits for, when it waits for an answer and not for the peer.
    var request: Request? { get }

    /// Whether there is such a request. Cheaper than making it.
    var isWaiting: Bool { get }

    /// What the state waits for from the peer, in the RFCs' words.
    var awaited: String { get }

    /// What a driver can be asked when the handshake is complete.
    static func request(of connected: borrowing Connected) -> Request?

    /// Takes the next message, header included.
    consuming func receive(
        _ type: HandshakeType,
        _ message: [UInt8],
        _ channel: inout Channel
    ) throws(TLSError) -> Phase<Self>

    /// Takes a change_cipher_spec record that TLS 1.2 gives a meaning.
    consuming func receiveChangeCipherSpec(_ channel: inout Channel) throws(TLSError) -> Phase<Self>
}

/// Where a connection stands: shaking hands, connected, or failed.
enum Phase<Handshake: HandshakeState & ~Copyable>: ~Copyable {
    case handshaking(Handshake)
    /// Shaking hands, with 0-RTT data that may be answered already: how a server's flight ends that takes them.
    case takingEarlyData(Handshake, EarlyConnection)
    case connected(Connected)
    /// Also what stands here while a transition runs, so that an error leaves nothing behind.
    case failed

    /// The state of the handshake while it runs.
    consuming func handshake() -> Handshake? {
        switch consume self {
        case .handshaking(let handshake): handshake
        case .takingEarlyData(let handshake, _): handshake
        case .connected: nil
        case .failed: nil
        }
    }

    /// What the handshake waits for from the peer, nil when it is over.
    var awaited: String? {
        switch self {
        case .handshaking(let handshake): handshake.awaited
        case .takingEarlyData(let handshake, _): handshake.awaited
        case .connected: nil
        case .failed: nil
        }
    }

    /// Whether what the handshake settled for 0-RTT data waits to be kept.
    var isTakingEarlyData: Bool {
        switch self {
        case .takingEarlyData: true
        case .handshaking: false
        case .connected: false
        case .failed: false
        }
    }

    /// What a completed handshake has to tell, nil in the other phases.
    var facts: (NegotiatedParameters, PeerCertificates)? {
        switch self {
        case .connected(let connected): (connected.negotiated, connected.peer)
        case .handshaking: nil
        case .takingEarlyData: nil
        case .failed: nil
        }
    }
}
