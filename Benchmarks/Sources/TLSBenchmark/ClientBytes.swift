// SPDX-License-Identifier: Apache-2.0

/// Messages of a client, put together by hand: what no client sends, and the syntax allows.
enum ClientBytes {
    static func number(_ value: Int) -> [UInt8] { [UInt8(value >> 8 & 0xFF), UInt8(value & 0xFF)] }

    static func vector8(_ content: [UInt8]) -> [UInt8] { [UInt8(content.count)] + content }

    static func vector16(_ content: [UInt8]) -> [UInt8] { number(content.count) + content }

    static func vector24(_ content: [UInt8]) -> [UInt8] {
        [UInt8(content.count >> 16)] + number(content.count) + content
    }

    static func message(_ type: UInt8, _ body: [UInt8]) -> [UInt8] { [type] + vector24(body) }

    /// A message in as few records as there can be.
    static func records(_ message: [UInt8]) -> [UInt8] {
        var records: [UInt8] = []
        for start in stride(from: 0, to: message.count, by: 16_384) {
            records += [22, 3, 3] + vector16(Array(message[start..<min(start + 16_384, message.count)]))
        }
        return records
    }

    /// `count` pieces, each of its number.
    static func list(_ count: Int, _ piece: (Int) -> [UInt8]) -> [UInt8] { (0..<count).flatMap(piece) }
}

/// A ClientHello (RFC 9846 §4.2.2) of which any part can be replaced.
struct HelloBytes {
    var suites: [UInt8] = [0x13, 0x01, 0xC0, 0x2B]
    var compressionMethods: [UInt8] = [0]
    /// Extensions by their numbers, in this order.
    private var extensions: [(Int, [UInt8])]

    init(version: Int) {
        extensions = [
            (43, ClientBytes.vector8(ClientBytes.number(version))),
            (10, ClientBytes.vector16([0, 29, 0, 23])),
            (13, ClientBytes.vector16([4, 3, 8, 7])),
            (51, ClientBytes.vector16([0, 29] + ClientBytes.vector16([9] + [UInt8](repeating: 0, count: 31)))),
        ]
    }

    /// Adds an extension, or replaces it.
    mutating func set(_ type: Int, _ body: [UInt8]) {
        extensions.removeAll { $0.0 == type }
        extensions.append((type, body))
    }

    mutating func remove(_ type: Int) { extensions.removeAll { $0.0 == type } }

    /// How many bytes of an extension block are left for one more body.
    func room(without type: Int? = nil) -> Int {
        65_535 - 4 - extensions.filter { $0.0 != type }.reduce(0) { $0 + 4 + $1.1.count }
    }

    var message: [UInt8] {
        var body: [UInt8] = [3, 3] + [UInt8](repeating: 0x5A, count: 32) + [0]
        body += ClientBytes.vector16(suites) + ClientBytes.vector8(compressionMethods)
        body += ClientBytes.vector16(
            extensions.flatMap { ClientBytes.number($0.0) + ClientBytes.vector16($0.1) }
        )
        return ClientBytes.message(1, body)
    }
}
