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

    /// Signs with the credential's own key: the built-in answer. For a ``SigningKey`` elsewhere this waits until it has signed.
    ///
    /// - Throws: `TLSError.internalFailure` when the key does not sign, or its signature is not one of the certificate's key.
    public func sign() throws(TLSError) -> [UInt8] {
        switch credential.key {
        case .here(let key):
            guard let algorithm = scheme.algorithm else {
                throw .internalFailure("the signature scheme \(scheme) has no algorithm")
            }
            do throws(CryptoError) {
                return try key.sign(message.span, algorithm: algorithm)
            } catch {
                throw TLSError(error)
            }
        case .elsewhere(let key, _):
            let signature: [UInt8]
            do {
                signature = try key.sign(message, scheme: scheme)
            } catch {
                throw .internalFailure("the certificate's key has not signed: \(error)")
            }
            guard isAcceptable(signature) else {
                throw .internalFailure("what the key has signed does not verify with the certificate's key")
            }
            return signature
        }
    }

    /// Whether a signature may be sent: one of a key elsewhere has to be one.
    private func isAcceptable(_ signature: [UInt8]) -> Bool {
        guard case .elsewhere(_, let publicKey) = credential.key else { return true }
        guard let algorithm = scheme.algorithm else { return false }
        do throws(CryptoError) {
            try publicKey.verify(signature: signature.span, message: message.span, algorithm: algorithm)
            return true
        } catch {
            return false
        }
    }

    /// Checks a driver's answer.
    func check(_ signature: [UInt8]) throws(TLSError) {
        guard isAcceptable(signature) else {
            throw .misuse(.invalidArgument("the signature does not verify with the certificate's key"))
        }
    }

    /// Whether the driver is to be asked.
    func isDeferred(_ deferring: DeferredRequests) -> Bool {
        credential.defersSignatures || deferring.contains(.signature)
    }
}
