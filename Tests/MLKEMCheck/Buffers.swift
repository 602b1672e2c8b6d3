// SPDX-License-Identifier: Apache-2.0

import MLKEM

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
        guard encapsulateUnwiped(key.span, message.span, &first, &second) else {
            fatalError("a key of our own was refused")
        }
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
