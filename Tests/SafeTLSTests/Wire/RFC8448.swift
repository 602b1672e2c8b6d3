// SPDX-License-Identifier: Apache-2.0

import Foundation

@testable import SafeTLS

/// The handshake messages of RFC 8448, from Vectors/rfc8448.json.
enum RFC8448 {
    struct Message: Sendable, CustomStringConvertible {
        let trace: String
        let type: HandshakeType
        /// The message with its header.
        let bytes: [UInt8]
        var body: [UInt8] { Array(bytes.dropFirst(HandshakeMessage.headerLength)) }
        var description: String { "\(trace) \(type.name)" }
    }

    struct Unreadable: Error {}

    static let messages: [Message] = (try? load()) ?? []

    static func messages(_ type: HandshakeType) -> [Message] {
        messages.filter { $0.type == type }
    }

    private static func load() throws -> [Message] {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../Vectors/rfc8448.json")
        guard let root = try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any] else {
            throw Unreadable()
        }
        var messages: [Message] = []
        for (trace, value) in root.sorted(by: { $0.key < $1.key }) {
            let records = (value as? [String: Any])?["records"] as? [[String: Any]] ?? []
            for record in records {
                for message in record["messages"] as? [[String: Any]] ?? [] {
                    guard let text = message["msg"] as? String else { throw Unreadable() }
                    let bytes = hex(text)
                    guard let type = bytes.first else { throw Unreadable() }
                    messages.append(Message(trace: trace, type: HandshakeType(rawValue: type), bytes: bytes))
                }
            }
        }
        return messages
    }
}

/// Bytes from hexadecimal; blanks are skipped.
func hex(_ text: String) -> [UInt8] {
    let digits = text.compactMap(\.hexDigitValue)
    return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}
