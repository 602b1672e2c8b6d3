// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

extension SubjectPublicKeyInfo {
    /// What it costs to verify a signature with the key, in units of one check with a P-256 key.
    ///
    /// Measured with OpenSSL 3.0.19 on a small x86-64 machine, in µs of CPU: P-256 74, P-384 792 and P-521 600 (which have
    /// no code of their own there), Ed25519 122, RSA-2048 22, RSA-4096 74, RSA-8192 277, RSA-16384 1061, and with an
    /// exponent of 33 bits instead of 65537 two and a half times that. Decompressing a point: 21, 46 and 92. Hashing 64
    /// KiB: 44 to 90. With OpenSSL 3.5.9, the key made each time: ML-DSA-44 163, ML-DSA-65 249, ML-DSA-87 367.
    ///
    /// - Parameter messageLength: How many bytes are signed.
    func verificationCost(messageLength: Int) -> Int {
        let cost: Int
        switch kind {
        case .ecdsaP256: cost = 1 + (isCompressed ? 1 : 0)
        case .ecdsaP384: cost = 11 + (isCompressed ? 1 : 0)
        case .ecdsaP521: cost = 8 + (isCompressed ? 2 : 0)
        case .ed25519: cost = 2
        case .mlDSA(.mlDSA44): cost = 3
        case .mlDSA(.mlDSA65): cost = 4
        case .mlDSA(.mlDSA87): cost = 5
        case .rsa(let bits), .rsaPSS(let bits):
            // Below 4096 bits a signature costs less than the unit.
            let square = max(1, bits * bits / (4096 * 4096))
            cost = hasLongExponent ? 3 * square : square
        }
        return cost + messageLength / 65_536
    }

    /// Whether the point has to be decompressed first.
    var isCompressed: Bool {
        guard case .ecdsa(let group, let point) = key else { return false }
        return point.count < group.publicKeyLength
    }

    private var hasLongExponent: Bool {
        guard case .rsa(_, let exponent, _) = key else { return false }
        return exponent.count > 3
    }
}

/// What verifying signatures may still cost, in the units of ``CertificateVerifier/Limits/signatureCost``.
struct SignatureBudget {
    /// The budget is used up.
    struct Exhausted: Error {}

    private(set) var left: Int

    init(_ cost: Int) { left = cost }

    /// Takes what a signature costs, before it is verified.
    mutating func spend(on key: SubjectPublicKeyInfo, messageLength: Int) throws(Exhausted) {
        let cost = key.verificationCost(messageLength: messageLength)
        guard left >= cost else { throw Exhausted() }
        left -= cost
    }
}
