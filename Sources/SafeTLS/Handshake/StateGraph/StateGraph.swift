// SPDX-License-Identifier: Apache-2.0

/// Which states there are, what each accepts, and which may follow: ``ClientHandshake/graph`` and
/// ``ServerHandshake/graph``.
///
/// Nothing of this runs in a handshake. The states are types, and what they do is in their files; here it is said once
/// more on a page. Tests hold each of the two against the other, draw their legal orders of messages from the tables, and
/// the pictures in ARCHITECTURE.md.
///
/// Two things come in any state of a handshake and lead nowhere: change_cipher_spec in TLS 1.3, from the first ClientHello
/// on (RFC 9846 §5), and HelloRequest for a client of TLS 1.2 (RFC 5246 §7.4.1.1).
struct StateGraph<Name: StateName>: Sendable {
    let tls13: [Transition]
    let tls12: [Transition]

    func transitions(_ version: ProtocolVersion) -> [Transition] { version == .tls13 ? tls13 : tls12 }

    /// One row: in a state an event leads to one of the next states.
    struct Transition: Sendable {
        let state: Name
        let accepts: StateEvent
        /// The keys that the event comes under.
        let keys: RecordKeys
        /// The first whose conditions hold.
        let next: [Next]
        /// Where the event is specified.
        let section: String
        /// What must be agreed on for the event to come.
        var condition = Agreed()
        /// Whether it comes once only, though the state stays.
        var isOnce = false

        static func row(
            _ state: Name,
            _ accepts: StateEvent,
            _ keys: RecordKeys,
            _ next: [Next],
            _ section: String,
            if condition: Agreed = [],
            once: Bool = false
        ) -> Transition {
            Transition(
                state: state,
                accepts: accepts,
                keys: keys,
                next: next,
                section: section,
                condition: condition,
                isOnce: once
            )
        }
    }

    struct Next: Sendable {
        let state: Name
        /// What must be agreed on.
        let condition: Agreed

        static func to(_ state: Name, if condition: Agreed = []) -> Next { Next(state: state, condition: condition) }
    }
}

/// The name of a state: of a case of the handshake's enum, or of a place behind it.
protocol StateName: RawRepresentable<String>, CaseIterable, Hashable, Sendable {
    static var start: Self { get }
    static var connected: Self { get }
    /// Whether the handshake is complete.
    var isConnected: Bool { get }
}

/// What moves a connection from one state to another.
enum StateEvent: Hashable, Sendable {
    case message(HandshakeType)
    case helloRetryRequest
    case changeCipherSpec
    case applicationData
    /// The driver answers a request, or the built-in answer comes later.
    case answer
    /// A server's driver asks for a certificate.
    case ask
}

/// The keys that a record is under.
enum RecordKeys: Sendable, CaseIterable {
    case plain, early, handshake, application
}

/// What two sides agreed on, as far as it decides what comes next, and what the driver answers itself.
struct Agreed: OptionSet, Hashable, Sendable {
    let rawValue: UInt

    /// TLS 1.3: the server asks for another key share.
    static let retry = Agreed(rawValue: 1)
    /// The session goes back to an earlier one.
    static let resumed = Agreed(rawValue: 2)
    /// The server gives tickets.
    static let tickets = Agreed(rawValue: 4)
    /// 0-RTT data are taken.
    static let earlyData = Agreed(rawValue: 8)
    /// The server asks for a certificate and gets one.
    static let clientCertificate = Agreed(rawValue: 16)
    /// The server asks for a certificate and gets none.
    static let noClientCertificate = Agreed(rawValue: 32)
    /// The server sends an OCSP response.
    static let staple = Agreed(rawValue: 64)
    /// TLS 1.3: certificates are compressed (RFC 8879).
    static let compressed = Agreed(rawValue: 128)
    /// TLS 1.3: the server asks for a certificate after the handshake, and gets one.
    static let laterCertificate = Agreed(rawValue: 256)
    /// TLS 1.3: the server asks for a certificate after the handshake, and gets none.
    static let noLaterCertificate = Agreed(rawValue: 512)
    /// The driver chooses the configuration for a ClientHello.
    static let defersClientHello = Agreed(rawValue: 1024)
    /// The driver signs.
    static let defersSignature = Agreed(rawValue: 2048)
    /// The driver judges the peer's certificate.
    static let defersVerification = Agreed(rawValue: 4096)
    /// The driver chooses a client's certificate.
    static let defersCertificate = Agreed(rawValue: 8192)
}

extension Phase where Handshake: ~Copyable {
    /// The state in which the connection is; nil when it has failed.
    var name: Handshake.Name? {
        switch self {
        case .handshaking(let handshake): handshake.name
        case .takingEarlyData(let handshake, _): handshake.name
        case .connected(let connected): Handshake.name(of: connected)
        case .failed: nil
        }
    }
}
