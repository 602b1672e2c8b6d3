// SPDX-License-Identifier: Apache-2.0

/// How a CompressedCertificate message is compressed (RFC 8879 §3).
struct CertificateCompressionAlgorithm: RawRepresentable, Hashable, Sendable {
    let rawValue: UInt16

    init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    static let zlib = CertificateCompressionAlgorithm(rawValue: 1)
    static let brotli = CertificateCompressionAlgorithm(rawValue: 2)
    static let zstd = CertificateCompressionAlgorithm(rawValue: 3)
}
