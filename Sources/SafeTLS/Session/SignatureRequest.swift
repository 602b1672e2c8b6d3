// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// A request to sign the handshake with a credential's key.
public struct SignatureRequest: Sendable {
    /// The scheme to sign with.
    public let scheme: SignatureScheme
    /// The credential that was chosen.
    public let credential: Credential
    /// The bytes to sign: not a digest.
    public let message: [UInt8]

    /// Signs with the credential's own key: the built-in answer.
    public func sign() throws(TLSError) -> [UInt8] {
        guard let algorithm = scheme.algorithm else {
            throw .internalFailure("the signature scheme \(scheme) has no algorithm")
        }
        do throws(CryptoError) {
            return try credential.privateKey.sign(message.span, algorithm: algorithm)
        } catch {
            throw TLSError(error)
        }
    }
}
