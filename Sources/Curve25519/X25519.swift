// SPDX-License-Identifier: Apache-2.0

/// X25519, the function of RFC 7748 §5, and what key exchanges make of it.
///
/// Memory is the caller's, who wipes it; nothing is allocated but one table in a process. What the operations leave on the stack
/// they wipe.
public enum X25519 {
    /// Bytes of private keys, public keys and shared secrets.
    public static let keyLength = 32

    /// Makes the public key of a private one: its product with the base point, u = 9.
    ///
    /// - Parameters:
    ///   - privateKey: 32 random bytes; secret.
    ///   - publicKey: 32 bytes.
    public static func makePublicKey(of privateKey: Span<UInt8>, into publicKey: inout MutableSpan<UInt8>) {
        precondition(privateKey.count == keyLength && publicKey.count == keyLength)
        multiplyBase(privateKey, &publicKey)
        wipeStack()
    }

    /// Makes the secret that the holders of two keys share.
    ///
    /// - Parameters:
    ///   - privateKey: 32 random bytes; secret.
    ///   - peer: The peer's public key, 32 bytes.
    ///   - sharedSecret: 32 bytes; secret.
    /// - Throws: ``X25519Error/invalidPublicKey``.
    public static func agree(
        _ privateKey: Span<UInt8>,
        with peer: Span<UInt8>,
        sharedSecret: inout MutableSpan<UInt8>
    ) throws(X25519Error) {
        precondition(privateKey.count == keyLength && sharedSecret.count == keyLength)
        guard peer.count == keyLength else { throw .invalidPublicKey }
        multiply(privateKey, peer, &sharedSecret)
        wipeStack()
        guard !isZero(sharedSecret.span) else { throw .invalidPublicKey }
    }

    /// Makes the public key of a private one and the secret that its holder shares with a peer: what the two take by themselves
    /// without an inversion.
    ///
    /// - Parameters:
    ///   - privateKey: 32 random bytes; secret.
    ///   - peer: The peer's public key, 32 bytes.
    ///   - publicKey: 32 bytes.
    ///   - sharedSecret: 32 bytes; secret.
    /// - Throws: ``X25519Error/invalidPublicKey``; the bytes that were written then mean nothing.
    public static func respond(
        _ privateKey: Span<UInt8>,
        to peer: Span<UInt8>,
        publicKey: inout MutableSpan<UInt8>,
        sharedSecret: inout MutableSpan<UInt8>
    ) throws(X25519Error) {
        precondition(privateKey.count == keyLength && publicKey.count == keyLength && sharedSecret.count == keyLength)
        guard peer.count == keyLength else { throw .invalidPublicKey }
        multiplyBoth(privateKey, peer, &publicKey, &sharedSecret)
        wipeStack()
        guard !isZero(sharedSecret.span) else { throw .invalidPublicKey }
    }

    /// Whether a secret is zero, in a time that does not depend on it. Whether it is, the peer knows.
    @inline(__always)
    private static func isZero(_ secret: Span<UInt8>) -> Bool {
        let words = readWords(secret)
        return words[0] | words[1] | words[2] | words[3] == 0
    }
}

/// The work: nothing is checked, and nothing wiped.
extension X25519 {
    @inline(never)
    package static func multiplyBase(_ privateKey: Span<UInt8>, _ publicKey: inout MutableSpan<UInt8>) {
        let product = basePointProduct(Scalar(privateKey))
        writeWords(product.quotient.canonical, into: &publicKey)
    }

    @inline(never)
    package static func multiply(
        _ privateKey: Span<UInt8>,
        _ peer: Span<UInt8>,
        _ sharedSecret: inout MutableSpan<UInt8>
    ) {
        let product = ladder(Scalar(privateKey), FieldElement(readWords(peer)))
        writeWords(product.quotient.canonical, into: &sharedSecret)
    }

    @inline(never)
    package static func multiplyBoth(
        _ privateKey: Span<UInt8>,
        _ peer: Span<UInt8>,
        _ publicKey: inout MutableSpan<UInt8>,
        _ sharedSecret: inout MutableSpan<UInt8>
    ) {
        let scalar = Scalar(privateKey)
        let own = basePointProduct(scalar)
        let shared = ladder(scalar, FieldElement(readWords(peer)))
        // One inversion for both: 1/b is a/(ab). With a peer's point of small order both results are zero, and refused.
        let inverse = (own.denominator * shared.denominator).inverted()
        writeWords((own.numerator * (inverse * shared.denominator)).canonical, into: &publicKey)
        writeWords((shared.numerator * (inverse * own.denominator)).canonical, into: &sharedSecret)
    }
}

/// Why X25519 refuses a peer's bytes.
public enum X25519Error: Error, Sendable {
    /// The key has the wrong length, or is a point of small order: every private key makes zero of it (RFC 7748 §6.1).
    case invalidPublicKey
}

/// A u-coordinate as a fraction. Both are reduced.
struct Fraction {
    var numerator: FieldElement
    var denominator: FieldElement

    /// Zero when the denominator is.
    @inline(__always)
    var quotient: FieldElement { numerator * denominator.inverted() }
}
