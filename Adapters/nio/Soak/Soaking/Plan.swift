// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// What happens on a connection.
enum Kind: String, CaseIterable, Sendable {
    // These get to their end, and everything arrives.
    case plain
    /// The client closes its direction when it has said everything, and reads on.
    case halfClose
    /// The server closes first.
    case serverCloses
    /// The client reads slowly, so that the server has to wait.
    case slowReader
    /// Both change their keys while data are under way.
    case keyUpdates
    /// The request goes as 0-RTT data if the server's ticket allows it.
    case earlyData
    /// The client is made of `NIOAsyncChannel`.
    case async
    /// The client is one of `SafeTLSSockets`.
    case sockets

    // These end somewhere.
    /// The client's socket is closed after so many bytes, at any point of handshake or data.
    case clientGone
    /// The server's is.
    case serverGone
    /// A bit is flipped on the way.
    case damaged
    /// The client's task is cancelled after so many bytes.
    case cancelled
    /// The client says nothing, or no TLS.
    case silent
    case noise
    /// The client's handler is removed from its pipeline, after so many bytes as well.
    case removed

    /// Whether everything has to arrive.
    var isGentle: Bool {
        switch self {
        case .plain, .halfClose, .serverCloses, .slowReader, .keyUpdates, .earlyData, .async, .sockets: true
        case .clientGone, .serverGone, .damaged, .cancelled, .silent, .noise, .removed: false
        }
    }

    /// How often it comes, compared with the others.
    var weight: Int {
        switch self {
        case .plain: 20
        case .halfClose, .serverCloses, .keyUpdates, .earlyData, .async, .clientGone, .serverGone: 10
        case .damaged, .cancelled, .removed: 6
        case .slowReader, .noise: 4
        case .sockets: 6
        case .silent: 1
        }
    }

    static func random(_ numbers: inout SeededNumbers) -> Kind {
        var rest = Int.random(in: 0..<allCases.reduce(0) { $0 + $1.weight }, using: &numbers)
        for kind in allCases {
            rest -= kind.weight
            if rest < 0 { return kind }
        }
        return .plain
    }
}

/// All that is random about one connection.
struct Plan: Sendable {
    let number: Int
    let kind: Kind
    let request: Request
    let isTLS12: Bool
    /// After how many bytes of ciphertext, both directions together, something happens to the transport or the client.
    let meddlesAt: Int
    /// How long a slow reader rests, in fours of milliseconds.
    let milliseconds: Int64

    init(number: Int, _ numbers: inout SeededNumbers, largest: Int) {
        self.number = number
        kind = Kind.random(&numbers)
        // 0-RTT data are TLS 1.3's.
        isTLS12 = Int.random(in: 0..<4, using: &numbers) == 0 && kind != .earlyData
        func size(_ numbers: inout SeededNumbers) -> Int {
            switch Int.random(in: 0..<10, using: &numbers) {
            case 0: 0
            case 1...6: Int.random(in: 1...4_096, using: &numbers)
            case 7, 8: Int.random(in: 4_096...65_536, using: &numbers)
            default: Int.random(in: 0...largest, using: &numbers)
            }
        }
        let upload = size(&numbers)
        let download = kind == .slowReader ? Int.random(in: 0...largest, using: &numbers) : size(&numbers)
        request = Request(
            seed: numbers.next(),
            upload: upload,
            download: download,
            serverCloses: kind == .serverCloses,
            updatesKeys: kind == .keyUpdates,
            isGentle: kind.isGentle
        )
        // Half of them within the handshake.
        let last = Bool.random(using: &numbers) ? 4_000 : upload + download + 4_000
        meddlesAt = Int.random(in: 0...last, using: &numbers)
        milliseconds = Int64.random(in: 0...40, using: &numbers)
    }
}

/// What a client says first: what it will send, and what it wants to get.
struct Request: Sendable {
    /// The bytes of a request.
    static let size = 25

    let seed: UInt64
    let upload: Int
    let download: Int
    let serverCloses: Bool
    let updatesKeys: Bool
    /// Whether the server's end is to see no error.
    let isGentle: Bool

    var uploaded: Payload { Payload(seed: seed, count: upload) }
    var downloaded: Payload { Payload(seed: ~seed, count: download) }
}

extension ByteBuffer {
    mutating func write(_ request: Request) {
        writeInteger(request.seed)
        writeInteger(UInt64(request.upload))
        writeInteger(UInt64(request.download))
        let flags: [(isSet: Bool, bit: UInt8)] = [
            (request.serverCloses, 1), (request.updatesKeys, 2), (request.isGentle, 4),
        ]
        writeInteger(flags.reduce(UInt8(0)) { $0 | ($1.isSet ? $1.bit : 0) })
    }

    mutating func readRequest() -> Request? {
        guard readableBytes >= Request.size, let seed: UInt64 = readInteger(), let upload: UInt64 = readInteger(),
            let download: UInt64 = readInteger(), let flags: UInt8 = readInteger()
        else { return nil }
        return Request(
            seed: seed,
            upload: Int(clamping: upload),
            download: Int(clamping: download),
            serverCloses: flags & 1 != 0,
            updatesKeys: flags & 2 != 0,
            isGentle: flags & 4 != 0
        )
    }
}
