// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto

/// What a server needs to resume a session, as it stands in a ticket or in a store.
struct SessionState: ~Copyable {
    let version: ProtocolVersion
    let cipherSuite: CipherSuite
    /// The PSK in TLS 1.3 (RFC 9846 §4.7.1), the master secret in TLS 1.2.
    let secret: Secret
    /// When the peer was last authenticated by a full handshake, in UNIX seconds. Resumption does not renew it.
    let authenticatedAt: Int64
    /// When this state was made, in UNIX seconds.
    let createdAt: Int64
    /// How long it may be used, in seconds.
    let lifetime: UInt32
    /// What obfuscates the ticket's age (RFC 9846 §4.7.1).
    let ageAdd: UInt32
    /// The digest of the policy under which the peer was authenticated.
    let policy: [UInt8]
    /// The name the client asked for, a DNS name in lower case: only a client that asks for the same again may resume.
    let serverName: [UInt8]?
    let applicationProtocol: String?
    /// Whether the session has the extended master secret (RFC 7627 §5.3). TLS 1.2 only.
    let usesExtendedMasterSecret: Bool
    /// The most 0-RTT data that the ticket promises to take, in bytes; 0 in TLS 1.2.
    let maximumEarlyData: UInt32
    /// The certificates the client once sent and proved. The verified path is that of the latest verification.
    var client: PeerCertificates

    /// Bumped when the fields change, so that tickets of another version of this library are refused.
    private static let format: UInt8 = 3

    init(
        version: ProtocolVersion,
        cipherSuite: CipherSuite,
        secret: consuming Secret,
        authenticatedAt: Int64,
        createdAt: Int64,
        lifetime: UInt32,
        ageAdd: UInt32,
        policy: [UInt8],
        serverName: [UInt8]?,
        applicationProtocol: String?,
        usesExtendedMasterSecret: Bool,
        maximumEarlyData: UInt32 = 0,
        client: PeerCertificates
    ) {
        self.version = version
        self.cipherSuite = cipherSuite
        self.secret = secret
        self.authenticatedAt = authenticatedAt
        self.createdAt = createdAt
        self.lifetime = lifetime
        self.ageAdd = ageAdd
        self.policy = policy
        self.serverName = serverName
        self.applicationProtocol = applicationProtocol
        self.usesExtendedMasterSecret = usesExtendedMasterSecret
        self.maximumEarlyData = maximumEarlyData
        self.client = client
    }

    /// Whether a client's chain fits into a session: with a longer one there is no resumption.
    static func canHold(_ chain: [Certificate]) -> Bool {
        chain.reduce(0) { $0 + 3 + $1.der.count } <= TLSLimits.resumedChainLength
    }

    /// The state as bytes. They are secret.
    func serialised() -> Secret {
        var writer = ByteWriter(reserving: 256)
        writer.append(Self.format)
        writer.append(version.rawValue)
        writer.append(cipherSuite.rawValue)
        writer.append(UInt8(usesExtendedMasterSecret ? 1 : 0))
        writer.append(UInt32(truncatingIfNeeded: authenticatedAt >> 32))
        writer.append(UInt32(truncatingIfNeeded: authenticatedAt))
        writer.append(UInt32(truncatingIfNeeded: createdAt >> 32))
        writer.append(UInt32(truncatingIfNeeded: createdAt))
        writer.append(lifetime)
        writer.append(ageAdd)
        writer.append(maximumEarlyData)
        writer.vector8(policy)
        writer.vector8(serverName ?? [])
        writer.vector8(Array((applicationProtocol ?? "").utf8))
        writer.vector16 { list in
            for certificate in client.sent { list.vector24(certificate.der) }
        }
        writer.append(UInt8(truncatingIfNeeded: secret.count))
        // The secret goes straight into memory that is wiped.
        let start = writer.count
        var state = Secret(zeroed: start + secret.count)
        let count = secret.count
        do {
            var bytes = state.mutableBytes
            for index in 0..<start { bytes[index] = writer.bytes[index] }
            for index in 0..<count { bytes[start + index] = secret.bytes[index] }
        }
        return state
    }

    /// Reads what `serialised` wrote.
    static func read(_ bytes: borrowing Secret) throws(DecodeError) -> SessionState {
        var reader = ByteReader(bytes.bytes)
        guard try reader.readUInt8() == format else { throw .illegalParameter("has another format") }
        let version = ProtocolVersion(rawValue: try reader.readUInt16())
        let cipherSuite = CipherSuite(rawValue: try reader.readUInt16())
        let usesExtendedMasterSecret = try reader.readUInt8() == 1
        let authenticatedAt = Int64(try reader.readUInt32()) << 32 | Int64(try reader.readUInt32())
        let createdAt = Int64(try reader.readUInt32()) << 32 | Int64(try reader.readUInt32())
        let lifetime = try reader.readUInt32()
        let ageAdd = try reader.readUInt32()
        let maximumEarlyData = try reader.readUInt32()
        let policy = copyBytes(try reader.readVector8())
        let serverName = copyBytes(try reader.readVector8())
        let applicationProtocol = String(decoding: copyBytes(try reader.readVector8()), as: UTF8.self)
        var certificates = ByteReader(try reader.readVector16())
        var clientChain: [Certificate] = []
        while !certificates.isEmpty {
            let der = copyBytes(try certificates.readVector24())
            do throws(CertificateError) {
                clientChain.append(try Certificate(der: der))
            } catch {
                throw .malformed("holds a certificate that does not parse")
            }
        }
        let secret = try reader.readVector8()
        try reader.expectEnd()
        return SessionState(
            version: version,
            cipherSuite: cipherSuite,
            secret: Secret(copying: secret),
            authenticatedAt: authenticatedAt,
            createdAt: createdAt,
            lifetime: lifetime,
            ageAdd: ageAdd,
            policy: policy,
            serverName: serverName.isEmpty ? nil : serverName,
            applicationProtocol: applicationProtocol.isEmpty ? nil : applicationProtocol,
            usesExtendedMasterSecret: usesExtendedMasterSecret,
            maximumEarlyData: maximumEarlyData,
            client: PeerCertificates(sent: clientChain, verifiedPath: [])
        )
    }
}
