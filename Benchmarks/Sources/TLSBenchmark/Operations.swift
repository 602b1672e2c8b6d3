// SPDX-License-Identifier: Apache-2.0

import CBenchmarkPeer
import MLKEM
import SafeTLS

/// An operation on keys that handshakes cannot do without.
enum Operation: Int32 {
    case x25519Generate = 0
    case x25519Derive, p256Generate, p256Derive, p256Sign, p256Verify, rsaSign, rsaVerify, ed25519Sign, ed25519Verify

    static func sign(_ key: Key) -> Operation {
        switch key {
        case .p256: .p256Sign
        case .rsa2048: .rsaSign
        case .ed25519: .ed25519Sign
        }
    }

    static func verify(_ key: Key) -> Operation {
        switch key {
        case .p256: .p256Verify
        case .rsa2048: .rsaVerify
        case .ed25519: .ed25519Verify
        }
    }

    /// Nanoseconds of one, by libcrypto, the mean of some.
    func nanoseconds(_ count: Int) throws -> Double {
        let total = libcrypto_operations(rawValue, Int32(count))
        guard total > 0 else { throw BenchmarkFailure("libcrypto fails in \(self)") }
        return Double(total) / Double(count)
    }
}

/// Operations of one kind of key by themselves.
struct OperationCase: Sendable {
    var name: String
    var operations: [(side: Side, operation: Operation)]

    /// Whether there is one of our own to measure beside libcrypto's: X25519.
    var isOurs: Bool { operations.contains { $0.operation == .x25519Derive } }

    static let all: [OperationCase] = [
        .init(name: "x25519", operations: [(.generate, .x25519Generate), (.derive, .x25519Derive)]),
        .init(name: "p256", operations: [(.generate, .p256Generate), (.derive, .p256Derive)]),
        .init(name: "ecdsa-p256", operations: [(.sign, .p256Sign), (.verify, .p256Verify)]),
        .init(name: "rsa2048", operations: [(.sign, .rsaSign), (.verify, .rsaVerify)]),
        .init(name: "ed25519", operations: [(.sign, .ed25519Sign), (.verify, .ed25519Verify)]),
    ]
}

/// The least that a handshake can cost: the operations on keys that it cannot do without, as libcrypto does them with keys and
/// contexts that are there already. ML-KEM is ours where libcrypto has none.
struct Floor {
    private var server: [Operation] = []
    private var client: [Operation] = []
    private var usesKEM: Bool

    init(_ benchmark: HandshakeCase) {
        usesKEM = benchmark.mode == .hybrid
        // A resumption in TLS 1.2 makes no new keys of its own, and one in TLS 1.3 signs nothing.
        if benchmark.version == .tls12, benchmark.mode.isResumed { return }
        let exchange = [Operation.x25519Generate, .x25519Derive]
        server = exchange
        client = exchange
        if benchmark.mode == .retry { client.append(.p256Generate) }
        guard !benchmark.mode.isResumed else { return }
        // A certificate and its issuer's, which the root has signed, and the handshake.
        let verifications = [Operation](repeating: .verify(benchmark.key), count: benchmark.mode == .known ? 1 : 3)
        server.append(.sign(benchmark.key))
        client += verifications
        if benchmark.mode == .mutual {
            server += verifications
            client.append(.sign(benchmark.key))
        }
    }

    var isEmpty: Bool { server.isEmpty }

    /// What both sides cost now.
    func turn() throws -> Turn {
        let count = 4
        var times: [Operation: Double] = [:]
        for operation in Set(server + client) { times[operation] = try operation.nanoseconds(count) }
        var costs = (server: 0.0, client: 0.0)
        for operation in server { costs.server += times[operation] ?? 0 }
        for operation in client { costs.client += times[operation] ?? 0 }
        if usesKEM {
            let kem =
                libcrypto_has_kem()
                ? try KEMCosts(of: libcrypto_kem(768, Int32(count)), count: count)
                : try KEMCosts(.mlKEM768, count: count)
            costs.server += kem.encapsulate
            costs.client += kem.generate + kem.decapsulate
        }
        var turn = Turn()
        turn.add(.server, .nanoseconds, costs.server)
        turn.add(.client, .nanoseconds, costs.client)
        return turn
    }
}
