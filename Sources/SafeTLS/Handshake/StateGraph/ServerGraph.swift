// SPDX-License-Identifier: Apache-2.0

extension ServerHandshake {
    /// The states of ``ServerHandshake``, and of a server that asks for a certificate later (``ServerPostHandshake``).
    enum Name: String, StateName {
        case expectClientHello, awaitConfiguration
        case expectSecondClientHello, awaitSignatureTLS13, expectEndOfEarlyData, expectCertificateTLS13
        case expectCertificateVerifyTLS13, awaitVerdictTLS13, expectFinishedTLS13
        case awaitSignatureTLS12, expectCertificateTLS12, expectClientKeyExchange, expectCertificateVerifyTLS12
        case awaitVerdictTLS12, expectChangeCipherSpec, expectFinishedTLS12
        case expectResumingChangeCipherSpec, expectResumingFinished
        case connected
        case expectLaterCertificate, expectLaterCertificateVerify, awaitLaterVerdict, expectLaterFinished

        static var start: Name { .expectClientHello }

        var isConnected: Bool {
            switch self {
            case .connected, .expectLaterCertificate, .expectLaterCertificateVerify, .awaitLaterVerdict,
                .expectLaterFinished:
                true
            default: false
            }
        }
    }

    var name: Name {
        switch self {
        case .expectClientHello: .expectClientHello
        case .awaitConfiguration: .awaitConfiguration
        case .expectSecondClientHello: .expectSecondClientHello
        case .awaitSignatureTLS13: .awaitSignatureTLS13
        case .expectEndOfEarlyData: .expectEndOfEarlyData
        case .expectCertificateTLS13: .expectCertificateTLS13
        case .expectCertificateVerifyTLS13: .expectCertificateVerifyTLS13
        case .awaitVerdictTLS13: .awaitVerdictTLS13
        case .expectFinishedTLS13: .expectFinishedTLS13
        case .awaitSignatureTLS12: .awaitSignatureTLS12
        case .expectCertificateTLS12: .expectCertificateTLS12
        case .expectClientKeyExchange: .expectClientKeyExchange
        case .expectCertificateVerifyTLS12: .expectCertificateVerifyTLS12
        case .awaitVerdictTLS12: .awaitVerdictTLS12
        case .expectChangeCipherSpec: .expectChangeCipherSpec
        case .expectFinishedTLS12: .expectFinishedTLS12
        case .expectResumingChangeCipherSpec: .expectResumingChangeCipherSpec
        case .expectResumingFinished: .expectResumingFinished
        }
    }

    static func name(of connected: borrowing Connected) -> Name { connected.serverName }

    /// What a server does in which state.
    static let graph = StateGraph<Name>(tls13: tls13, tls12: tls12)

    private typealias Row = StateGraph<Name>.Transition
    private typealias Next = StateGraph<Name>.Next

    // MARK: TLS 1.3 (RFC 9846, appendix A.2)

    /// Where the answer to a ClientHello ends that has the right key share.
    private static let behindFlight: [Next] = [
        .to(.expectEndOfEarlyData, if: .earlyData), .to(.expectFinishedTLS13, if: .resumed),
        .to(.awaitSignatureTLS13, if: .defersSignature), .to(.expectCertificateTLS13, if: .clientCertificate),
        .to(.expectCertificateTLS13, if: .noClientCertificate), .to(.expectFinishedTLS13),
    ]
    private static let behindSignature: [Next] = [
        .to(.expectCertificateTLS13, if: .clientCertificate),
        .to(.expectCertificateTLS13, if: .noClientCertificate), .to(.expectFinishedTLS13),
    ]
    private static let behindHello = [Next.to(.expectSecondClientHello, if: .retry)] + behindFlight
    private static let behindCertificate: [Next] = [
        .to(.expectFinishedTLS13, if: .noClientCertificate), .to(.expectCertificateVerifyTLS13),
    ]
    private static let behindVerify: [Next] = [
        .to(.awaitVerdictTLS13, if: .defersVerification), .to(.expectFinishedTLS13),
    ]
    private static let behindLaterCertificate: [Next] = [
        .to(.expectLaterFinished, if: .noLaterCertificate), .to(.expectLaterCertificateVerify),
    ]
    private static let behindLaterVerify: [Next] = [
        .to(.awaitLaterVerdict, if: .defersVerification), .to(.expectLaterFinished),
    ]
    private static let firstHello = [Next.to(.awaitConfiguration, if: .defersClientHello)]

