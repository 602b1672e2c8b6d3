// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto

extension ClientConfiguration {
    /// Takes the newest session with a server out of those that are kept, as bytes which ``restoreSession(_:)`` reads: for
    /// programs that end between two connections.
    ///
    /// The bytes are as secret as the connections: who knows them can read those that resume the session, and can stand in for the
    /// server there. Whoever saves them sees to it that nobody else reads the file or writes it. A ticket should be used once, as
    /// two connections can be linked by it (RFC 9846 appendix C.4), so the session is not kept here any longer.
    ///
    /// - Returns: Nil when no session with the server is kept, or none that may be used now.
    public func takeSession(with server: ServerName) -> Secret? {
        guard let session = sessionCache.take(server, versions: options.versions, at: options.clock()) else {
            return nil
        }
        return try? SavedSession(session, server: server, policy: SavedSession.policy(of: self)).serialised()
    }

    /// Puts a session that ``takeSession(with:)`` has given, perhaps in another process, among those that are kept: the next
    /// connection with its server resumes it.
    ///
    /// Nothing is resumed that a full handshake would refuse. The server's certificates are judged again, as this configuration
    /// does it now, and what it offers and which certificates it shows has to be the same as in the configuration that the session
    /// comes from: versions, suites, groups, schemes, trust anchors, credentials.
    ///
    /// What a driver showed that chooses certificates itself (``ClientOptions/keepsSessionsWithDeferredCertificates``) is not saved: whoever
    /// would show another in this process must not restore the session, which resumes as whom it was made for.
    ///
    /// - Returns: The server that it is a session with.
    /// - Throws: ``SavedSessionError``. A full handshake is made then.
    @discardableResult
    public func restoreSession(_ bytes: Span<UInt8>) throws(SavedSessionError) -> ServerName {
        guard options.sessionCacheCapacity > 0, options.preSharedKeys.isEmpty else { throw .notKept }
        let saved = try SavedSession(reading: bytes, isLenient: options.readsCertificatesLeniently)
        guard saved.policy == (try? SavedSession.policy(of: self)), options.versions.contains(saved.session.version)
        else {
            throw .otherPolicy
        }
        guard saved.session.isAlive(at: options.clock()) else { throw .expired }
        let path = try verify(saved)
        sessionCache.insert(saved.session.with(path: path), for: saved.server)
        return saved.server
    }

    /// Judges the certificates of a saved session as those of a handshake are judged.
    private func verify(_ saved: SavedSession) throws(SavedSessionError) -> [Certificate] {
        let request = VerificationRequest(
            certificateChain: saved.session.server.sent,
            serverName: saved.server,
            ocspResponse: saved.session.server.staple.ocspResponse,
            signedCertificateTimestamps: saved.session.server.staple.signedCertificateTimestamps,
            statusPolicy: options.requiresOCSPResponse ? .required : options.requestsOCSPResponse ? .used : .ignored,
            verifier: verifier,
            acceptsAnyName: options.dangerouslyAcceptsAnyName,
            time: options.clock(),
            judge: judge
        )
        switch request.verdict() {
        case .accepted(let path): return path
        case .rejected(let rejection): throw .certificateRejected(rejection)
        }
    }
}

/// Why a saved session is not taken.
@nonexhaustive
public enum SavedSessionError: Error, Equatable, Sendable {
    /// The bytes are no saved session, or are damaged.
    case malformed(String)
    /// Another version of the library has saved it, in a form of its own.
    case otherFormat
    /// It comes from a configuration that offers or trusts something else.
    case otherPolicy
    /// The ticket or the certificates have expired, or the clock was set back.
    case expired
    /// The server's certificates would be refused now.
    case certificateRejected(CertificateRejection)
    /// The configuration keeps no sessions: its capacity is 0, or it has external keys.
    case notKept
}

extension SavedSessionError: CustomStringConvertible {
    /// A sentence.
    public var description: String {
        switch self {
        case .malformed(let reason): "the saved session is damaged: it \(reason)"
        case .otherFormat: "the saved session is of another version of this library"
        case .otherPolicy: "the saved session was made with other options, trust anchors or certificates"
        case .expired: "the saved session has expired"
        case .certificateRejected(let rejection): "the saved session's server would be refused now: \(rejection)"
        case .notKept: "no sessions are kept, so none is restored"
        }
    }
}

/// A client's session with what it depends on, as it is saved.
///
/// The form: a mark and its version; the policy's digest; the server; the session's fields; its certificates; its secret; and a
/// SHA-256 of all that, which tells damage, not forgery: who can write the file could write that, too.
struct SavedSession {
    let session: ResumableSession
    let server: ServerName
    /// The digest of the configuration that the session comes from.
    let policy: [UInt8]

