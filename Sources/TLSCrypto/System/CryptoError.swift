// SPDX-License-Identifier: Apache-2.0

/// Why a cryptographic operation did not succeed.
///
/// The sentences are this library's own; libcrypto's error queue is left empty.
@nonexhaustive
public enum CryptoError: Error, Equatable, Sendable {
    /// A record's tag is wrong: the record, its nonce, its additional data or the key is not the sender's.
    case authenticationFailed
    /// A key given by the caller cannot be used; the sentence says why.
    case invalidKey(String)
    /// The peer's key share is malformed, not on the curve, or gives an all-zero secret (RFC 7748 §6.1).
    case invalidPeerKey
    /// The signature is not one of this key over this message.
    case invalidSignature
    /// The operation is not one this key or this libcrypto can do; the sentence says which.
    case unsupported(String)
    /// The system gave no random bytes.
    case randomUnavailable
    /// libcrypto failed where it should not, for instance for lack of memory.
    case internalFailure(String)
}

extension CryptoError: CustomStringConvertible {
    /// One sentence that says what is wrong.
    public var description: String {
        switch self {
        case .authenticationFailed: "A record failed authentication: it was changed on the way, or the keys differ."
        case .invalidKey(let sentence), .unsupported(let sentence), .internalFailure(let sentence): sentence
        case .invalidPeerKey: "The peer's key share is not a valid public key of its group."
        case .invalidSignature: "The signature is not one of this key over this message."
        case .randomUnavailable: "The system gave no random bytes."
        }
    }
}
