// SPDX-License-Identifier: Apache-2.0

enum ServerHelloTLS12 {
    static func respond(
        _ context: ServerContext,
        _ hello: borrowing ClientHello,
        _ message: [UInt8],
        _ channel: inout Channel
    ) throws(TLSError) -> ServerPhase { throw .nothingInCommon(.protocolVersion) }
}
struct AwaitSignatureTLS12: ~Copyable {
    let request: SignatureRequest
    consuming func complete(signature: [UInt8], _ channel: inout Channel) throws(TLSError) -> ServerPhase {
        throw .nothingInCommon(.protocolVersion)
    }
}
struct ExpectClientKeyExchange: ~Copyable {
    consuming func receive(_ type: HandshakeType, _ message: [UInt8], _ channel: inout Channel) throws(TLSError)
        -> ServerPhase
    { throw .nothingInCommon(.protocolVersion) }
}
struct ExpectClientChangeCipherSpec: ~Copyable {
    consuming func receiveChangeCipherSpec(_ channel: inout Channel) throws(TLSError) -> ServerPhase {
        throw .nothingInCommon(.protocolVersion)
    }
}
struct ExpectClientFinishedTLS12: ~Copyable {
    consuming func receive(_ type: HandshakeType, _ message: [UInt8], _ channel: inout Channel) throws(TLSError)
        -> ServerPhase
    { throw .nothingInCommon(.protocolVersion) }
}
enum ServerHelloAnswerTLS12 {
    static func proceed(
        _ offer: consuming ClientOffer,
        _ hello: borrowing ServerHello,
        clientHello: [UInt8],
        _ message: [UInt8],
        _ channel: inout Channel
    ) throws(TLSError) -> ClientPhase { throw .nothingInCommon(.protocolVersion) }
}
struct ExpectCertificateTLS12: ~Copyable {
    consuming func receive(_ type: HandshakeType, _ message: [UInt8], _ channel: inout Channel) throws(TLSError)
        -> ClientPhase
    { throw .nothingInCommon(.protocolVersion) }
}
struct ExpectServerKeyExchange: ~Copyable {
    consuming func receive(_ type: HandshakeType, _ message: [UInt8], _ channel: inout Channel) throws(TLSError)
        -> ClientPhase
    { throw .nothingInCommon(.protocolVersion) }
}
struct AwaitVerdictTLS12: ~Copyable {
    let request: VerificationRequest
    consuming func answer(_ verdict: Verdict, _ channel: inout Channel) throws(TLSError) -> ClientPhase {
        throw .nothingInCommon(.protocolVersion)
    }
}
struct ExpectServerHelloDone: ~Copyable {
    consuming func receive(_ type: HandshakeType, _ message: [UInt8], _ channel: inout Channel) throws(TLSError)
        -> ClientPhase
    { throw .nothingInCommon(.protocolVersion) }
}
struct ExpectServerChangeCipherSpec: ~Copyable {
    consuming func receiveChangeCipherSpec(_ channel: inout Channel) throws(TLSError) -> ClientPhase {
        throw .nothingInCommon(.protocolVersion)
    }
}
struct ExpectServerFinishedTLS12: ~Copyable {
    consuming func receive(_ type: HandshakeType, _ message: [UInt8], _ channel: inout Channel) throws(TLSError)
        -> ClientPhase
    { throw .nothingInCommon(.protocolVersion) }
}
