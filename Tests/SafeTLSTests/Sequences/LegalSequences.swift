// SPDX-License-Identifier: Apache-2.0

@testable import SafeTLS

/// A thing that a peer sends, as far as its order is concerned.
enum Piece: Hashable {
    case message(HandshakeType)
    case helloRetryRequest
    case changeCipherSpec
    case applicationData
}

/// The keys that records are under.
enum Epoch: CaseIterable {
    case plain, early, handshake, application
}

/// What two sides agreed on, as far as it decides what comes next.
struct Mode: OptionSet, CustomStringConvertible {
    let rawValue: UInt

    /// TLS 1.3: the server asks for another key share.
    static let retry = Mode(rawValue: 1)
    /// The session goes back to an earlier one.
    static let resumed = Mode(rawValue: 2)
    /// The server gives tickets.
    static let tickets = Mode(rawValue: 4)
    /// 0-RTT data are taken.
    static let earlyData = Mode(rawValue: 8)
    /// The server asks for a certificate and gets one.
    static let clientCertificate = Mode(rawValue: 16)
    /// The server asks for a certificate and gets none.
    static let noClientCertificate = Mode(rawValue: 32)
    /// The server sends an OCSP response.
    static let staple = Mode(rawValue: 64)
    /// TLS 1.3: certificates are compressed (RFC 8879).
    static let compressed = Mode(rawValue: 128)
    /// TLS 1.3: the server asks for a certificate after the handshake.
    static let laterCertificate = Mode(rawValue: 256)

    var description: String {
        let names: [Mode: String] = [
            .retry: "retry", .resumed: "resumed", .tickets: "tickets", .earlyData: "early data",
            .clientCertificate: "client certificate", .noClientCertificate: "no client certificate", .staple: "staple",
            .compressed: "compressed", .laterCertificate: "later certificate",
        ]
        let parts = names.filter { contains($0.key) }.map(\.value).sorted()
        return parts.isEmpty ? "full" : parts.joined(separator: ", ")
    }
}

extension Mode: Hashable {}

/// Who receives.
enum Receiver: CaseIterable {
    case client, server
}

/// Which message may follow which: one row says that in the place `after` a piece may come under the keys `under` and
/// leads to the place `then`, if the mode has everything of `with` and nothing of `without`.
struct Rule {
    let after: String
    let comes: Piece
    let under: Epoch
    let then: String
    var with: Mode = []
    var without: Mode = []

    func holds(in mode: Mode) -> Bool { mode.isSuperset(of: with) && mode.isDisjoint(with: without) }

    fileprivate init(
        _ after: String,
        _ comes: Piece,
        _ under: Epoch,
        _ then: String,
        with: Mode = [],
        without: Mode = []
    ) {
        self.after = after
        self.comes = comes
        self.under = under
        self.then = then
        self.with = with
        self.without = without
    }

    fileprivate init(
        _ after: String,
        _ comes: HandshakeType,
        _ under: Epoch,
        _ then: String,
        with: Mode = [],
        without: Mode = []
    ) {
        self.init(after, .message(comes), under, then, with: with, without: without)
    }
}

/// The legal orders of both versions, by who receives.
enum LegalSequences {
    private static let certificates: Mode = [.clientCertificate, .noClientCertificate]

