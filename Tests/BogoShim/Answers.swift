// SPDX-License-Identifier: Apache-2.0

import SafeTLS
import TLSCertificates

/// How the shim answers what a session asks, and what it learns from the questions.
struct Answers {
    let options: Options
    /// What a server session chooses for every client.
    let configuration: ServerConfiguration?
    /// The schemes that the client verifies.
    var peerSchemes: [SignatureScheme] = []
    /// An expectation that a question contradicts.
    var complaint: String?

    init(options: Options, configuration: ServerConfiguration? = nil) {
        self.options = options
        self.configuration = configuration
    }
}

/// A session whose requests the shim can answer.
protocol AnsweringSession: TLSSession, ~Copyable {
    /// Answers what the session asks; returns whether it asked.
    mutating func answer(_ answers: inout Answers) throws(TLSError) -> Bool

    mutating func reject(_ alert: AlertDescription, reason: String)
}

extension ClientSession: AnsweringSession {
    mutating func answer(_ answers: inout Answers) throws(TLSError) -> Bool {
        guard case .verifyPeer(let request) = request else { return false }
        if answers.options.rejectsPeer {
            let alert: AlertDescription =
                answers.options.usesCustomVerifyCallback ? .certificateUnknown : .handshakeFailure
            reject(alert, reason: "the certificate was refused by the test")
        } else {
            try answer(verification: .accepted(path: request.certificateChain))
        }
        return true
    }
}

extension ServerSession: AnsweringSession {
    mutating func answer(_ answers: inout Answers) throws(TLSError) -> Bool {
        switch request {
        case .clientHello(let info):
            try answer(info, &answers)
            return true
        case .signature(let request):
            try answer(signature: request.sign())
            return true
        case nil:
            return false
        }
    }

    private mutating func answer(_ info: ClientHelloInfo, _ answers: inout Answers) throws(TLSError) {
        let options = answers.options
        answers.peerSchemes = info.signatureSchemes
        if let alert = options.rejectsClientHello {
            reject(alert, reason: "the ClientHello was refused by the test")
            return
        }
        if options.failsCertificateCallback {
            reject(.internalError, reason: "the test has no certificate")
            return
        }
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
