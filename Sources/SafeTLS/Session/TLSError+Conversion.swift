// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

extension TLSError {
    /// The meaning of a failed primitive during a connection.
    init(_ error: CryptoError) {
        switch error {
        case .authenticationFailed: self = .peerMisbehaved(.badRecordMAC)
        case .invalidPeerKey: self = .peerMisbehaved(.invalidKeyShare)
        case .invalidSignature: self = .peerMisbehaved(.badHandshakeSignature)
        case .invalidKey(let reason): self = .internalFailure("a key cannot be used: \(reason)")
        case .unsupported(let what): self = .internalFailure("libcrypto does not support \(what)")
        case .randomUnavailable: self = .internalFailure("the random number generator failed")
        case .internalFailure(let what): self = .internalFailure(what)
        }
    }

    /// The meaning of a message that does not parse.
    init(_ error: DecodeError, in type: HandshakeType) {
        self = .malformed(MalformedInput(what: type.description, why: error.description, alert: error.alert))
    }

    static func unexpected(_ type: HandshakeType, expected: String) -> TLSError {
        .peerMisbehaved(.unexpectedMessage(received: type.description, expected: expected))
    }
}

/// Runs an operation on primitives and turns its error into a `TLSError`.
@inline(__always)
func cryptographic<Result: ~Copyable>(
    _ operation: () throws(CryptoError) -> Result
) throws(TLSError) -> Result {
    do throws(CryptoError) {
        return try operation()
    } catch {
        throw TLSError(error)
    }
}
