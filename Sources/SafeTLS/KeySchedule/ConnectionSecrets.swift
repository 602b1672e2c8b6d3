// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// The secrets that outlive the handshake: for key updates and exporters.
struct ConnectionSecrets: ~Copyable {
    let isClient: Bool
    private let cipherSuite: CipherSuite
    /// TLS 1.3 only.
    private var traffic: Traffic?
    /// exporter_secret in TLS 1.3, the master secret in TLS 1.2.
    private let exporterSecret: Secret
    /// TLS 1.2 only.
    private let randoms: Randoms?
    /// Whether the exporter secret belongs to this connection alone.
    private let isExportable: Bool

    private struct Traffic: ~Copyable {
        var sending: TrafficSecret
        var receiving: TrafficSecret
    }

    /// The secrets of a TLS 1.3 connection.
    init(
        sending: consuming TrafficSecret,
        receiving: consuming TrafficSecret,
        exporter: consuming Secret,
        cipherSuite: CipherSuite,
        isClient: Bool
    ) {
        traffic = Traffic(sending: sending, receiving: receiving)
        exporterSecret = exporter
        randoms = nil
        isExportable = true
        self.cipherSuite = cipherSuite
        self.isClient = isClient
    }

    /// The secrets of a TLS 1.2 connection.
    ///
    /// - Parameter isExtended: Whether the master secret is an extended one. Without, a man in the middle can have two
    ///   connections with the same master secret, so exporters must be disabled (RFC 7627 §5.4).
    init(
        masterSecret: consuming Secret,
        isExtended: Bool,
        randoms: Randoms,
        cipherSuite: CipherSuite,
        isClient: Bool
    ) {
        traffic = nil
        exporterSecret = masterSecret
        isExportable = isExtended
        self.randoms = randoms
        self.cipherSuite = cipherSuite
        self.isClient = isClient
    }

    /// Whether there are secrets that protect records.
    var holdsTraffic: Bool {
        switch traffic {
        case .some: true
        case .none: false
        }
    }

    /// Forgets what protects packets and is its stack's in QUIC, with all that follows from it (RFC 9001 §6.5).
    mutating func forgetTraffic() { traffic = nil }

    private func keyedHash() throws(TLSError) -> KeyedHash {
        guard let algorithm = cipherSuite.hash else { throw .internalFailure("\(cipherSuite) has no hash") }
        return try cryptographic { () throws(CryptoError) in try KeyedHash(algorithm) }
    }

    /// Replaces the sending secret by its successor (RFC 9846 §7.2).
    mutating func nextSealer() throws(TLSError) -> RecordSealer {
        var hash = try keyedHash()
        guard let current = traffic.take() else { throw .misuse(.needsTLS13) }
        let next = try current.sending.next(&hash)
        let sealer = try next.sealer(&hash)
        traffic = Traffic(sending: next, receiving: current.receiving)
        return sealer
    }

    /// Replaces the receiving secret by its successor (RFC 9846 §7.2).
    mutating func nextOpener() throws(TLSError) -> RecordOpener {
        var hash = try keyedHash()
        guard let current = traffic.take() else { throw .misuse(.needsTLS13) }
        let next = try current.receiving.next(&hash)
        let opener = try next.opener(&hash)
        traffic = Traffic(sending: current.sending, receiving: next)
        return opener
    }

    /// Starts to receive under the traffic secret of TLS 1.3.
    func startReceiving(_ channel: inout Channel, _ hash: inout KeyedHash) throws(TLSError) {
        switch traffic {
        case .some(let traffic): try channel.install(receiving: traffic.receiving, &hash)
        case .none: throw .internalFailure("a TLS 1.3 handshake without traffic secrets")
        }
    }

    /// The `verify_data` of a Finished that is sent after the handshake (RFC 9846 §4.5.3).
    func verifyDataOfSender(_ transcript: Digest) throws(TLSError) -> Digest {
        var hash = try keyedHash()
        switch traffic {
        case .some(let traffic): return try traffic.sending.verifyData(transcript: transcript, &hash)
        case .none: throw .misuse(.needsTLS13)
        }
    }

    /// The `verify_data` of a Finished that is received after the handshake (RFC 9846 §4.5.3).
    func verifyDataOfReceived(_ transcript: Digest) throws(TLSError) -> Digest {
        var hash = try keyedHash()
        switch traffic {
        case .some(let traffic): return try traffic.receiving.verifyData(transcript: transcript, &hash)
        case .none: throw .misuse(.needsTLS13)
        }
    }

    /// Keying material for a use outside TLS (RFC 9846 §7.5, RFC 5705 §4).
    ///
    /// - Parameter context: TLS 1.3 treats nil and empty alike, TLS 1.2 tells them apart.
    func exportKeyingMaterial(label: String, context: [UInt8]?, count: Int) throws(TLSError) -> [UInt8] {
        guard isExportable else { throw .misuse(.needsExtendedMasterSecret) }
        try ExporterArguments.check(label: label, context: context, count: count)
        var hash = try keyedHash()
        do throws(CryptoError) {
            let material: Secret
            if let randoms {
                let labelBytes = Array(label.utf8)
                let seed = ConnectionSecrets.seed(randoms, context: context)
                material = try hash.tls12PRF(
                    secret: exporterSecret.bytes,
                    label: labelBytes.span,
                    seed: seed.span,
                    count: count
                )
            } else {
                material = try hash.export(exporterSecret, label: label, context: context ?? [], count: count)
            }
            return copyBytes(material.bytes)
        } catch {
            throw TLSError(error)
        }
    }

    /// RFC 5705 §4: both randoms, then the context with its length when there is one.
    private static func seed(_ randoms: Randoms, context: [UInt8]?) -> [UInt8] {
        var seed = ByteWriter(reserving: 66 + (context?.count ?? 0))
        seed.append(randoms.client.span)
        seed.append(randoms.server.span)
        if let context { seed.vector16(context) }
        return seed.takeBytes()
    }
}

/// The randoms of both hello messages.
struct Randoms {
    var client: [32 of UInt8]
    var server: [32 of UInt8]
}
