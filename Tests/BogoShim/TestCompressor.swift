// SPDX-License-Identifier: Apache-2.0

import SafeTLS

/// The runner's own certificate compressions.
enum TestCompressor: UInt16, CertificateCompressor, CaseIterable {
    /// Four bytes in front.
    case expanding = 0xFF02
    /// Without the two bytes that every Certificate starts with.
    case shrinking = 0xFF01
    /// Any byte in front.
    case random = 0xFF03

    var algorithm: CertificateCompressionAlgorithm { CertificateCompressionAlgorithm(rawValue: rawValue) }

    private static let prefix: [UInt8] = [1, 2, 3, 4]

    func compress(_ message: [UInt8]) -> [UInt8]? {
        switch self {
        case .expanding: Self.prefix + message
        case .shrinking: message.starts(with: [0, 0]) ? Array(message.dropFirst(2)) : nil
        case .random: [UInt8.random(in: 0...255)] + message
        }
    }

    func decompress(_ compressed: [UInt8], count: Int) -> [UInt8]? {
        switch self {
        case .expanding: compressed.starts(with: Self.prefix) ? Array(compressed.dropFirst(4)) : nil
        case .shrinking: [0, 0] + compressed
        case .random: Array(compressed.dropFirst())
        }
    }
}
