// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// A server's answer to a ClientHello in TLS 1.3: HelloRetryRequest, or ServerHello to Finished in one flight.
enum ServerHelloTLS13 {
    /// Answers a first ClientHello.
    static func respond(
        to received: consuming ReceivedClientHello,
        _ channel: inout Channel
    ) throws(TLSError) -> ServerPhase {
        // A ClientHello that brings one of our cookies is a second one, whichever session saw the first.
        if received.options.sendsRetryCookie, let cookie = received.hello.cookie {
            let retry = try RetryCookie.open(cookie, received.context)
            return try retry.resume(received, &channel)
        }
        let choice = try Choice(received)
        // A client that may send 0-RTT data learns from the missing answer that it is not taken (§4.3.10).
        if received.hello.hasEarlyData { channel.early.startSkipping() }
        guard received.hello.keyShares?.contains(choice.group) ?? false else {
            return try HelloRetryRequest.send(received, choice, &channel)
        }
        return try answer(received, choice, transcript: Transcript(choice.hash), isRetried: false, &channel)
    }

    /// Answers the ClientHello that has a share of the chosen group, step by step (RFC 9846 §2, figure 1).
    static func answer(
        _ received: consuming ReceivedClientHello,
        _ choice: Choice,
        transcript: consuming Transcript,
        isRetried: Bool,
        _ channel: inout Channel
    ) throws(TLSError) -> ServerPhase {
        var parameters = try ServerParametersTLS13(received, choice, transcript: transcript, isRetried: isRetried)
        try parameters.chooseApplicationProtocol()  // RFC 7301 §3.2
        try parameters.findPreSharedKey()  // §4.3.11
        try parameters.chooseCertificate()  // §4.5.1.2
        try parameters.decideEarlyData(&channel)  // §4.3.10
        parameters.reserve(&channel)
        var flight = try parameters.sendServerHello(&channel)  // §4.2.3
        try flight.sendEncryptedExtensions(channel.localTransportParameters, &channel.flight)  // §4.4.1
        guard let signer = flight.signer else { return try flight.finish(&channel) }  // §4.5.3
        try flight.sendCertificateRequest(&channel.flight)  // §4.4.2
        try flight.sendCertificate(of: signer, &channel.flight)  // §4.5.1
        return try flight.sign(with: signer, &channel)  // §4.5.2
    }

    /// What is chosen before the server knows whether it needs another key share.
    struct Choice {
        let cipherSuite: CipherSuite
        let hash: HashAlgorithm
        let group: NamedGroup
    }
}

extension ServerHelloTLS13.Choice {
    /// RFC 9846 §4.2.1.
    init(_ received: borrowing ReceivedClientHello) throws(TLSError) {
        try Self.checkExtensions(received.hello)
        let suite = try Self.cipherSuite(received)
        guard let hash = suite.hash else { throw .internalFailure("\(suite) has no hash") }
        self.init(cipherSuite: suite, hash: hash, group: try Self.group(received))
    }

    /// What a ClientHello must have, and must not have.
    private static func checkExtensions(_ hello: borrowing ClientHello) throws(TLSError) {
        // §4.2.2: compression is gone.
        guard hello.offersOnlyNullCompression else {
            throw .peerMisbehaved(.illegalParameter("a compression method in a ClientHello of TLS 1.3"))
        }
        try hello.extensions.checkPlacement(in: .clientHello)
        // §9.2: these must be there. Only a certificate needs the first; whether there will be one shows later.
        guard hello.extensions.contains(.signatureAlgorithms) || hello.hasPreSharedKey else {
            throw .peerMisbehaved(.missingExtension(.signatureAlgorithms))
        }
        guard hello.extensions.contains(.supportedGroups) else {
            throw .peerMisbehaved(.missingExtension(.supportedGroups))
        }
        guard hello.extensions.contains(.keyShare) else { throw .peerMisbehaved(.missingExtension(.keyShare)) }
        // §4.3.9: also when no PSK is taken.
        guard !hello.hasPreSharedKey || hello.extensions.contains(.pskKeyExchangeModes) else {
            throw .peerMisbehaved(.missingExtension(.pskKeyExchangeModes))
        }
    }

    /// The most wanted suite, of those that go with an external key of the client if there is one (§4.3.11).
    private static func cipherSuite(_ received: borrowing ReceivedClientHello) throws(TLSError) -> CipherSuite {
        let context = received.context
        if context.options.takesPreSharedKeys, let offer = received.hello.preSharedKey {
            for index in 0..<min(offer.count, TLSLimits.pskIdentities) {
                guard let identity = offer.identity(at: index),
                    let entry = context.configuration.preSharedKey(identity.identity)
                else { continue }
                if let suite = try? context.cipherSuite(
                    received.hello,
                    where: { $0.isTLS13 && $0.hash == entry.hash }
                ) {
                    return suite
                }
            }
        }
        return try context.cipherSuite(received.hello) { $0.isTLS13 }
    }

    /// The most wanted group that the client sent a share for, of the first tier that it has anything of; asking for another
    /// one costs a round trip.
    private static func group(_ received: borrowing ReceivedClientHello) throws(TLSError) -> NamedGroup {
        guard let supported = received.hello.supportedGroups else { throw .nothingInCommon(.group) }
        var common = received.context.groups(of: supported, in: .tls13)
        if !received.options.groupTierStarts.isEmpty {
            let configuration = received.context.configuration
            let tier = common.map(configuration.tier).min()
            common.removeAll { configuration.tier(of: $0) != tier }
        }
        guard let wanted = common.first else { throw .nothingInCommon(.group) }
        for group in common where received.hello.keyShares?.contains(group) ?? false { return group }
        return wanted
    }
}
