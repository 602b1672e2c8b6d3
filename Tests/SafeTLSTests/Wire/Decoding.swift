// SPDX-License-Identifier: Apache-2.0

@testable import SafeTLS

/// Decodes a message's body and then looks at everything its view offers, so that a view that trusts what it
/// didn't check traps here. Gives a number that depends on all of it.
func decode(_ type: HandshakeType, _ body: [UInt8], version: ProtocolVersion) throws(DecodeError) -> Int {
    let span = body.span
    switch type {
    case .clientHello: return try walk(ClientHello(span))
    case .serverHello: return try walk(ServerHello(span))
    case .encryptedExtensions:
        let message = try EncryptedExtensions(span)
        return walk(message.extensions) + (message.applicationProtocol?.count ?? 0)
            + (message.supportedGroups?.array.count ?? 0)
    case .certificate:
        var total = 0
        var iterator = try CertificateMessage(span, version: version).makeIterator()
        while let entry = iterator.next() {
            total += entry.certificate.count + walk(entry.extensions) + (entry.ocspResponse?.count ?? 0)
        }
        return total
    case .certificateRequest where version == .tls13:
        let message = try CertificateRequest(span)
        return walk(message.extensions) + (message.signatureAlgorithms?.array.count ?? 0)
            + (message.certificateAuthorities?.array.count ?? 0)
    case .certificateRequest:
        let message = try TLS12CertificateRequest(span)
        return message.signatureAlgorithms.array.count + message.certificateAuthorities.array.count
    case .certificateVerify: return try DigitallySigned(span).signature.count
    case .finished: return try Finished(span, length: version == .tls13 ? 32 : 12).verifyData.count
    case .newSessionTicket where version == .tls13:
        let message = try NewSessionTicket(span)
        return walk(message.extensions) + message.ticket.count + message.nonce.count
    case .newSessionTicket: return try TLS12NewSessionTicket(span).ticket.count
    case .keyUpdate: return try KeyUpdate(span).isUpdateRequested ? 1 : 0
    case .serverKeyExchange:
        let message = try ServerKeyExchange(span)
        return message.publicKey.count + message.signedParameters.count + message.signature.signature.count
    case .clientKeyExchange: return try ClientKeyExchange(span).publicKey.count
    case .certificateStatus: return try CertificateStatus(span).ocspResponse.count
    case .endOfEarlyData, .serverHelloDone, .helloRequest:
        try HandshakeMessage.expectEmpty(span)
        return 0
    default: throw .malformed("unknown message")
    }
}

private func walk(_ extensions: ExtensionList) -> Int {
    var total = 0
    var iterator = extensions.makeIterator()
    while let next = iterator.next() {
        total += Int(next.type.rawValue) + next.body.count
    }
    return total
}

private func walk(_ hello: ClientHello) -> Int {
    var total = walk(hello.extensions) + hello.cipherSuites.array.count
    total += hello.serverName?.count ?? 0
    total += hello.supportedVersions?.array.count ?? 0
    total += hello.supportedGroups?.array.count ?? 0
    total += hello.signatureAlgorithms?.array.count ?? 0
    total += hello.signatureAlgorithmsCert?.array.count ?? 0
    total += hello.applicationProtocols?.array.count ?? 0
    total += hello.certificateAuthorities?.array.count ?? 0
    total += hello.offersNullCompression ? 1 : 0
    total += hello.offersOnlyNullCompression ? 1 : 0
    total += hello.acceptsUncompressedPoints ? 1 : 0
    total += hello.allows(.pskWithDHE) ? 1 : 0
    if let keyShares = hello.keyShares {
        total += keyShares.publicKey(for: .x25519)?.count ?? 0
        total += keyShares.publicKey(for: NamedGroup(rawValue: 0xFFFF))?.count ?? 0
    }
    if let offer = hello.preSharedKey {
        for index in 0...offer.count {
            total += offer.identity(at: index)?.identity.count ?? 0
            total += offer.binder(at: index)?.count ?? 0
        }
    }
    return total
}

private func walk(_ hello: ServerHello) -> Int {
    var total = walk(hello.extensions) + (hello.hasDowngradeSentinel ? 1 : 0)
    total += hello.keyShare?.publicKey.count ?? 0
    total += hello.cookie?.count ?? 0
    total += hello.applicationProtocol?.count ?? 0
    return total + Int(hello.selectedVersion.rawValue)
}
