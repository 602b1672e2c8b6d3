// SPDX-License-Identifier: Apache-2.0

import Foundation
import TLSCrypto
import Testing

@testable import SafeTLS

/// One recorded handshake of RFC 8448.
struct Trace: Sendable, CustomTestStringConvertible {
    let name: String
    let keys: [String: [UInt8]]
    let secrets: [String: [UInt8]]
    let records: [Record]

    var testDescription: String { name }

    struct Record: Sendable {
        let isFromClient: Bool
        let bytes: [UInt8]
        let contentType: ContentType
        let plaintext: [UInt8]
        /// Which keys protect it: `none`, `client_early`, `server_handshake` and so on.
        let protection: String
        let messages: [[UInt8]]
    }

    enum Name: String, CaseIterable {
        case simple = "Simple_1RTT_Handshake"
        case resumed = "Resumed_0RTT_Handshake"
        case retry = "HelloRetryRequest_Handshake"
        case clientAuthentication = "Client_Authentication_Handshake"
        case compatibility = "Middlebox_Compatibility_Mode"
    }

    static let all: [Trace] = (try? load()) ?? []

    static func named(_ name: Name) throws -> Trace {
        try #require(all.first { $0.name == name.rawValue })
    }

    /// The value of a secret, or of one of the keys.
    func value(_ name: String) throws -> [UInt8] {
        let value = secrets[name] ?? keys[name]
        return try #require(value, "\(self.name) has no \(name)")
    }

    /// The handshake messages in their order.
    var messages: [[UInt8]] { records.flatMap(\.messages) }

    func message(_ type: HandshakeType, fromClient: Bool, at index: Int = 0) throws -> [UInt8] {
        let found = records.filter { $0.isFromClient == fromClient }.flatMap(\.messages)
            .filter { $0.first == type.rawValue }
        try #require(found.count > index)
        return found[index]
    }

    /// The records of one side under one protection.
    func records(fromClient: Bool, _ protection: String) -> [Record] {
        records.filter { $0.isFromClient == fromClient && $0.protection == protection }
    }

    private static func load() throws -> [Trace] {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../Vectors/rfc8448.json")
        guard let root = try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any] else {
            throw RFC8448.Unreadable()
        }
        return try Name.allCases.map { name in
            guard let trace = root[name.rawValue] as? [String: Any], let keys = trace["keys"] as? [String: String],
                let secrets = trace["secrets"] as? [String: String], let records = trace["records"] as? [[String: Any]]
            else { throw RFC8448.Unreadable() }
            return Trace(
                name: name.rawValue,
                keys: keys.mapValues(hex),
                secrets: secrets.mapValues(hex),
                records: try records.map(record)
            )
        }
    }

    private static func record(_ record: [String: Any]) throws -> Record {
        guard let side = record["dir"] as? String, let bytes = record["record"] as? String,
            let type = record["content_type"] as? Int, let plaintext = record["plaintext"] as? String,
            let protection = record["protection"] as? String, let messages = record["messages"] as? [[String: Any]]
        else { throw RFC8448.Unreadable() }
        return Record(
            isFromClient: side == "client",
            bytes: hex(bytes),
            contentType: ContentType(rawValue: UInt8(type)),
            plaintext: hex(plaintext),
            protection: protection,
            messages: messages.map { hex($0["msg"] as? String ?? "") }
        )
    }
}

/// A span's bytes.
func array(_ span: Span<UInt8>) -> [UInt8] { copyBytes(span) }