    /// RFC 9846 §2, §4: appendix A draws the same as state machines.
    static func tls13(_ receiver: Receiver) -> [Rule] {
        switch receiver {
        case .client:
            [
                Rule("start", .serverHello, .plain, "ServerHello"),
                Rule("start", .helloRetryRequest, .plain, "HelloRetryRequest"),
                Rule("HelloRetryRequest", .serverHello, .plain, "ServerHello"),
                Rule("ServerHello", .encryptedExtensions, .handshake, "EncryptedExtensions"),
                Rule("EncryptedExtensions", .certificateRequest, .handshake, "CertificateRequest", without: .resumed),
                Rule("EncryptedExtensions", .certificate, .handshake, "Certificate", without: .resumed),
                Rule("EncryptedExtensions", .compressedCertificate, .handshake, "Certificate", with: .compressed),
                Rule("EncryptedExtensions", .finished, .handshake, "connected", with: .resumed),
                Rule("CertificateRequest", .certificate, .handshake, "Certificate"),
                Rule("CertificateRequest", .compressedCertificate, .handshake, "Certificate", with: .compressed),
                Rule("Certificate", .certificateVerify, .handshake, "CertificateVerify"),
                Rule("CertificateVerify", .finished, .handshake, "connected"),
                Rule("connected", .newSessionTicket, .application, "connected"),
                Rule("connected", .certificateRequest, .application, "connected", with: .laterCertificate),
                Rule("connected", .keyUpdate, .application, "connected"),
                Rule("connected", .applicationData, .application, "connected"),
            ]
        case .server:
            [
                Rule("start", .clientHello, .plain, "ClientHello", without: .retry),
                Rule("start", .clientHello, .plain, "HelloRetryRequest", with: .retry),
                Rule("HelloRetryRequest", .clientHello, .plain, "ClientHello"),
                Rule("ClientHello", Piece.applicationData, .early, "ClientHello", with: .earlyData),
                Rule("ClientHello", .endOfEarlyData, .early, "EndOfEarlyData", with: .earlyData),
                Rule("EndOfEarlyData", .finished, .handshake, "connected"),
                Rule("ClientHello", .certificate, .handshake, "Certificate", with: .clientCertificate),
                Rule(
                    "ClientHello",
                    .compressedCertificate,
                    .handshake,
                    "Certificate",
                    with: [.clientCertificate, .compressed]
                ),
                Rule("Certificate", .certificateVerify, .handshake, "CertificateVerify"),
                Rule("CertificateVerify", .finished, .handshake, "connected"),
                Rule("ClientHello", .certificate, .handshake, "no Certificate", with: .noClientCertificate),
                Rule("no Certificate", .finished, .handshake, "connected"),
                Rule("ClientHello", .finished, .handshake, "connected", without: certificates.union(.earlyData)),
                Rule("connected", .keyUpdate, .application, "connected"),
                Rule("connected", .applicationData, .application, "connected"),
                Rule("connected", .certificate, .application, "later Certificate", with: .laterCertificate),
                Rule("later Certificate", .certificateVerify, .application, "later CertificateVerify"),
                Rule("later CertificateVerify", .finished, .application, "authenticated"),
                Rule("authenticated", .keyUpdate, .application, "authenticated"),
                Rule("authenticated", .applicationData, .application, "authenticated"),
            ]
        }
    }

