// SPDX-License-Identifier: Apache-2.0

import Foundation
import MLKEM

/// The values of `Vectors/mlkem.json`.
struct KEMVectors: Decodable, Sendable {
    struct Hashes: Decodable, Sendable {
        let message: String
        let sha3_256, sha3_512, shake_128, shake_256: [String: String]
    }

    struct Case: Decodable, Sendable {
        let seed, message, encapsulation_key, decapsulation_key_sha3: String
        let ciphertext, secret, secret_of_corrupted: String
    }

    struct Decapsulation: Decodable, Sendable {
        let decapsulation_key, ciphertext, secret: String
        let message: String?
    }

    struct Accumulated: Decodable, Sendable {
        let count: Int
        let hash: String
    }

    struct Parameters: Decodable, Sendable {
        let cases: [Case]
        let unlucky, strings: Decapsulation
        let accumulated: Accumulated
    }

    let hashes: Hashes
    let mlKEM768, mlKEM1024: Parameters

    enum CodingKeys: String, CodingKey {
        case hashes
        case mlKEM768 = "ML-KEM-768"
        case mlKEM1024 = "ML-KEM-1024"
    }

    subscript(set: ParameterSet) -> Parameters {
        switch set {
        case .mlKEM768: mlKEM768
        case .mlKEM1024: mlKEM1024
        }
    }

    static let all: KEMVectors = {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Vectors/mlkem.json")
        guard let data = try? Data(contentsOf: file),
            let vectors = try? JSONDecoder().decode(KEMVectors.self, from: data)
        else { fatalError("Vectors/mlkem.json cannot be read") }
        return vectors
    }()
}

/// The bytes of hexadecimal text.
func hex(_ text: String) -> [UInt8] {
    let digits = text.compactMap { $0.hexDigitValue.map(UInt8.init) }
    return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}

extension ParameterSet {
    func key(seed: [UInt8]) -> (encapsulation: [UInt8], decapsulation: [UInt8]) {
        var encapsulationKey = [UInt8](repeating: 0, count: encapsulationKeyLength)
        var decapsulationKey = [UInt8](repeating: 0, count: decapsulationKeyLength)
        var first = encapsulationKey.mutableSpan
        var second = decapsulationKey.mutableSpan
        generateKey(seed: seed.span, encapsulationKey: &first, decapsulationKey: &second)
        return (encapsulationKey, decapsulationKey)
    }

    func accepts(encapsulationKey: [UInt8]) -> Bool {
        isValid(encapsulationKey: encapsulationKey.span)
    }

    func accepts(decapsulationKey: [UInt8]) -> Bool {
        isValid(decapsulationKey: decapsulationKey.span)
    }

    func encapsulation(to key: [UInt8], message: [UInt8]) throws(KEMError) -> (ciphertext: [UInt8], secret: [UInt8]) {
        var ciphertext = [UInt8](repeating: 0, count: ciphertextLength)
        var secret = [UInt8](repeating: 0, count: 32)
        var first = ciphertext.mutableSpan
        var second = secret.mutableSpan
        try encapsulate(to: key.span, message: message.span, ciphertext: &first, sharedSecret: &second)
        return (ciphertext, secret)
    }

    func secret(in ciphertext: [UInt8], with key: [UInt8]) throws(KEMError) -> [UInt8] {
        var secret = [UInt8](repeating: 0, count: 32)
        var bytes = secret.mutableSpan
        try decapsulate(ciphertext.span, with: key.span, sharedSecret: &bytes)
        return secret
    }
}

extension Sponge {
    static func output(_ function: KeccakFunction, _ message: [UInt8], count: Int) -> [UInt8] {
        var sponge = Sponge(function)
        sponge.absorb(message.span)
        sponge.finish()
        var output = [UInt8](repeating: 0, count: count)
        var bytes = output.mutableSpan
        sponge.squeeze(into: &bytes, at: 0, count: count)
        return output
    }
}
