// SPDX-License-Identifier: Apache-2.0

internal import CCertificateCompression
public import SafeTLS

/// Certificate compression (RFC 8879) by the system's zlib and brotli.
///
/// ```swift
/// options.certificateCompressors = [SystemCompressor.brotli, SystemCompressor.zlib]
/// ```
public enum SystemCompressor: CertificateCompressor {
    /// Brotli (RFC 7932), which browsers use.
    case brotli
    /// zlib (RFC 1950).
    case zlib

    /// The algorithm.
    public var algorithm: CertificateCompressionAlgorithm {
        switch self {
        case .brotli: .brotli
        case .zlib: .zlib
        }
    }

    /// Compresses a message; nil when that would make it longer.
    public func compress(_ message: [UInt8]) -> [UInt8]? {
        run(on: message, capacity: message.count) { buffer, input in
            switch self {
            case .brotli: cc_brotli_compress(&buffer, input)
            case .zlib: cc_zlib_compress(&buffer, input)
            }
        }
    }

    /// Decompresses into exactly `count` bytes; nil when it is not that, or not of the format. Nothing is written beyond.
    public func decompress(_ compressed: [UInt8], count: Int) -> [UInt8]? {
        let output = run(on: compressed, capacity: count) { buffer, input in
            switch self {
            case .brotli: cc_brotli_decompress(&buffer, input)
            case .zlib: cc_zlib_decompress(&buffer, input)
            }
        }
        return output?.count == count ? output : nil
    }

    /// Calls a function on a buffer with the input in front; gives what it wrote behind.
    private func run(
        on input: [UInt8],
        capacity: Int,
        _ body: (inout MutableSpan<UInt8>, Int) -> Int
    ) -> [UInt8]? {
        guard !input.isEmpty, capacity > 0 else { return nil }
        var buffer = input + [UInt8](repeating: 0, count: capacity)
        var span = buffer.mutableSpan
        let written = body(&span, input.count)
        guard written > 0, written <= capacity else { return nil }
        return Array(buffer[input.count..<input.count + written])
    }
}