    /// RFC 5246 §7.3, RFC 5077 §3.1.
    static func tls12(_ receiver: Receiver) -> [Rule] {
        switch receiver {
        case .client:
            [
                Rule("start", .serverHello, .plain, "ServerHello", without: .resumed),
                Rule("ServerHello", .certificate, .plain, "Certificate"),
                Rule("Certificate", .certificateStatus, .plain, "CertificateStatus", with: .staple),
                Rule("CertificateStatus", .serverKeyExchange, .plain, "ServerKeyExchange"),
                Rule("Certificate", .serverKeyExchange, .plain, "ServerKeyExchange"),
                Rule("ServerKeyExchange", .certificateRequest, .plain, "CertificateRequest"),
                Rule("ServerKeyExchange", .serverHelloDone, .plain, "last flight"),
                Rule("CertificateRequest", .serverHelloDone, .plain, "last flight"),
                Rule("start", .serverHello, .plain, "last flight", with: .resumed),
                Rule("last flight", .newSessionTicket, .plain, "NewSessionTicket", with: .tickets),
                Rule("last flight", .changeCipherSpec, .plain, "changed", without: .tickets),
                Rule("NewSessionTicket", .changeCipherSpec, .plain, "changed"),
                Rule("changed", .finished, .application, "connected"),
                Rule("connected", .applicationData, .application, "connected"),
            ]
        case .server:
            [
                Rule("start", .clientHello, .plain, "ClientHello", without: .resumed),
                Rule("ClientHello", .clientKeyExchange, .plain, "ClientKeyExchange", without: certificates),
                Rule("ClientHello", .certificate, .plain, "Certificate", with: .clientCertificate),
                Rule("Certificate", .clientKeyExchange, .plain, "signed ClientKeyExchange"),
                Rule("signed ClientKeyExchange", .certificateVerify, .plain, "ClientKeyExchange"),
                Rule("ClientHello", .certificate, .plain, "no Certificate", with: .noClientCertificate),
                Rule("no Certificate", .clientKeyExchange, .plain, "ClientKeyExchange"),
                Rule("ClientKeyExchange", .changeCipherSpec, .plain, "changed"),
                Rule("start", .clientHello, .plain, "resumed", with: .resumed),
                Rule("resumed", .changeCipherSpec, .plain, "changed"),
                Rule("changed", .finished, .application, "connected"),
                Rule("connected", .applicationData, .application, "connected"),
            ]
        }
    }

    /// The places behind a complete handshake.
    private static let connectedPlaces = [
        "connected", "later Certificate", "later CertificateVerify", "authenticated",
    ]

    /// Where a sequence leaves the table.
    struct Violation: Equatable {
        let index: Int
        /// The alerts that may answer it.
        let alerts: [AlertDescription]
        /// Whether the handshake was complete before.
        let isConnected: Bool
    }

    /// Where a sequence of pieces leaves the table; nil when it is a legal one.
    static func violation(
        _ steps: [Step],
        mode: Mode,
        version: ProtocolVersion,
        receiver: Receiver
    ) -> Violation? {
        let rules = (version == .tls13 ? tls13(receiver) : tls12(receiver)).filter { $0.holds(in: mode) }
        var place = "start"
        for (index, step) in steps.enumerated() {
            // What receivers ignore: RFC 9846 §5 for the one record, RFC 5246 §7.4.1.1 for the other.
            if version == .tls13 && step.piece == .changeCipherSpec && !connectedPlaces.contains(place) {
                if receiver == .server && place == "start" {
                    return Violation(index: index, alerts: [.unexpectedMessage], isConnected: false)
                }
                continue
            }
            let current = rules.first { $0.after == place }?.under ?? .plain
            if version == .tls12 && receiver == .client && step.piece == .message(.helloRequest)
                && step.epoch == current
            {
                continue
            }
            // RFC 5246 §7.2.2: answered by a warning.
            if version == .tls12 && receiver == .server && step.piece == .message(.clientHello)
                && step.epoch == current && place == "connected"
            {
                continue
            }
            if let rule = rules.first(where: { $0.after == place && $0.comes == step.piece && $0.under == step.epoch })
            {
                place = rule.then
                continue
            }
            return Violation(
                index: index,
                alerts: alerts(step, place: place, current: current, version: version),
                isConnected: connectedPlaces.contains(place)
            )
        }
        return nil
    }

    private static func alerts(
        _ step: Step,
        place: String,
        current: Epoch,
        version: ProtocolVersion
    ) -> [AlertDescription] {
        if step.epoch != current {
            switch (current, step.epoch) {
            // Ciphertext where handshake messages are read: whatever its first bytes look like.
            case (.plain, _) where version == .tls12 && step.piece != .applicationData:
                return [.decodeError, .unexpectedMessage]
            case (.plain, _): return [.unexpectedMessage]
            // RFC 9846 §5: the outer type of protected records is application_data.
            case (_, .plain) where version == .tls13 && step.piece != .applicationData: return [.unexpectedMessage]
            default: return [.badRecordMAC]
            }
        }
        return [.unexpectedMessage]
    }
}
