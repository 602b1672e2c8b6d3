// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import SafeTLS

/// The values of `Vectors/references.json`, which other programs computed.
struct ReferenceValues: Sendable {
    let values: [String: String]
    let transcripts: [[UInt8]]
    /// Identities and keys of RFC 9258.
    let imported: [(identity: [UInt8], key: [UInt8])]
    let suite: CipherSuite

    subscript(name: String) -> [UInt8] { hex(values[name] ?? "") }

    static let tls13: [ReferenceValues] = list("tls13")
    static let tls12Exporter: [ReferenceValues] = list("tls12_exporter")

    private static func list(_ name: String) -> [ReferenceValues] {
        let file = TestCredentials.directory + "/../references.json"
        guard let data = FileManager.default.contents(atPath: file),
            let root = try? JSONSerialization.jsonObject(with: data) as? [String: Any],
            let entries = root[name] as? [[String: Any]]
        else { return [] }
        return entries.map { entry in
            let imported = entry["imported"] as? [[String: String]] ?? []
            return ReferenceValues(
                values: entry.compactMapValues { $0 as? String },
                transcripts: (entry["transcripts"] as? [String] ?? []).map(hex),
                imported: imported.map { (hex($0["identity"] ?? ""), hex($0["key"] ?? "")) },
                suite: CipherSuite(rawValue: UInt16(entry["suite"] as? Int ?? 0))
            )
        }
    }
}