    private static let tls13: [Row] = [
        .row(.expectClientHello, .message(.clientHello), .plain, firstHello + behindHello, "RFC 9846 §4.2.2"),
        .row(.awaitConfiguration, .answer, .plain, behindHello, "RFC 9846 §4.2.1"),
        .row(
            .expectSecondClientHello,
            .message(.clientHello),
            .plain,
            Array(behindFlight.dropFirst()),
            "RFC 9846 §4.2.4"
        ),
        .row(.awaitSignatureTLS13, .answer, .handshake, behindSignature, "RFC 9846 §4.5.2"),
        .row(.expectEndOfEarlyData, .applicationData, .early, [.to(.expectEndOfEarlyData)], "RFC 9846 §4.3.10"),
        .row(.expectEndOfEarlyData, .message(.endOfEarlyData), .early, [.to(.expectFinishedTLS13)], "RFC 9846 §4.6"),
        .row(.expectCertificateTLS13, .message(.certificate), .handshake, behindCertificate, "RFC 9846 §4.5.1"),
        .row(
            .expectCertificateTLS13,
            .message(.compressedCertificate),
            .handshake,
            behindCertificate,
            "RFC 8879 §4",
            if: .compressed
        ),
        .row(
            .expectCertificateVerifyTLS13,
            .message(.certificateVerify),
            .handshake,
            behindVerify,
            "RFC 9846 §4.5.2"
        ),
        .row(.awaitVerdictTLS13, .answer, .handshake, [.to(.expectFinishedTLS13)], "RFC 9846 §4.5.1"),
        .row(.expectFinishedTLS13, .message(.finished), .handshake, [.to(.connected)], "RFC 9846 §4.5.3"),
        .row(.connected, .applicationData, .application, [.to(.connected)], "RFC 9846 §5"),
        .row(.connected, .message(.keyUpdate), .application, [.to(.connected)], "RFC 9846 §4.7.3"),
        .row(
            .connected,
            .ask,
            .application,
            [.to(.expectLaterCertificate)],
            "RFC 9846 §4.7.2",
            if: .laterCertificate,
            once: true
        ),
        .row(
            .connected,
            .ask,
            .application,
            [.to(.expectLaterCertificate)],
            "RFC 9846 §4.7.2",
            if: .noLaterCertificate,
            once: true
        ),
        .row(.expectLaterCertificate, .applicationData, .application, [.to(.expectLaterCertificate)], "RFC 9846 §5"),
        .row(
            .expectLaterCertificate,
            .message(.keyUpdate),
            .application,
            [.to(.expectLaterCertificate)],
            "RFC 9846 §4.7.3"
        ),
        .row(
            .expectLaterCertificate,
            .message(.certificate),
            .application,
            behindLaterCertificate,
            "RFC 9846 §4.5.1"
        ),
        .row(
            .expectLaterCertificateVerify,
            .message(.certificateVerify),
            .application,
            behindLaterVerify,
            "RFC 9846 §4.5.2"
        ),
        .row(.awaitLaterVerdict, .answer, .application, [.to(.expectLaterFinished)], "RFC 9846 §4.5.1"),
        .row(.expectLaterFinished, .message(.finished), .application, [.to(.connected)], "RFC 9846 §4.5.3"),
    ]

    // MARK: TLS 1.2 (RFC 5246 §7.3, RFC 5077 §3.1)

    private static let behindSignatureTLS12: [Next] = [
        .to(.expectCertificateTLS12, if: .clientCertificate),
        .to(.expectCertificateTLS12, if: .noClientCertificate), .to(.expectClientKeyExchange),
    ]
    private static let behindHelloTLS12: [Next] =
        [.to(.expectResumingChangeCipherSpec, if: .resumed), .to(.awaitSignatureTLS12, if: .defersSignature)]
        + behindSignatureTLS12
    private static let behindKeyExchange: [Next] = [
        .to(.expectCertificateVerifyTLS12, if: .clientCertificate), .to(.expectChangeCipherSpec),
    ]
    private static let behindVerifyTLS12: [Next] = [
        .to(.awaitVerdictTLS12, if: .defersVerification), .to(.expectChangeCipherSpec),
    ]

    private static let tls12: [Row] = [
        .row(
            .expectClientHello,
            .message(.clientHello),
            .plain,
            firstHello + behindHelloTLS12,
            "RFC 5246 §7.4.1.2"
        ),
        .row(.awaitConfiguration, .answer, .plain, behindHelloTLS12, "RFC 5246 §7.4.1.2"),
        .row(.awaitSignatureTLS12, .answer, .plain, behindSignatureTLS12, "RFC 5246 §7.4.3"),
        .row(
            .expectCertificateTLS12,
            .message(.certificate),
            .plain,
            [.to(.expectClientKeyExchange)],
            "RFC 5246 §7.4.6"
        ),
        .row(.expectClientKeyExchange, .message(.clientKeyExchange), .plain, behindKeyExchange, "RFC 8422 §5.7"),
        .row(
            .expectCertificateVerifyTLS12,
            .message(.certificateVerify),
            .plain,
            behindVerifyTLS12,
            "RFC 5246 §7.4.8"
        ),
        .row(.awaitVerdictTLS12, .answer, .plain, [.to(.expectChangeCipherSpec)], "RFC 5246 §7.4.6"),
        .row(.expectChangeCipherSpec, .changeCipherSpec, .plain, [.to(.expectFinishedTLS12)], "RFC 5246 §7.1"),
        .row(.expectFinishedTLS12, .message(.finished), .application, [.to(.connected)], "RFC 5246 §7.4.9"),
        .row(
            .expectResumingChangeCipherSpec,
            .changeCipherSpec,
            .plain,
            [.to(.expectResumingFinished)],
            "RFC 5246 §7.1"
        ),
        .row(.expectResumingFinished, .message(.finished), .application, [.to(.connected)], "RFC 5246 §7.4.9"),
        .row(.connected, .applicationData, .application, [.to(.connected)], "RFC 5246 §10"),
        // Answered by a warning.
        .row(.connected, .message(.clientHello), .application, [.to(.connected)], "RFC 5246 §7.2.2"),
    ]
}
