// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

@testable import SafeTLS

/// Messages with other extensions, and other fields, than a session writes.
enum QUICMessages {
    /// The extensions of a ClientHello, and what is in front of them.
    private static func split(hello message: [UInt8]) throws -> (front: [UInt8], extensions: [(ExtensionType, [UInt8])])
    {
        let hello = try ClientHello(message.span.extracting(droppingFirst: 4))
        var list: [(ExtensionType, [UInt8])] = []
        var iterator = hello.extensions.makeIterator()
        while let next = iterator.next() { list.append((next.type, copyBytes(next.body))) }
        let block = WireBytes.extensions(list)
        return (Array(message.dropFirst(4).dropLast(block.count)), list)
    }

    /// A ClientHello with other extensions.
    static func hello(
        _ message: [UInt8],
        _ change: (inout [(ExtensionType, [UInt8])]) -> Void
    ) throws -> [UInt8] {
        var (front, extensions) = try split(hello: message)
        change(&extensions)
        return WireBytes.message(.clientHello, front + WireBytes.extensions(extensions))
    }

    /// A ClientHello with a session ID of 32 bytes.
    static func hello(withSessionID message: [UInt8]) throws -> [UInt8] {
        let (front, extensions) = try split(hello: message)
        let changed = front.prefix(34) + [32] + [UInt8](repeating: 7, count: 32) + front.dropFirst(35)
        return WireBytes.message(.clientHello, changed + WireBytes.extensions(extensions))
    }

    /// A flight whose EncryptedExtensions, its first message, have other extensions.
    static func flight(
        _ flight: [UInt8],
        _ change: (inout [(ExtensionType, [UInt8])]) -> Void
    ) throws -> [UInt8] {
        var messages = WireBytes.messages(flight)
        let first = messages[0]
        let received = try EncryptedExtensions(first.span.extracting(droppingFirst: 4))
        var list: [(ExtensionType, [UInt8])] = []
        var iterator = received.extensions.makeIterator()
        while let next = iterator.next() { list.append((next.type, copyBytes(next.body))) }
        change(&list)
        messages[0] = WireBytes.message(.encryptedExtensions, WireBytes.extensions(list))
        return messages.flatMap { $0 }
    }

    /// The types of the extensions in EncryptedExtensions, the first message of a flight.
    static func types(inFlight flight: [UInt8]) throws -> [ExtensionType] {
        var types: [ExtensionType] = []
        _ = try Self.flight(flight) { types = $0.map(\.0) }
        return types
    }

    /// The types of a ClientHello's extensions.
    static func types(inHello message: [UInt8]) throws -> [ExtensionType] {
        try split(hello: message).extensions.map(\.0)
    }

    /// A NewSessionTicket, with the extension early_data if it has a size.
    static func ticket(_ number: UInt8 = 0, earlyData: UInt32? = nil) -> [UInt8] {
        var extensions: [(ExtensionType, [UInt8])] = []
        if let earlyData {
            extensions.append((.earlyData, (0..<4).map { UInt8(truncatingIfNeeded: earlyData >> (24 - 8 * $0)) }))
        }
        let body: [UInt8] = [0, 0, 14, 16] + [1, 2, 3, 4] + [1, number] + Hello.vector16([9, 9, number])
        return WireBytes.message(.newSessionTicket, body + WireBytes.extensions(extensions))
    }
}
