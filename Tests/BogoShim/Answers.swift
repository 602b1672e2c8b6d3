// SPDX-License-Identifier: Apache-2.0

import SafeTLS
import TLSCertificates

/// How the shim answers what a session asks, and what it learns from the questions.
struct Answers {
    var options: Options
    /// What a server session chooses for every client.
    let configuration: ServerConfiguration?
    /// Whether the session has asked what to do about the ClientHello.
    var wasAskedAboutClientHello = false
    /// The schemes that the client verifies.
    var peerSchemes: [SignatureScheme] = []
    /// What a client shows to servers that ask.
    var clientCredential: Credential?
    /// What holds of a client whose 0-RTT data are rejected.
    var retried: Options?
    /// Whether a client offers a session.
    var offersSession = false
    /// An expectation that a question contradicts.
    var complaint: String?

    /// The server's certificate, whose staple may be set while the session waits.
    private let serverCredential: Credential?

    init(options: Options, configuration: ServerConfiguration? = nil, credential: Credential? = nil) {
        self.options = options
        self.configuration = configuration
        serverCredential = credential
    }

    /// Sets the OCSP response that the flags name, now that the ClientHello is here.
    mutating func setStaple() {
        do throws(ConfigurationError) {
            try serverCredential?.setStaple(options.staple(ocspResponse: options.ocspResponse))
        } catch {
            complaint = "\(error)"
        }
    }

    /// The alert for a certificate that the test refuses.
    var rejection: AlertDescription { options.usesCustomVerifyCallback ? .certificateUnknown : .handshakeFailure }
}

/// A session whose requests the shim can answer.
protocol AnsweringSession: TLSSession, ~Copyable {
    /// Answers what the session asks; returns whether it asked.
    mutating func answer(_ answers: inout Answers) throws(TLSError) -> Bool

    /// Seals 0-RTT data; a server has none.
    mutating func sealEarlyData(
        _ plaintext: Span<UInt8>,
        into output: inout MutableSpan<UInt8>
    ) throws(TLSError) -> Sealed

    var earlyDataCapacity: Int { get }

    /// What came with the peer's certificate.
    var staple: (ocspResponse: [UInt8]?, timestamps: [UInt8]?) { get }

    /// What a QUIC peer says of itself; nil where there is none.
    var peerTransportParameters: [UInt8]? { get }
}

/// What the shim answers a client session by, whatever carries it.
protocol AnsweredClient: ~Copyable {
    var request: ClientRequest? { get }
    var ocspResponse: [UInt8]? { get }
    var signedCertificateTimestamps: [UInt8]? { get }
    mutating func answer(verification verdict: Verdict) throws(TLSError)
    mutating func answer(credential: Credential?) throws(TLSError)
    mutating func answer(signature: [UInt8]) throws(TLSError)
    mutating func reject(_ alert: AlertDescription, reason: String)
}

extension AnsweredClient where Self: ~Copyable {
    var staple: (ocspResponse: [UInt8]?, timestamps: [UInt8]?) { (ocspResponse, signedCertificateTimestamps) }

    mutating func answer(_ answers: inout Answers) throws(TLSError) -> Bool {
        switch request {
        case .verifyPeer(let request):
            if answers.options.rejectsPeer {
                reject(answers.rejection, reason: "the certificate was refused by the test")
            } else if answers.options.failsStatusCallback {
                reject(.badCertificateStatusResponse, reason: "the status was refused by the test")
            } else {
                try answer(verification: .accepted(path: request.certificateChain))
            }
        case .certificate(let request):
            try answer(request, &answers)
        case .signature(let request):
            try answer(signature: request.sign())
        case nil:
            return false
        }
        return true
    }

    private mutating func answer(_ request: RequestedCertificate, _ answers: inout Answers) throws(TLSError) {
        let options = answers.options
        answers.peerSchemes = request.signatureSchemes
        if let expected = options.expectedAuthorities, expected != request.certificateAuthorities {
            answers.complaint = "the server names \(request.certificateAuthorities.count) other authorities"
        }
        if let expected = options.expectedCertificateTypes, expected != request.certificateTypes {
            answers.complaint = "the certificate types are \(request.certificateTypes)"
        }
        if options.failsCertificateCallback {
            reject(.internalError, reason: "the test has no certificate")
            return
        }
        let fitting = answers.clientCredential.flatMap { credential in
            request.signatureSchemes.contains { credential.canSign(with: $0, in: request.version) } ? credential : nil
        }
        try answer(credential: fitting)
    }
}

extension ClientSession: AnsweredClient, AnsweringSession {
    var peerTransportParameters: [UInt8]? { nil }
}

/// What the shim answers a server session by, whatever carries it.
protocol AnsweredServer: ~Copyable {
    var request: ServerRequest? { get }
    mutating func answer(
        configuration: ServerConfiguration,
        applicationProtocol: ApplicationProtocolAnswer
    ) throws(TLSError)
    mutating func answer(verification verdict: Verdict) throws(TLSError)
    mutating func answer(signature: [UInt8]) throws(TLSError)
    mutating func reject(_ alert: AlertDescription, reason: String)
}

extension ServerSession: AnsweredServer, AnsweringSession {
    mutating func sealEarlyData(
        _ plaintext: Span<UInt8>,
        into output: inout MutableSpan<UInt8>
    ) throws(TLSError) -> Sealed {
        throw .misuse(.noEarlyData)
    }

    var earlyDataCapacity: Int { 0 }

    var staple: (ocspResponse: [UInt8]?, timestamps: [UInt8]?) { (nil, nil) }

    var peerTransportParameters: [UInt8]? { nil }
}

extension AnsweredServer where Self: ~Copyable {
    mutating func answer(_ answers: inout Answers) throws(TLSError) -> Bool {
        switch request {
        case .clientHello(let info):
            try answer(info, &answers)
            return true
        case .signature(let request):
            try answer(signature: request.sign())
            return true
        case .verifyPeer(let request):
            if answers.options.rejectsPeer {
                reject(answers.rejection, reason: "the certificate was refused by the test")
            } else {
                try answer(verification: .accepted(path: request.certificateChain))
            }
            return true
        case nil:
            return false
        }
    }

    private mutating func answer(_ info: ClientHelloInfo, _ answers: inout Answers) throws(TLSError) {
        let options = answers.options
        answers.wasAskedAboutClientHello = true
        answers.peerSchemes = info.signatureSchemes
        if let alert = options.rejectsClientHello {
            reject(alert, reason: "the ClientHello was refused by the test")
            return
        }
        if options.setsStatusInCallback { answers.setStaple() }
        if let expected = options.expectedAdvertisedProtocols {
            let names = info.applicationProtocols.flatMap { [UInt8(truncatingIfNeeded: $0.utf8.count)] + $0.utf8 }
            if names != Array(expected.utf8) {
                answers.complaint = "the client offers the protocols \(info.applicationProtocols)"
            }
        }
        if options.rejectsProtocols && !info.applicationProtocols.isEmpty {
            reject(.noApplicationProtocol, reason: "the protocols were refused by the test")
            return
        }
        var choice = ApplicationProtocolAnswer.none
        if let name = options.selectedProtocol, !options.declinesProtocols { choice = .selected(name) }
        guard let configuration = answers.configuration else {
            throw .internalFailure("the shim has no configuration to choose")
        }
        try answer(configuration: configuration, applicationProtocol: choice)
    }
}
