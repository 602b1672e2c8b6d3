// SPDX-License-Identifier: Apache-2.0

/// Compresses certificates that are sent, and decompresses those that are received (RFC 8879).
///
/// The library brings none itself: the product `TLSCertificateCompression` has zlib and brotli, over the libraries of the
/// system.
public protocol CertificateCompressor: Sendable {
    /// The algorithm.
    var algorithm: CertificateCompressionAlgorithm { get }

    /// Compresses a message; nil when that cannot be done: it is sent as it is then.
    func compress(_ message: [UInt8]) -> [UInt8]?

    /// Decompresses what a peer sent. Whatever that is, the result must not take more memory than `count` bytes, or time
    /// that goes with more.
    ///
    /// - Parameters:
    ///   - compressed: The bytes as they came.
    ///   - count: How many bytes it must give, at most ``TLSLimits/certificateMessageLength``.
    /// - Returns: That many bytes; nil when it gives more or less, or is not of this algorithm.
    func decompress(_ compressed: [UInt8], count: Int) -> [UInt8]?
}
