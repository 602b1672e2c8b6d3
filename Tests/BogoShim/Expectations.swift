// SPDX-License-Identifier: Apache-2.0

import SafeTLS
import TLSCertificates
import TLSCrypto

/// The checks after a handshake.
struct Expectations {
    let options: Options
    let answers: Answers

    func check(_ session: borrowing some TLSSession & ~Copyable) throws(ShimFailure) {
        guard let negotiated = session.negotiated else { throw .expectation("nothing is negotiated") }
        try match("version", negotiated.version, options.expectedVersion)
        try match("cipher suite", negotiated.cipherSuite, options.expectedCipher)
        if let group = negotiated.group { try match("group", group, options.expectedGroup) }
        try match("server name", negotiated.serverName ?? "", options.expectedServerName)
        try match("use of HelloRetryRequest", negotiated.usedHelloRetryRequest, options.expectsRetry)
        let expectedProtocol = options.isServer ? options.selectedProtocol : options.expectedProtocol
        try match("application protocol", negotiated.applicationProtocol ?? "", expectedProtocol ?? "")
        let expectsResumption = options.isResumption && !options.expectsSessionMiss
        try match("resumption", negotiated.isResumed, expectsResumption)
        // A resumption makes no signature.
        if let scheme = options.expectedPeerScheme, !negotiated.isResumed {
            let made = options.isServer ? negotiated.clientSignatureScheme : negotiated.signatureScheme
            try match("the peer's signature scheme", made, scheme)
        }
        if options.expectsEarlyDataAccepted { try match("0-RTT data", session.earlyData, .accepted) }
        if options.expectsEarlyDataRejected && session.earlyData == .accepted {
            throw .expectation("0-RTT data are accepted")
        }
        if let expected = options.expectedEarlyDataReason {
            try match("what became of 0-RTT data", try reason(session.earlyData, negotiated), expected)
        }
        if !options.expectedPeerSchemes.isEmpty {
            try match("the peer's list of schemes", answers.peerSchemes, options.expectedPeerSchemes)
        }
        if options.expectsVerifyResult && !options.isServer {
            try match("a verified peer", !session.peerCertificates.isEmpty, true)
        }
        if (!options.isServer || options.requiresClientCertificate) && session.peerCertificates.isEmpty {
            throw .expectation("the peer has no certificate")
        }
        if let file = options.expectedPeerChain {
            try match("the peer's chain", session.peerCertificates, try Self.chain(file))
        }
        let waits = options.expectsClientHelloRequest || options.usesStatusCallback && options.isServer
        if waits && !answers.wasAskedAboutClientHello {
            throw .expectation("the session does not wait for an answer to the ClientHello")
        }
        if options.expectsExtendedMasterSecret {
            try match("the extended master secret", negotiated.usesExtendedMasterSecret, true)
        }
        if options.expectsSecureRenegotiation && options.isServer {
            throw .unimplemented("a server that tells of renegotiation_info")
        }
    }

    func check(ocspResponse: [UInt8]?, timestamps: [UInt8]?) throws(ShimFailure) {
        try match("the OCSP response", ocspResponse ?? [], options.expectedOCSPResponse)
        try match("the timestamps", timestamps ?? [], options.expectedTimestamps)
    }

    func check(transportParameters: [UInt8]?) throws(ShimFailure) {
        try match("the peer's transport parameters", transportParameters ?? [], options.expectedTransportParameters)
    }

    /// The word of the runner for what became of 0-RTT data.
    private func reason(
        _ status: EarlyDataStatus,
        _ negotiated: NegotiatedParameters
    ) throws(ShimFailure) -> String {
        switch status {
        case .notOffered where !options.enablesEarlyData: return "disabled"
        case .notOffered where negotiated.version == .tls12: return "protocol_version"
        case .notOffered where options.isServer && !negotiated.isResumed: return "no_session_offered"
        case .notOffered where !options.isServer && !answers.offersSession: return "no_session_offered"
        case .notOffered where options.isServer: return "peer_declined"
        case .notOffered, .offered: throw .unimplemented("why a client offers no 0-RTT data")
        case .accepted: return "accept"
        case .rejected(.disabled): return options.enablesEarlyData ? "unsupported_for_session" : "disabled"
        case .rejected(.notResumed): return "session_not_resumed"
        case .rejected(.helloRetryRequest): return "hello_retry_request"
        case .rejected(.protocolVersion): return "protocol_version"
        case .rejected(.cipherSuite): throw .unimplemented("0-RTT data with another suite of the same hash")
        case .rejected(.applicationProtocol): return "alpn_mismatch"
        case .rejected(.ticketAge): return "ticket_age_skew"
        case .rejected(.replay): return "replay"
        case .rejected(.declined): return "peer_declined"
        }
    }

    private func match<Value: Equatable>(_ what: String, _ value: Value, _ expected: Value?) throws(ShimFailure) {
        guard let expected, value != expected else { return }
        throw .expectation("\(what): \(value), not \(expected)")
    }

    static func chain(_ file: String) throws(ShimFailure) -> [Certificate] {
        do {
            let pem = try FileBytes.read(file, limit: 1 << 20)
            return try Certificate.certificates(fromPEM: pem.span)
        } catch {
            throw .expectation("\(file): \(error)")
        }
    }
}
