// SPDX-License-Identifier: Apache-2.0

extension ClientHandshake {
    /// The states of ``ClientHandshake``, and of a client that is asked for a certificate later (``ClientPostHandshake``).
    enum Name: String, StateName {
        case expectServerHello
        case expectEncryptedExtensions, expectCertificateTLS13, expectCertificateVerify, awaitVerdictTLS13
        case expectFinishedTLS13, awaitCertificateTLS13, awaitSignatureTLS13
        case expectCertificateTLS12, expectServerKeyExchange, awaitVerdictTLS12, expectServerHelloDone
        case awaitCertificateTLS12, awaitSignatureTLS12, expectNewSessionTicket, expectChangeCipherSpec
        case expectFinishedTLS12
        case connected
        case awaitLaterCertificate, awaitLaterSignature

        static var start: Name { .expectServerHello }

        var isConnected: Bool {
            switch self {
            case .connected, .awaitLaterCertificate, .awaitLaterSignature: true
            default: false
            }
        }
    }

    var name: Name {
        switch self {
        case .expectServerHello: .expectServerHello
        case .expectEncryptedExtensions: .expectEncryptedExtensions
        case .expectCertificateTLS13: .expectCertificateTLS13
        case .expectCertificateVerify: .expectCertificateVerify
        case .awaitVerdictTLS13: .awaitVerdictTLS13
        case .expectFinishedTLS13: .expectFinishedTLS13
        case .awaitCertificateTLS13: .awaitCertificateTLS13
        case .awaitSignatureTLS13: .awaitSignatureTLS13
        case .expectCertificateTLS12: .expectCertificateTLS12
        case .expectServerKeyExchange: .expectServerKeyExchange
        case .awaitVerdictTLS12: .awaitVerdictTLS12
        case .expectServerHelloDone: .expectServerHelloDone
        case .awaitCertificateTLS12: .awaitCertificateTLS12
        case .awaitSignatureTLS12: .awaitSignatureTLS12
        case .expectNewSessionTicket: .expectNewSessionTicket
        case .expectChangeCipherSpec: .expectChangeCipherSpec
        case .expectFinishedTLS12: .expectFinishedTLS12
        }
    }

    static func name(of connected: borrowing Connected) -> Name { connected.clientName }

    /// What a client does in which state.
    static let graph = StateGraph<Name>(tls13: tls13, tls12: tls12)

    private typealias Row = StateGraph<Name>.Transition
    private typealias Next = StateGraph<Name>.Next

    // MARK: TLS 1.3 (RFC 9846, appendix A.1)

    private static let behindVerify: [Next] = [
        .to(.awaitVerdictTLS13, if: .defersVerification), .to(.expectFinishedTLS13),
    ]
    private static let behindChoice: [Next] = [
        .to(.awaitSignatureTLS13, if: [.clientCertificate, .defersSignature]), .to(.connected),
    ]
    private static let behindFinished: [Next] =
        [
            .to(.awaitCertificateTLS13, if: [.clientCertificate, .defersCertificate]),
            .to(.awaitCertificateTLS13, if: [.noClientCertificate, .defersCertificate]),
        ] + behindChoice
    private static let behindLaterChoice: [Next] = [
        .to(.awaitLaterSignature, if: [.laterCertificate, .defersSignature]), .to(.connected),
    ]
    private static let behindLaterRequest: [Next] =
        [.to(.awaitLaterCertificate, if: .defersCertificate)] + behindLaterChoice

