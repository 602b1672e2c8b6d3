// SPDX-License-Identifier: Apache-2.0

import CMLKEMCheck
import Curve25519
import MLKEM

/// Looks through the stack that an operation ran on for its secrets.
///
/// The secrets are looked for in the forms that the operations have them in: as bytes, and as 16-bit coefficients.
enum StackCheck {
    static func run() -> Bool {
        var passed = true
        for set in ParameterSet.allCases {
            let secrets = secrets(of: set)
            // That the search finds what is there: an operation that does not wipe.
            let leaky: Bool
            switch set {
            case .mlKEM768: leaky = check_run_on_own_stack { StackCheck.unwiped(.mlKEM768) }
            case .mlKEM1024: leaky = check_run_on_own_stack { StackCheck.unwiped(.mlKEM1024) }
            }
            if !leaky || found(secrets).isEmpty {
                print("stack: the search finds nothing where nothing is wiped")
                passed = false
            }
            let depth = check_stack_depth()
            let done: Bool
            switch set {
            case .mlKEM768: done = check_run_on_own_stack { StackCheck.operations(.mlKEM768) }
            case .mlKEM1024: done = check_run_on_own_stack { StackCheck.operations(.mlKEM1024) }
            }
            let left = found(secrets)
            for name in left { print("stack: \(set) leaves \(name)") }
            passed = passed && done && left.isEmpty
            print("stack: \(set): \(left.count) of \(secrets.count) secrets left, \(depth) bytes used")
        }
        return checkX25519() && passed
    }

    private static func checkX25519() -> Bool {
        let secrets = secretsOfX25519()
        guard check_run_on_own_stack({ StackCheck.unwipedX25519() }), !found(secrets).isEmpty else {
            print("stack: the search finds nothing where X25519 does not wipe")
            return false
        }
        let depth = check_stack_depth()
        let done = check_run_on_own_stack { StackCheck.operationsOfX25519() }
        let left = found(secrets)
        for name in left { print("stack: X25519 leaves \(name)") }
        print("stack: X25519: \(left.count) of \(secrets.count) secrets left, \(depth) bytes used")
        return done && left.isEmpty
    }

    private static func preparedX25519() -> X25519Check.Keys {
        var draw = Draw("X25519 stack")
        var keys = X25519Check.Keys()
        draw.fill(&keys.privateKey)
        draw.fill(&keys.peer)
        return keys
    }

    @inline(never)
    private static func operationsOfX25519() {
        var keys = preparedX25519()
        keys.generate()
        keys.agree()
        keys.respond()
    }

    @inline(never)
    private static func unwipedX25519() {
        var keys = preparedX25519()
        keys.respondWithoutWiping()
    }

    /// The private key in the forms that it is used in, and the shared secret as bytes and as limbs.
    private static func secretsOfX25519() -> [(String, [UInt8])] {
        var keys = preparedX25519()
        keys.agree()
        var scalar = keys.privateKey
        scalar[0] &= 0xF8
        scalar[31] = scalar[31] & 0x7F | 0x40
        var sum = scalar
        var carry = 0
        for i in sum.indices {
            let next = Int(sum[i]) + (i < 31 ? 0x88 : 0x08) + carry
            (sum[i], carry) = (UInt8(next & 0xFF), next >> 8)
        }
        var limbs: [UInt8] = []
        for limb in 0..<5 {
            let bits =
                (51 * limb..<51 * limb + 51).map { keys.secret[$0 / 8] >> UInt8($0 % 8) & 1 }
                + [UInt8](repeating: 0, count: 13)
            for byte in 0..<8 { limbs.append((0..<8).reduce(0) { $0 | bits[8 * byte + $1] << UInt8($1) }) }
        }
        return [
            ("the private key", keys.privateKey), ("the scalar", scalar), ("the scalar's digits", sum),
            ("the shared secret", keys.secret), ("the shared secret's limbs", limbs),
        ]
    }

    private static func found(_ secrets: [(String, [UInt8])]) -> [String] {
        secrets.filter { _, bytes in check_stack_has(bytes.span) }.map(\.0)
    }

    private static func prepared(_ set: ParameterSet) -> Buffers {
        var draw = Draw("stack")
        var buffers = Buffers(set)
        draw.fill(&buffers.seed)
        draw.fill(&buffers.message)
        return buffers
    }

    @inline(never)
    private static func operations(_ set: ParameterSet) {
        var buffers = prepared(set)
        buffers.generate()
        buffers.encapsulate()
        buffers.decapsulate()
        // The caller's memory is the caller's: wiped here, since the allocator may keep it.
        buffers.ciphertext[3] ^= 1
        buffers.decapsulate()
    }

    @inline(never)
    private static func unwiped(_ set: ParameterSet) {
        var buffers = prepared(set)
        buffers.generate()
        set.encapsulateWithoutWiping(
            buffers.encapsulationKey,
            buffers.message,
            &buffers.ciphertext,
            &buffers.secret
        )
    }

    private static func secrets(of set: ParameterSet) -> [(String, [UInt8])] {
        var buffers = prepared(set)
        buffers.generate()
        var matrixSeed = InlineArray<32, UInt8>(repeating: 0)
        var noiseSeed = InlineArray<32, UInt8>(repeating: 0)
        set.expand(buffers.seed.span.extracting(first: 32), matrixSeed: &matrixSeed, noiseSeed: &noiseSeed)
        buffers.encapsulate()
        let digest = hash(.sha3256, buffers.encapsulationKey, 32)
        let derived = hash(.sha3512, buffers.message + digest, 64)
        let noise = noiseSeed.indices.map { noiseSeed[$0] }
        var secrets = [
            ("the seed", buffers.seed), ("the seed of the noise", noise), ("the message", buffers.message),
            ("the shared secret", buffers.secret), ("the seed of the encryption", Array(derived[32...])),
        ]
        let packed = Array(buffers.decapsulationKey.prefix(set.vectorLength))
        secrets.append(("the secret vector in the key's encoding", packed))
        secrets.append(("the secret vector", coefficients(packed, centred: true)))
        secrets.append(("the secret vector from 0 on", coefficients(packed, centred: false)))
        for counter in 0..<4 as Range<UInt8> {
            secrets.append(("the noise \(counter)", hash(.shake256, noise + [counter], 128)))
            secrets.append(("the randomness \(counter)", hash(.shake256, Array(derived[32...]) + [counter], 128)))
        }
        return secrets
    }

    private static func hash(_ function: KeccakFunction, _ message: [UInt8], _ count: Int) -> [UInt8] {
        var sponge = Sponge(function)
        sponge.absorb(message.span)
        sponge.finish()
        var output = [UInt8](repeating: 0, count: count)
        var span = output.mutableSpan
        sponge.squeeze(into: &span, at: 0, count: count)
        return output
    }

    /// Numbers of 12 bits as 16-bit numbers of this machine.
    private static func coefficients(_ packed: [UInt8], centred: Bool) -> [UInt8] {
        var bytes: [UInt8] = []
        for start in stride(from: 0, to: packed.count, by: 3) {
            let first = Int16(packed[start]) | Int16(packed[start + 1] & 15) << 8
            let second = Int16(packed[start + 1] >> 4) | Int16(packed[start + 2]) << 4
            for var number in [first, second] {
                if centred && number > 1664 { number -= 3329 }
                let bits = UInt16(bitPattern: number).littleEndian
                bytes += [UInt8(bits & 0xFF), UInt8(bits >> 8)]
            }
        }
        return bytes
    }
}
