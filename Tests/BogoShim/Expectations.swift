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
        if options.expectsExtendedMasterSecret {
            try match("the extended master secret", negotiated.usesExtendedMasterSecret, true)
        }
        if options.expectsSecureRenegotiation && options.isServer {
            throw .unimplemented("a server that tells of renegotiation_info")
        }
    }

    private func match<Value: Equatable>(_ what: String, _ value: Value, _ expected: Value?) throws(ShimFailure) {
        guard let expected, value != expected else { return }
        throw .expectation("\(what): \(value), not \(expected)")
    }

    private static func chain(_ file: String) throws(ShimFailure) -> [Certificate] {
        do {
            let pem = try FileBytes.read(file, limit: 1 << 20)
            return try Certificate.certificates(fromPEM: pem.span)
        } catch {
            throw .expectation("\(file): \(error)")
        }
    }
}