    private static let tls13: [Row] = [
        .row(.expectServerHello, .helloRetryRequest, .plain, [.to(.expectServerHello)], "RFC 9846 §4.2.4", once: true),
        .row(.expectServerHello, .message(.serverHello), .plain, [.to(.expectEncryptedExtensions)], "RFC 9846 §4.2.3"),
        .row(
            .expectEncryptedExtensions,
            .message(.encryptedExtensions),
            .handshake,
            [.to(.expectFinishedTLS13, if: .resumed), .to(.expectCertificateTLS13)],
            "RFC 9846 §4.4.1"
        ),
        .row(
            .expectCertificateTLS13,
            .message(.certificateRequest),
            .handshake,
            [.to(.expectCertificateTLS13)],
            "RFC 9846 §4.4.2",
            once: true
        ),
        .row(
            .expectCertificateTLS13,
            .message(.certificate),
            .handshake,
            [.to(.expectCertificateVerify)],
            "RFC 9846 §4.5.1"
        ),
        .row(
            .expectCertificateTLS13,
            .message(.compressedCertificate),
            .handshake,
            [.to(.expectCertificateVerify)],
            "RFC 8879 §4",
            if: .compressed
        ),
        .row(.expectCertificateVerify, .message(.certificateVerify), .handshake, behindVerify, "RFC 9846 §4.5.2"),
        .row(.awaitVerdictTLS13, .answer, .handshake, [.to(.expectFinishedTLS13)], "RFC 9846 §4.5.1"),
        .row(.expectFinishedTLS13, .message(.finished), .handshake, behindFinished, "RFC 9846 §4.5.3"),
        .row(.awaitCertificateTLS13, .answer, .handshake, behindChoice, "RFC 9846 §4.5.1"),
        .row(.awaitSignatureTLS13, .answer, .handshake, [.to(.connected)], "RFC 9846 §4.5.2"),
        .row(.connected, .applicationData, .application, [.to(.connected)], "RFC 9846 §5"),
        .row(.connected, .message(.newSessionTicket), .application, [.to(.connected)], "RFC 9846 §4.7.1"),
        .row(.connected, .message(.keyUpdate), .application, [.to(.connected)], "RFC 9846 §4.7.3"),
        .row(
            .connected,
            .message(.certificateRequest),
            .application,
            behindLaterRequest,
            "RFC 9846 §4.7.2",
            if: .laterCertificate
        ),
        .row(
            .connected,
            .message(.certificateRequest),
            .application,
            behindLaterRequest,
            "RFC 9846 §4.7.2",
            if: .noLaterCertificate
        ),
        .row(.awaitLaterCertificate, .answer, .application, behindLaterChoice, "RFC 9846 §4.5.1"),
        .row(.awaitLaterSignature, .answer, .application, [.to(.connected)], "RFC 9846 §4.5.2"),
    ]

    // MARK: TLS 1.2 (RFC 5246 §7.3, RFC 5077 §3.1)

    private static let behindFlightTLS12: [Next] = [
        .to(.expectNewSessionTicket, if: .tickets), .to(.expectChangeCipherSpec),
    ]
    private static let behindChoiceTLS12: [Next] =
        [.to(.awaitSignatureTLS12, if: [.clientCertificate, .defersSignature])] + behindFlightTLS12
    private static let behindDone: [Next] =
        [
            .to(.awaitCertificateTLS12, if: [.clientCertificate, .defersCertificate]),
            .to(.awaitCertificateTLS12, if: [.noClientCertificate, .defersCertificate]),
        ] + behindChoiceTLS12

    private static let tls12: [Row] = [
        .row(
            .expectServerHello,
            .message(.serverHello),
            .plain,
            [
                .to(.expectNewSessionTicket, if: [.resumed, .tickets]), .to(.expectChangeCipherSpec, if: .resumed),
                .to(.expectCertificateTLS12),
            ],
            "RFC 5246 §7.4.1.3"
        ),
        .row(
            .expectCertificateTLS12,
            .message(.certificate),
            .plain,
            [.to(.expectServerKeyExchange)],
            "RFC 5246 §7.4.2"
        ),
        .row(
            .expectServerKeyExchange,
            .message(.certificateStatus),
            .plain,
            [.to(.expectServerKeyExchange)],
            "RFC 6066 §8",
            if: .staple,
            once: true
        ),
        .row(
            .expectServerKeyExchange,
            .message(.serverKeyExchange),
            .plain,
            [.to(.awaitVerdictTLS12, if: .defersVerification), .to(.expectServerHelloDone)],
            "RFC 8422 §5.4"
        ),
        .row(.awaitVerdictTLS12, .answer, .plain, [.to(.expectServerHelloDone)], "RFC 5246 §7.4.2"),
        .row(
            .expectServerHelloDone,
            .message(.certificateRequest),
            .plain,
            [.to(.expectServerHelloDone)],
            "RFC 5246 §7.4.4",
            once: true
        ),
        .row(.expectServerHelloDone, .message(.serverHelloDone), .plain, behindDone, "RFC 5246 §7.4.5"),
        .row(.awaitCertificateTLS12, .answer, .plain, behindChoiceTLS12, "RFC 5246 §7.4.6"),
        .row(.awaitSignatureTLS12, .answer, .plain, behindFlightTLS12, "RFC 5246 §7.4.8"),
        .row(
            .expectNewSessionTicket,
            .message(.newSessionTicket),
            .plain,
            [.to(.expectChangeCipherSpec)],
            "RFC 5077 §3.3"
        ),
        .row(.expectChangeCipherSpec, .changeCipherSpec, .plain, [.to(.expectFinishedTLS12)], "RFC 5246 §7.1"),
        .row(.expectFinishedTLS12, .message(.finished), .application, [.to(.connected)], "RFC 5246 §7.4.9"),
        .row(.connected, .applicationData, .application, [.to(.connected)], "RFC 5246 §10"),
        // Answered by a warning.
        .row(.connected, .message(.helloRequest), .application, [.to(.connected)], "RFC 5246 §7.2.2"),
    ]
}
