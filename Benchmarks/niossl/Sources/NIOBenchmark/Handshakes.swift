// SPDX-License-Identifier: Apache-2.0

import CNIOBenchmark
import NIOCore

/// Full handshakes without sockets, from the making of a connection to the last byte behind the handshake.
struct EmbeddedHandshakes: Subject {
    let name: String
    let stacks = Stack.allCases
    private var contexts: Contexts
    private let loops = EmbeddedLoops()
    private let flights: [Flight]
    private var link = ByteBuffer()
    /// Handshakes of a turn.
    private let count = 10

    init(_ name: String, _ setting: Setting, _ identity: Identity) throws {
        self.name = name
        contexts = try Contexts(setting, identity)
        flights = try Self.flights(&contexts, loops)
    }

    /// What BoringSSL's handshake moves: that is what SwiftNIO is measured with.
    static func flights(_ contexts: inout Contexts, _ loops: EmbeddedLoops) throws -> [Flight] {
        var cost = Cost()
        let pair = try EmbeddedPair(.boringssl, &contexts, loops, &cost)
        defer { pair.close() }
        try pair.handshake(&cost)
        return pair.moved
    }

    mutating func turn(_ stack: Stack) throws -> [String: [Double]] {
        var samples: [String: [Double]] = [:]
        for _ in 0..<count {
            let cost = try one(stack)
            samples["server", default: []].append(Double(cost.server) / 1_000)
            samples["client", default: []].append(Double(cost.client) / 1_000)
        }
        return samples
    }

    private mutating func one(_ stack: Stack) throws -> Cost {
        var cost = Cost()
        if stack == .session {
            var pair = try SessionPair(&contexts, &cost)
            try pair.handshake(&link, &cost)
            return cost
        }
        let pair = try EmbeddedPair(stack, &contexts, loops, &cost)
        defer { pair.close() }
        if stack == .nio { try pair.pass(flights, &cost) } else { try pair.handshake(&cost) }
        return cost
    }
}

/// What the heap holds for a server's connection after its handshake, its client gone: bytes.
struct IdleConnections: Subject {
    let name: String
    let stacks = Stack.allCases
    private var contexts: Contexts
    private let loops = EmbeddedLoops()
    private let flights: [Flight]
    private var link = ByteBuffer()
    private let count = 500

    init(_ name: String, _ setting: Setting, _ identity: Identity) throws {
        self.name = name
        contexts = try Contexts(setting, identity)
        flights = try EmbeddedHandshakes.flights(&contexts, loops)
    }

    mutating func turn(_ stack: Stack) throws -> [String: [Double]] {
        ["server": [stack == .session ? try sessionBytes() : try channelBytes(stack)]]
    }

    private mutating func channelBytes(_ stack: Stack) throws -> Double {
        var kept: [EmbeddedPair] = []
        kept.reserveCapacity(count)
        let before = bench_heap_bytes()
        for _ in 0..<count {
            var cost = Cost()
            let pair = try EmbeddedPair(stack, &contexts, loops, &cost)
            if stack == .nio { try pair.pass(flights, &cost) } else { try pair.handshake(&cost) }
            pair.dropClient()
            kept.append(pair)
        }
        let bytes = Double(bench_heap_bytes()) - Double(before)
        for pair in kept { pair.close() }
        return bytes / Double(count)
    }

    private mutating func sessionBytes() throws -> Double {
        var kept: [KeptServer] = []
        kept.reserveCapacity(count)
        let before = bench_heap_bytes()
        for _ in 0..<count {
            var cost = Cost()
            var pair = try SessionPair(&contexts, &cost)
            try pair.handshake(&link, &cost)
            kept.append(pair.keepServer())
        }
        let bytes = Double(bench_heap_bytes()) - Double(before)
        guard kept.allSatisfy(\.isConnected) else { throw Failure("a session was not kept") }
        return bytes / Double(count)
    }
}
