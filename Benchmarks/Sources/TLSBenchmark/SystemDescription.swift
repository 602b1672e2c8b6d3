// SPDX-License-Identifier: Apache-2.0

import CBenchmarkPeer
import SafeTLS

/// What a run was made on: numbers of another processor or another libcrypto are other numbers.
struct SystemDescription {
    var processor: String
    /// The processor's instructions that cryptography is made of, as far as it has them.
    var features: [String]
    var processorCount = Int(bench_processor_count())

    /// What libcrypto chooses its code by, on x86 and ARM.
    private static let relevantFeatures = [
        "aes", "vaes", "pclmulqdq", "vpclmulqdq", "avx", "avx2", "avx512f", "avx512ifma", "bmi2", "adx", "sha_ni",
        "pmull", "sha1",
        "sha2", "sha512", "sve", "sve2",
    ]

    init() {
        var text = [UInt8](repeating: 0, count: 1 << 16)
        var span = text.mutableSpan
        let length = bench_processors(&span)
        let lines = String(decoding: text.prefix(max(0, length)), as: UTF8.self).split(separator: "\n")
        func value(_ names: String...) -> String? {
            for line in lines {
                let parts = line.split(separator: ":", maxSplits: 1)
                if parts.count == 2, names.contains(String(Self.trimmed(parts[0]))) {
                    return String(Self.trimmed(parts[1]))
                }
            }
            return nil
        }
        processor = value("model name", "CPU part") ?? "a processor without a name"
        let there = Set((value("flags", "Features") ?? "").split(separator: " ").map(String.init))
        features = Self.relevantFeatures.filter(there.contains)
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop { $0 == " " || $0 == "\t" }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
    }

    /// Two lines.
    func text(_ sites: [any Site]) -> String {
        let versions = sites.map { "OpenSSL \($0.version)" }.joined(
            separator: " and "
        )
        return """
            SafeTLS \(TLSLibrary.version) beside \(versions)
            \(processor), \(processorCount) \(processorCount == 1 ? "processor" : "processors"): \
            \(features.joined(separator: " "))
            """
    }
}