    private static let mark = Array("safetls client session".utf8)
    /// Bumped when the fields change.
    private static let format: UInt8 = 1
    private static let checksumLength = HashAlgorithm.sha256.digestLength

    init(_ session: ResumableSession, server: ServerName, policy: [UInt8]) {
        self.session = session
        self.server = server
        self.policy = policy
    }

    /// The digest of what a configuration offers, shows and trusts. Rules for certificates are not among it: these are judged again.
    static func policy(of configuration: ClientConfiguration) throws(ConfigurationError) -> [UInt8] {
        let options = configuration.options
        var fields = PolicyFields("safetls client policy 1")
        fields.add("versions", codes: [options.versions.lowerBound.rawValue, options.versions.upperBound.rawValue])
        fields.add("suites", codes: options.cipherSuites.map(\.rawValue))
        fields.add("groups", codes: options.groups.map(\.rawValue))
        fields.add("schemes", codes: options.signatureSchemes.map(\.rawValue))
        fields.add("any name", [options.dangerouslyAcceptsAnyName ? 1 : 0])
        fields.add("judge", [configuration.judge == nil ? 0 : 1])
        try fields.add("anchors", set: configuration.trustAnchors.certificates.map(\.der))
        // Who resumes a session is who was shown in it.
        for credential in options.credentials { fields.add("credential", credential.certificateChain.first?.der ?? []) }
        return try fields.digest()
    }

    // MARK: Form

    /// The session as bytes; the secret is copied into memory that is wiped, and nowhere else.
    func serialised() throws(CryptoError) -> Secret {
        var writer = ByteWriter(reserving: 4096)
        writer.append(Self.mark)
        writer.append(Self.format)
        writer.vector8(policy)
        writer.vector8(Array(server.description.utf8))
        writer.append(session.version.rawValue)
        writer.append(session.cipherSuite.rawValue)
        writer.append(UInt8(session.usesExtendedMasterSecret ? 1 : 0))
        for time in [session.authenticatedAt, session.receivedAt, session.receivedMilliseconds, session.lifetime] {
            writer.append(UInt32(truncatingIfNeeded: time >> 32))
            writer.append(UInt32(truncatingIfNeeded: time))
        }
        writer.append(session.ageAdd)
        writer.append(session.maximumEarlyData)
        writer.vector8(Array((session.applicationProtocol ?? "").utf8))
        writer.vector16(session.ticket)
        writer.vector8(session.sessionID)
        writer.vector24 { list in
            for certificate in session.server.sent { list.vector24(certificate.der) }
        }
        writer.vector24(session.server.staple.ocspResponse ?? [])
        writer.vector24(session.server.staple.signedCertificateTimestamps ?? [])
        writer.append(UInt8(truncatingIfNeeded: session.secret.count))
        let start = writer.count
        let end = start + session.secret.count
        var saved = Secret(zeroed: end + Self.checksumLength)
        Self.copy(writer.bytes.span, into: &saved, at: 0)
        Self.copy(session.secret, into: &saved, at: start)
        let checksum = try HashState.hash(.sha256, saved.bytes.extracting(0..<end))
        Self.copy(checksum.bytes, into: &saved, at: end)
        return saved
    }

    private static func copy(_ source: borrowing Secret, into target: inout Secret, at start: Int) {
        copy(source.bytes, into: &target, at: start)
    }

    private static func copy(_ source: Span<UInt8>, into target: inout Secret, at start: Int) {
        var bytes = target.mutableBytes
        for index in source.indices { bytes[start + index] = source[index] }
    }

    /// Reads what ``serialised()`` wrote.
    ///
    /// - Parameter isLenient: See ``ClientOptions/readsCertificatesLeniently``.
    init(reading bytes: Span<UInt8>, isLenient: Bool) throws(SavedSessionError) {
        let start = Self.mark.count
        guard bytes.count > start, isEqual(bytes.extracting(0..<start), Self.mark.span) else {
            throw .malformed("does not begin like one")
        }
        guard bytes[start] == Self.format else { throw .otherFormat }
        let end = bytes.count - Self.checksumLength
        guard end > start else { throw .malformed("is not whole") }
        let content = bytes.extracting(0..<end)
        let checksum = bytes.extracting(end..<bytes.count)
        guard Self.isWhole(content, checksum: checksum) else { throw .malformed("is not whole") }
        let fields = content.extracting(droppingFirst: start + 1)
        do throws(DecodeError) {
            try self.init(fields: fields, isLenient: isLenient)
        } catch {
            throw .malformed("\(error)")
        }
    }

    private static func isWhole(_ bytes: Span<UInt8>, checksum: Span<UInt8>) -> Bool {
        do throws(CryptoError) {
            let digest = try HashState.hash(.sha256, bytes)
            return isEqual(digest.bytes, checksum)
        } catch {
            return false
        }
    }

