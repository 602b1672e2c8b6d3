// SPDX-License-Identifier: Apache-2.0

import CNIOBenchmark
import Curve25519
import MLKEM

/// Operations by themselves, with keys and contexts that are there already, in microseconds: BoringSSL's, and those that SafeTLS uses,
/// which are libcrypto's or its own.
struct Primitive: Subject {
    let name: String
    let stacks: [Stack] = [.session, .boringssl]
    private let operation: bench_operation
    private let count: Int

    private static let operations: [(String, bench_operation)] = [
        ("x25519-generate", bench_x25519_generate), ("x25519-derive", bench_x25519_derive),
        ("p256-sign", bench_p256_sign), ("p256-verify", bench_p256_verify),
        ("mlkem768-generate", bench_mlkem_generate), ("mlkem768-encapsulate", bench_mlkem_encapsulate),
        ("mlkem768-decapsulate", bench_mlkem_decapsulate),
        ("aes128gcm-seal-1k", bench_seal_1k), ("aes128gcm-seal-16k", bench_seal_16k),
        ("aes128gcm-open-1k", bench_open_1k), ("aes128gcm-open-16k", bench_open_16k),
    ]

    static let all: [Primitive] = operations.map { name, operation in
        Primitive(name: "primitive-" + name, operation: operation, count: name.hasPrefix("aes") ? 1_000 : 100)
    }

    private init(name: String, operation: bench_operation, count: Int) {
        self.name = name
        self.operation = operation
        self.count = count
    }

    mutating func turn(_ stack: Stack) throws -> [String: [Double]] {
        let number = Int32(operation.rawValue)
        let nanoseconds: UInt64
        if stack == .boringssl {
            nanoseconds = boringssl_operations(number, Int32(count))
        } else if operation == bench_x25519_generate {
            nanoseconds = Self.makeKeys(count)
        } else if operation == bench_mlkem_generate || operation == bench_mlkem_encapsulate
            || operation == bench_mlkem_decapsulate
        {
            nanoseconds = Self.mlkem(operation, count)
        } else {
            nanoseconds = libcrypto_operations(number, Int32(count))
        }
        guard nanoseconds > 0 else { throw Failure("\(name) fails") }
        return ["thread": [Double(nanoseconds) / Double(count) / 1_000]]
    }

    private static func makeKeys(_ count: Int) -> UInt64 {
        let random = (0..<32).map { _ in UInt8.random(in: 0...255) }
        var key = [UInt8](repeating: 0, count: 32)
        let start = bench_thread_nanoseconds()
        for _ in 0..<count {
            var span = key.mutableSpan
            X25519.makePublicKey(of: random.span, into: &span)
        }
        return bench_thread_nanoseconds() - start
    }

    private static func mlkem(_ operation: bench_operation, _ count: Int) -> UInt64 {
        let set = ParameterSet.mlKEM768
        let seed = (0..<ParameterSet.seedLength).map { _ in UInt8.random(in: 0...255) }
        let message = (0..<ParameterSet.messageLength).map { _ in UInt8.random(in: 0...255) }
        var encapsulationKey = [UInt8](repeating: 0, count: set.encapsulationKeyLength)
        var decapsulationKey = [UInt8](repeating: 0, count: set.decapsulationKeyLength)
        var ciphertext = [UInt8](repeating: 0, count: set.ciphertextLength)
        var secret = [UInt8](repeating: 0, count: 32)
        var total: UInt64 = 0
        for _ in 0..<count {
            let start = bench_thread_nanoseconds()
            generate(set, seed, &encapsulationKey, &decapsulationKey)
            let generated = bench_thread_nanoseconds()
            guard encapsulate(set, encapsulationKey, message, &ciphertext, &secret) else { return 0 }
            let encapsulated = bench_thread_nanoseconds()
            guard decapsulate(set, ciphertext, decapsulationKey, &secret) else { return 0 }
            let end = bench_thread_nanoseconds()
            total +=
                operation == bench_mlkem_generate
                ? generated - start
                : operation == bench_mlkem_encapsulate ? encapsulated - generated : end - encapsulated
        }
        return total
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
