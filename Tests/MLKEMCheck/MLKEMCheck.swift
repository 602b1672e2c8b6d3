// SPDX-License-Identifier: Apache-2.0

import CMLKEMCheck
import Glibc

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