    private init(fields: Span<UInt8>, isLenient: Bool) throws(DecodeError) {
        var reader = ByteReader(fields)
        policy = copyBytes(try reader.readVector8())
        guard let server = ServerName(utf8: try reader.readVector8()) else {
            throw .illegalParameter("names no server")
        }
        self.server = server
        let version = ProtocolVersion(rawValue: try reader.readUInt16())
        let cipherSuite = CipherSuite(rawValue: try reader.readUInt16())
        let flags = try reader.readUInt8()
        let authenticatedAt = try Self.time(&reader)
        let receivedAt = try Self.time(&reader)
        let receivedMilliseconds = try Self.time(&reader)
        let lifetime = try Self.time(&reader)
        let ageAdd = try reader.readUInt32()
        let maximumEarlyData = try reader.readUInt32()
        let name = String(decoding: copyBytes(try reader.readVector8()) as [UInt8], as: UTF8.self)
        let ticket: [UInt8] = copyBytes(try reader.readVector16())
        let sessionID: [UInt8] = copyBytes(try reader.readVector8())
        let chain = try Self.chain(ByteReader(try reader.readVector24()), isLenient: isLenient)
        var staple = CertificateStaple()
        let response: [UInt8] = copyBytes(try reader.readVector24())
        if !response.isEmpty { staple.ocspResponse = response }
        let timestamps: [UInt8] = copyBytes(try reader.readVector24())
        if !timestamps.isEmpty { staple.signedCertificateTimestamps = timestamps }
        let secret = try reader.readVector8()
        try reader.expectEnd()
        guard version == .tls13 || version == .tls12, cipherSuite.isTLS13 == (version == .tls13), flags <= 1 else {
            throw .illegalParameter("has a version that does not fit the rest")
        }
        guard let hash = cipherSuite.hash, secret.count == (version == .tls13 ? hash.digestLength : 48) else {
            throw .illegalParameter("has a secret of a wrong length")
        }
        guard ticket.count <= TLSLimits.keptTicketLength, sessionID.count <= 32, !ticket.isEmpty || !sessionID.isEmpty,
            version == .tls12 || sessionID.isEmpty, !chain.isEmpty
        else { throw .illegalParameter("has nothing that a server could know it by") }
        session = ResumableSession(
            version: version,
            cipherSuite: cipherSuite,
            secret: Secret(copying: secret),
            ticket: ticket,
            sessionID: sessionID,
            authenticatedAt: authenticatedAt,
            receivedAt: receivedAt,
            receivedMilliseconds: receivedMilliseconds,
            lifetime: lifetime,
            ageAdd: ageAdd,
            applicationProtocol: name.isEmpty ? nil : name,
            usesExtendedMasterSecret: flags == 1,
            maximumEarlyData: maximumEarlyData,
            server: PeerCertificates(sent: chain, verifiedPath: [], staple: staple)
        )
    }

    /// UNIX seconds or milliseconds, or a duration; none of them is negative.
    private static func time(_ reader: inout ByteReader) throws(DecodeError) -> Int64 {
        let time = Int64(try reader.readUInt32()) << 32 | Int64(try reader.readUInt32())
        guard time >= 0 else { throw .illegalParameter("has a time before 1970") }
        return time
    }

    private static func chain(_ list: consuming ByteReader, isLenient: Bool) throws(DecodeError) -> [Certificate] {
        var list = list
        var chain: [Certificate] = []
        while !list.isEmpty {
            guard chain.count < TLSLimits.certificateChainLength else {
                throw .illegalParameter("has too many certificates")
            }
            let der: [UInt8] = copyBytes(try list.readVector24())
            do throws(CertificateError) {
                chain.append(isLenient ? try Certificate(lenientlyReading: der) : try Certificate(der: der))
            } catch {
                throw .illegalParameter("has a certificate that does not parse")
            }
        }
        return chain
    }
}

extension ResumableSession {
    /// The same with the path on which its server was verified anew. When it was authenticated does not change.
    fileprivate func with(path: [Certificate]) -> ResumableSession {
        ResumableSession(
            version: version,
            cipherSuite: cipherSuite,
            secret: secret.copy(),
            ticket: ticket,
            sessionID: sessionID,
            authenticatedAt: authenticatedAt,
            receivedAt: receivedAt,
            receivedMilliseconds: receivedMilliseconds,
            lifetime: lifetime,
            ageAdd: ageAdd,
            applicationProtocol: applicationProtocol,
            usesExtendedMasterSecret: usesExtendedMasterSecret,
            maximumEarlyData: maximumEarlyData,
            server: PeerCertificates(sent: server.sent, verifiedPath: path, staple: server.staple)
        )
    }
}
