// SPDX-License-Identifier: Apache-2.0

/// Why a certificate or a revocation list, or a file of them, cannot be used.
public struct CertificateError: Error, Hashable, Sendable {
    /// The problem in words that continue a sentence.
    public let reason: String

    init(_ reason: String) {
        self.reason = reason
    }
}

extension CertificateError: CustomStringConvertible {
    /// The problem in words.
    public var description: String { reason }
}
