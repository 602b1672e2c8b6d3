// SPDX-License-Identifier: Apache-2.0

/// How a CompressedCertificate message is compressed (RFC 8879 §3).
public struct CertificateCompressionAlgorithm: RawRepresentable, Hashable, Sendable {
    /// The wire value.
    public let rawValue: UInt16

    /// Makes a value from its wire form.
    public init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// RFC 1950.
    public static let zlib = CertificateCompressionAlgorithm(rawValue: 1)
    /// RFC 7932.
    public static let brotli = CertificateCompressionAlgorithm(rawValue: 2)
    /// RFC 8478.
    public static let zstd = CertificateCompressionAlgorithm(rawValue: 3)
}
