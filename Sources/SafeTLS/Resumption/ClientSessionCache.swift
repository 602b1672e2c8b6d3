// SPDX-License-Identifier: Apache-2.0

import Synchronization
import TLSCertificates
import TLSCrypto

/// A session that a client can resume.
///
/// Lives in the cache of one ``ClientConfiguration``: the trust anchors that accepted the server are those that judge
/// a resumption.
final class ResumableSession: Sendable {
    let version: ProtocolVersion
    let cipherSuite: CipherSuite
    /// The PSK in TLS 1.3, the master secret in TLS 1.2.
    let secret: Secret
    /// Empty for a session of TLS 1.2 that has an ID only.
    let ticket: [UInt8]
    /// The server's name for the session, in TLS 1.2 without a ticket.
    let sessionID: [UInt8]
    /// When a full handshake last verified the server, in UNIX seconds. Resumption does not renew it.
    let authenticatedAt: Int64
    /// When the ticket arrived, and how long it may be used, in UNIX seconds and seconds.
    let receivedAt: Int64
    /// The former in milliseconds.
    let receivedMilliseconds: Int64
    let lifetime: Int64
    let ageAdd: UInt32
    let applicationProtocol: String?
    let usesExtendedMasterSecret: Bool
    /// The most 0-RTT data that the server takes with the ticket, in bytes.
    let maximumEarlyData: UInt32
    let server: PeerCertificates
    /// When the first certificate of the verified path expires, in UNIX seconds: the session ends with it.
    private let certificatesExpire: Int64

    init(
        version: ProtocolVersion,
        cipherSuite: CipherSuite,
        secret: consuming Secret,
        ticket: [UInt8],
        sessionID: [UInt8] = [],
        authenticatedAt: Int64,
        receivedAt: Int64,
        receivedMilliseconds: Int64? = nil,
        lifetime: Int64,
        ageAdd: UInt32,
        applicationProtocol: String?,
        usesExtendedMasterSecret: Bool,
        maximumEarlyData: UInt32 = 0,
        server: PeerCertificates
    ) {
        self.version = version
        self.cipherSuite = cipherSuite
        self.secret = secret
        self.ticket = ticket
        self.sessionID = sessionID
        self.authenticatedAt = authenticatedAt
        self.receivedAt = receivedAt
        self.receivedMilliseconds = receivedMilliseconds ?? receivedAt &* 1000
        // RFC 9846 §4.7.1: a client must not keep a ticket longer than seven days, whatever the server says.
        self.lifetime = min(lifetime, TLSLimits.sessionAge)
        self.ageAdd = ageAdd
        self.applicationProtocol = applicationProtocol
        self.usesExtendedMasterSecret = usesExtendedMasterSecret
        self.maximumEarlyData = maximumEarlyData
        self.server = server
        var expire = Int64.max
        // The anchor counts too: a full handshake refuses one that has expired.
        for certificate in server.sent.prefix(1) + server.verifiedPath {
            expire = min(expire, certificate.notAfter)
        }
        certificatesExpire = expire
    }

    func isAlive(at now: Int64) -> Bool {
        // A clock that was set back tells no age.
        guard now >= receivedAt, now >= authenticatedAt else { return false }
        // RFC 9846 §4.7.1: resumptions of resumptions are limited too, or a certificate would never be judged again.
        return now - receivedAt < lifetime && now - authenticatedAt < TLSLimits.sessionAge && now <= certificatesExpire
    }

    /// The age of the ticket in milliseconds, obfuscated (RFC 9846 §4.3.11.1).
    ///
    /// By the system's clock it is never more than it is, as whole seconds would make it: GnuTLS refuses the 0-RTT data of a client whose
    /// ticket is older than the server knows it to be.
    ///
    /// - Parameter now: UNIX milliseconds.
    func obfuscatedAge(at now: Int64) -> UInt32 {
        UInt32(truncatingIfNeeded: now > receivedMilliseconds ? now &- receivedMilliseconds : 0) &+ ageAdd
    }
}

/// The sessions that the connections of one client configuration can resume.
///
/// Bounded: the sessions of the servers that were not used for longest go first. A ticket is given out once, so that
/// connections cannot be linked by it (RFC 9846 appendix C.4). A TLS 1.2 session whose server gives no new ticket comes
/// back when its connection stands, and so does not when it fails (RFC 5246 §7.2).
final class ClientSessionCache: Sendable {
    /// Tickets kept for one server: what one handshake usually gives, twice.
    private static let sessionsPerServer = 4

    private struct Entry {
        var sessions: [ResumableSession]
        var lastUse: UInt64
    }

    private struct State {
        var entries: [ServerName: Entry] = [:]
        var clock: UInt64 = 0
    }

    /// How many servers are remembered.
    private let capacity: Int
    private let state = Mutex(State())

    init(capacity: Int) { self.capacity = max(0, capacity) }

    /// Keeps a session for later.
    func insert(_ session: ResumableSession, for server: ServerName) {
        guard capacity > 0 else { return }
        state.withLock { state in
            state.clock &+= 1
            var entry = state.entries[server] ?? Entry(sessions: [], lastUse: 0)
            entry.sessions.removeAll { $0.version != session.version }
            entry.sessions.append(session)
            if entry.sessions.count > Self.sessionsPerServer { entry.sessions.removeFirst() }
            entry.lastUse = state.clock
            state.entries[server] = entry
            if state.entries.count > capacity,
                let oldest = state.entries.min(by: { $0.value.lastUse < $1.value.lastUse })?.key
            {
                state.entries[oldest] = nil
            }
        }
    }

    /// How many sessions of a server are kept.
    func count(of server: ServerName) -> Int {
        state.withLock { $0.entries[server]?.sessions.count ?? 0 }
    }

    /// The ticket, or else the ID, of the newest session of a server.
    func newest(of server: ServerName) -> [UInt8]? {
        state.withLock { state in
            guard let session = state.entries[server]?.sessions.last else { return nil }
            return session.ticket.isEmpty ? session.sessionID : session.ticket
        }
    }

    /// The most 0-RTT data that the newest session of a server allows, in bytes.
    func maximumEarlyData(of server: ServerName) -> UInt32 {
        state.withLock { $0.entries[server]?.sessions.last?.maximumEarlyData ?? 0 }
    }

    /// Takes the newest session that may be used now.
    func take(_ server: ServerName, versions: ClosedRange<ProtocolVersion>, at now: Int64) -> ResumableSession? {
        state.withLock { state in
            guard var entry = state.entries[server] else { return nil }
            state.clock &+= 1
            entry.lastUse = state.clock
            entry.sessions.removeAll { !$0.isAlive(at: now) || !versions.contains($0.version) }
            let session = entry.sessions.last
            if session != nil { entry.sessions.removeLast() }
            state.entries[server] = entry.sessions.isEmpty ? nil : entry
            return session
        }
    }
}
