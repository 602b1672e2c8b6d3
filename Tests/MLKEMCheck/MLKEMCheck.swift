// SPDX-License-Identifier: Apache-2.0

import CMLKEMCheck
import Glibc
import MLKEM

/// Checks of ML-KEM and X25519 that need a release build: `make constant-time` and `make timing` run it.
@main
struct MLKEMCheck {
    static let help = """
        usage: MLKEMCheck secrets | planted-FAULT | stack | round-trips | handshakes | timing [SAMPLES [768 | 1024 | x25519]]
          secrets         every operation with its secrets marked as undefined, under valgrind
          planted-branch  a branch that depends on a secret, which valgrind has to find; planted-x25519-branch
          planted-index   an index that depends on one; planted-x25519-index
          stack           that no secret is left on the stack
          round-trips     10000 keys, encapsulations and decapsulations, against published hashes; 10000 X25519 keys against
                          libcrypto
          handshakes      1000 handshakes in each group, with random keys
          timing          whether times depend on secrets, by Welch's t-test; 1000000 samples
        """

    static func main() {
        // What has been measured is there when the rest is interrupted.
        check_print_by_lines()
        let arguments = CommandLine.arguments.dropFirst()
        let passed: Bool
        switch arguments.first {
        case "secrets": passed = SecretsCheck.run(planting: .nothing)
        case "planted-branch": passed = SecretsCheck.run(planting: .branch)
        case "planted-index": passed = SecretsCheck.run(planting: .index)
        case "planted-x25519-branch": passed = SecretsCheck.run(planting: .branch, onlyX25519: true)
        case "planted-x25519-index": passed = SecretsCheck.run(planting: .index, onlyX25519: true)
        case "stack": passed = StackCheck.run()
        case "round-trips": passed = RoundTrips.run() && X25519Check.agreesWithLibcrypto()
        case "handshakes": passed = Handshakes.run(count: 1000)
        case "timing":
            let rest = Array(arguments.dropFirst())
            passed = TimingCheck.run(
                samples: rest.first.flatMap { Int($0) } ?? 1_000_000,
                only: rest.count > 1 ? rest[1] : nil
            )
        default:
            print(help)
            exit(2)
        }
        exit(passed ? 0 : 1)
    }
}

/// The memory of one key pair, one ciphertext and their secrets.
struct Buffers {
    let set: ParameterSet
    var seed = [UInt8](repeating: 0, count: ParameterSet.seedLength)
    var message = [UInt8](repeating: 0, count: ParameterSet.messageLength)
    var encapsulationKey: [UInt8]
    var decapsulationKey: [UInt8]
    var ciphertext: [UInt8]
    var secret = [UInt8](repeating: 0, count: ParameterSet.sharedSecretLength)

    init(_ set: ParameterSet) {
        self.set = set
        encapsulationKey = [UInt8](repeating: 0, count: set.encapsulationKeyLength)
        decapsulationKey = [UInt8](repeating: 0, count: set.decapsulationKeyLength)
        ciphertext = [UInt8](repeating: 0, count: set.ciphertextLength)
    }

    mutating func generate() {
        set.generate(seed, &encapsulationKey, &decapsulationKey)
    }

    mutating func encapsulate() {
        set.encapsulate(encapsulationKey, message, &ciphertext, &secret)
    }

    mutating func decapsulate() {
        set.decapsulate(ciphertext, decapsulationKey, &secret)
    }
}

/// The operations over arrays; bytes are our own, so that none is refused.
extension ParameterSet {
    func generate(_ seed: [UInt8], _ encapsulationKey: inout [UInt8], _ decapsulationKey: inout [UInt8]) {
        var first = encapsulationKey.mutableSpan
        var second = decapsulationKey.mutableSpan
        generateKey(seed: seed.span, encapsulationKey: &first, decapsulationKey: &second)
    }

    func encapsulate(_ key: [UInt8], _ message: [UInt8], _ ciphertext: inout [UInt8], _ secret: inout [UInt8]) {
        var first = ciphertext.mutableSpan
        var second = secret.mutableSpan
        do {
            try encapsulate(to: key.span, message: message.span, ciphertext: &first, sharedSecret: &second)
        } catch {
            fatalError("a key of our own was refused")
        }
    }

    func encapsulateWithoutWiping(
        _ key: [UInt8],
        _ message: [UInt8],
        _ ciphertext: inout [UInt8],
        _ secret: inout [UInt8]
    ) {
        var first = ciphertext.mutableSpan
        var second = secret.mutableSpan
        encapsulateUnchecked(key.span, message.span, &first, &second)
    }

    func decapsulate(_ ciphertext: [UInt8], _ key: [UInt8], _ secret: inout [UInt8]) {
        var bytes = secret.mutableSpan
        do {
            try decapsulate(ciphertext.span, with: key.span, sharedSecret: &bytes)
        } catch {
            fatalError("a ciphertext of our own was refused")
        }
    }
}

/// Random numbers that are the same in every run.
struct Draw: ~Copyable {
    private var sponge = Sponge(.shake128)

    init(_ name: String) {
        for byte in name.utf8 { sponge.absorb(byte) }
        sponge.finish()
    }

    mutating func fill(_ bytes: inout [UInt8]) {
        var span = bytes.mutableSpan
        sponge.squeeze(into: &span, at: 0, count: span.count)
    }

    mutating func bytes(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        fill(&bytes)
        return bytes
    }

    /// The numbers below `count`, which is at most 65 536, in any order.
    mutating func permutation(of count: Int) -> [Int] {
        var numbers = Array(0..<count)
        for last in (1..<count).reversed() {
            let two = bytes(2)
            numbers.swapAt(last, (Int(two[0]) << 8 | Int(two[1])) % (last + 1))
        }
        return numbers
    }
}
