// SPDX-License-Identifier: Apache-2.0

/// Bounds on the keys that are used, each with its reason.
public enum KeyLimits {
    /// The shortest RSA modulus that is trusted, in bits.
    ///
    /// 112 bits of strength by SP 800-56B appendix D, as OpenSSL's security level 2 rounds them. Some generators and cards
    /// make moduli of 2041 to 2047 bits when asked for 2048.
    public static let trustedRSABits = 1963

    /// The longest RSA modulus that is trusted, in bits: verifying costs the square of the length, here some 280 µs.
    public static let longestTrustedRSABits = 8192

    /// The shortest RSA modulus that signatures are verified with at all, in bits.
    static let rsaBits = 1024

    /// The longest RSA modulus that signatures are verified with at all, in bits: OpenSSL's own limit. One signature takes
    /// a millisecond.
    static let longestRSABits = 16_384

    /// How many rounds the passphrase of a private key takes at most, of 0.3 to 1.3 µs each by the hash, where nothing else
    /// is said: 3 to 13 seconds, once, for a file that its owner has made. OpenSSL makes 2048.
    public static let derivationRounds = 10_000_000
}
