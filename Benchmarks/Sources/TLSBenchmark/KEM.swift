// SPDX-License-Identifier: Apache-2.0

import CBenchmarkPeer
import MLKEM

/// ML-KEM by itself: our own, and libcrypto's where it has one.
struct KEMCase: Sendable {
    var name: String
    var set: ParameterSet

    static let all: [KEMCase] = [
        .init(name: "mlkem768", set: .mlKEM768),
        .init(name: "mlkem1024", set: .mlKEM1024),
    ]

    /// The size as the C side has it.
    var number: Int32 { self.set == .mlKEM768 ? 768 : 1024 }
}

/// What one slice of operations cost, per operation.
struct KEMCosts {
    var generate = 0.0
    var encapsulate = 0.0
    var decapsulate = 0.0

    init(of costs: bench_kem, count: Int) throws(BenchmarkFailure) {
        guard costs.generate_nanoseconds > 0 else { throw BenchmarkFailure("libcrypto's ML-KEM failed") }
        generate = Double(costs.generate_nanoseconds) / Double(count)
        encapsulate = Double(costs.encapsulate_nanoseconds) / Double(count)
        decapsulate = Double(costs.decapsulate_nanoseconds) / Double(count)
    }

    /// Runs operations of our own. Random bytes are drawn before the clock starts: libcrypto's draw takes a few percent.
    init(_ set: ParameterSet, count: Int) throws(BenchmarkFailure) {
        var encapsulationKey = [UInt8](repeating: 0, count: set.encapsulationKeyLength)
        var decapsulationKey = [UInt8](repeating: 0, count: set.decapsulationKeyLength)
        var ciphertext = [UInt8](repeating: 0, count: set.ciphertextLength)
        var secrets = ([UInt8](repeating: 0, count: 32), [UInt8](repeating: 0, count: 32))
        let random = (0..<ParameterSet.seedLength + ParameterSet.messageLength).map { _ in UInt8.random(in: 0...255) }
        let (seed, message) = (Array(random[..<64]), Array(random[64...]))
        for _ in 0..<count {
            let start = bench_read_meters().nanoseconds
            Self.generate(set, seed, &encapsulationKey, &decapsulationKey)
            let generated = bench_read_meters().nanoseconds
            let taken = Self.encapsulate(set, encapsulationKey, message, &ciphertext, &secrets.0)
            let encapsulated = bench_read_meters().nanoseconds
            let given = Self.decapsulate(set, ciphertext, decapsulationKey, &secrets.1)
            let end = bench_read_meters().nanoseconds
            guard taken, given, secrets.0 == secrets.1 else { throw BenchmarkFailure("our own ML-KEM failed") }
            generate += Double(generated - start) / Double(count)
            encapsulate += Double(encapsulated - generated) / Double(count)
            decapsulate += Double(end - encapsulated) / Double(count)
        }
    }

    private static func generate(_ set: ParameterSet, _ seed: [UInt8], _ key: inout [UInt8], _ secretKey: inout [UInt8])
    {
        var first = key.mutableSpan
        var second = secretKey.mutableSpan
        set.generateKey(seed: seed.span, encapsulationKey: &first, decapsulationKey: &second)
    }

    private static func encapsulate(
        _ set: ParameterSet,
        _ key: [UInt8],
        _ message: [UInt8],
        _ ciphertext: inout [UInt8],
        _ secret: inout [UInt8]
    ) -> Bool {
        var first = ciphertext.mutableSpan
        var second = secret.mutableSpan
        do {
            try set.encapsulate(to: key.span, message: message.span, ciphertext: &first, sharedSecret: &second)
            return true
        } catch {
            return false
        }
    }

    private static func decapsulate(
        _ set: ParameterSet,
        _ ciphertext: [UInt8],
        _ key: [UInt8],
        _ secret: inout [UInt8]
    ) -> Bool {
        var bytes = secret.mutableSpan
        do {
            try set.decapsulate(ciphertext.span, with: key.span, sharedSecret: &bytes)
            return true
        } catch {
            return false
        }
    }
}
