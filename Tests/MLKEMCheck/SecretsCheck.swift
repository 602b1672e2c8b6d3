// SPDX-License-Identifier: Apache-2.0

import CMLKEMCheck
import MLKEM

/// Runs every operation with what is secret marked as undefined for valgrind's memcheck, which then complains where a branch
/// or an address depends on it. What a peer or an eavesdropper sees is marked as defined again: the seed of the matrix, the
/// encapsulation key, the ciphertext.
enum SecretsCheck {
    /// What is done wrong on purpose, to see that it is found.
    enum Fault { case nothing, branch, index }

    static func run(planting fault: Fault, onlyX25519: Bool = false) -> Bool {
        guard check_has_memcheck() else {
            print("secrets: this has to run under valgrind, and be compiled with its headers")
            return false
        }
        for set in ParameterSet.allCases where !onlyX25519 {
            guard check(set, fault) else { return false }
        }
        return X25519Check.hasNoTraceOfSecrets(planting: onlyX25519 ? fault : .nothing)
    }

    private static func hide(_ bytes: inout [UInt8]) {
        var span = bytes.mutableSpan
        check_make_secret(&span)
    }

    private static func publish(_ bytes: inout [UInt8]) {
        var span = bytes.mutableSpan
        check_make_public(&span)
    }

    private static func check(_ set: ParameterSet, _ fault: Fault) -> Bool {
        var draw = Draw("secrets")
        var buffers = Buffers(set)
        draw.fill(&buffers.seed)
        draw.fill(&buffers.message)
        hide(&buffers.seed)
        makeKey(&buffers)
        plant(fault, buffers.decapsulationKey[5])

        hide(&buffers.message)
        buffers.encapsulate()
        var expected = buffers.secret
        publish(&buffers.ciphertext)
        buffers.decapsulate()
        publish(&expected)
        publish(&buffers.secret)
        guard buffers.secret == expected else {
            print("secrets: the sides disagree")
            return false
        }

        buffers.ciphertext[7] ^= 1
        buffers.decapsulate()
        publish(&buffers.secret)
        guard buffers.secret != expected else {
            print("secrets: a corrupted ciphertext gave the secret")
            return false
        }
        print("secrets: \(set): key, encapsulation, decapsulation, rejection")
        return true
    }

    /// The parts of a key's generation, between which the seed of the matrix becomes public.
    private static func makeKey(_ buffers: inout Buffers) {
        let set = buffers.set
        var matrixSeed = InlineArray<32, UInt8>(repeating: 0)
        var noiseSeed = InlineArray<32, UInt8>(repeating: 0)
        set.expand(buffers.seed.span.extracting(first: 32), matrixSeed: &matrixSeed, noiseSeed: &noiseSeed)
        var seedSpan = matrixSeed.mutableSpan
        check_make_public(&seedSpan)
        var encapsulationKey = buffers.encapsulationKey
        var decapsulationKey = buffers.decapsulationKey
        var first = encapsulationKey.mutableSpan
        var second = decapsulationKey.mutableSpan
        set.makeKey(
            matrixSeed: matrixSeed.span,
            noiseSeed: noiseSeed.span,
            encapsulationKey: &first,
            decapsulationKey: &second
        )
        check_make_public(&first)
        set.complete(
            &second,
            encapsulationKey: first.span,
            rejectionSeed: buffers.seed.span.extracting(last: 32)
        )
        (buffers.encapsulationKey, buffers.decapsulationKey) = (encapsulationKey, decapsulationKey)
    }

    static func plant(_ fault: Fault, _ secret: UInt8) {
        switch fault {
        case .nothing: break
        case .branch: if secret & 1 == 1 { report("odd") } else { report("even") }
        case .index: report(["a", "b", "c", "d"][Int(secret & 3)])
        }
    }

    @inline(never)
    private static func report(_ word: StaticString) {
        print("secrets: planted:", word.utf8CodeUnitCount)
    }
}
