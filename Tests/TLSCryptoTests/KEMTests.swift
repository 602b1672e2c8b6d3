// SPDX-License-Identifier: Apache-2.0

import MLKEM
import Testing

@testable import TLSCrypto

@Suite struct `ML-KEM of libcrypto and our own` {
    static let seed = (0..<64).map { UInt8($0 * 3) }
    static let message = (0..<32).map { UInt8($0 * 5 + 1) }

    @Test func `Our own is used, and another provider's where it does the same`() {
        #expect(KEMImplementation.preferred == .own)
        #expect(NativeKEM.isOfDefaultProvider == NativeKEM.isAvailable)
        #expect(NativeKEM.isAvailable == (LibcryptoVersion.number >= 0x3050_0000))
        #expect(ErrorQueue.isEmpty)
        func choice(_ isOfAnotherProvider: Bool, _ agreeing: Set<ParameterSet>) -> KEMImplementation {
            .preferred(isOfAnotherProvider: isOfAnotherProvider) { agreeing.contains($0) }
        }
        #expect(choice(true, [.mlKEM768, .mlKEM1024]) == .libcrypto)
        #expect(choice(true, [.mlKEM768]) == .own)
        #expect(choice(true, [.mlKEM1024]) == .own)
        #expect(choice(false, [.mlKEM768, .mlKEM1024]) == .own)
    }

    @Test func `libcrypto's and ours agree where it has one`() {
        for set in ParameterSet.allCases { #expect(KEMImplementation.agree(set) == NativeKEM.isAvailable) }
        #expect(ErrorQueue.isEmpty)
    }

    /// Those that are here.
    static let available: [KEMImplementation] = NativeKEM.isAvailable ? [.own, .libcrypto] : [.own]

    @Test(arguments: ParameterSet.allCases) func `All make the same keys, ciphertexts and secrets`(_ set: ParameterSet)
        throws
    {
        var results: Set<[[UInt8]]> = []
        for maker in Self.available {
            for peer in Self.available {
                let key = try KEMPrivateKey(set, random: PreparedRandomSource(Self.seed), by: maker)
                let publicKey = key.publicKey
                let encapsulation = try Encapsulation.encapsulate(
                    set,
                    to: publicKey.span,
                    random: PreparedRandomSource(Self.message),
                    by: peer
                )
                let ciphertext = encapsulation.ciphertext
                let theirs = array(encapsulation.takeSharedSecret())
                let ours = array(try key.decapsulate(ciphertext.span))
                #expect(ours == theirs)
                var corrupted = ciphertext
                corrupted[corrupted.count - 1] ^= 0x80
                let rejected = array(try key.decapsulate(corrupted.span))
                #expect(rejected != ours && rejected.count == 32)
                results.insert([publicKey, ciphertext, ours, rejected])
            }
        }
        #expect(results.count == 1)
        #expect(ErrorQueue.isEmpty)
    }

    @Test(arguments: ParameterSet.allCases) func `Random keys agree across implementations`(_ set: ParameterSet) throws
    {
        for _ in 0..<10 {
            for (maker, peer) in [(Self.available[0], Self.available.last), (Self.available.last, Self.available[0])] {
                let key = try KEMPrivateKey(set, random: SystemRandomSource(), by: maker ?? .own)
                let publicKey = key.publicKey
                let encapsulation = try Encapsulation.encapsulate(
                    set,
                    to: publicKey.span,
                    random: SystemRandomSource(),
                    by: peer ?? .own
                )
                let ciphertext = encapsulation.ciphertext
                let theirs = array(encapsulation.takeSharedSecret())
                let ours = array(try key.decapsulate(ciphertext.span))
                #expect(ours == theirs)
            }
        }
    }

    static let combinations = ParameterSet.allCases.flatMap { set in available.map { (set, $0) } }

    /// The error of an encapsulation.
    static func refusal(of key: [UInt8], _ set: ParameterSet, by implementation: KEMImplementation) -> CryptoError? {
        do {
            _ = try Encapsulation.encapsulate(set, to: key.span, random: SystemRandomSource(), by: implementation)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: combinations)
    func `Malformed keys and ciphertexts are the peer's fault`(_ set: ParameterSet, _ implementation: KEMImplementation)
        throws
    {
        let key = try KEMPrivateKey(set, random: SystemRandomSource(), by: implementation)
        let good = key.publicKey
        #expect(Self.refusal(of: good, set, by: implementation) == nil)
        var unreduced = good
        unreduced[0] = 0x01
        unreduced[1] = unreduced[1] & 0xF0 | 0x0D
        for bad in [[], Array(good.dropLast()), good + [0], unreduced] {
            #expect(Self.refusal(of: bad, set, by: implementation) == .invalidPeerKey)
            #expect(ErrorQueue.isEmpty)
        }
        for length in [0, set.ciphertextLength - 1, set.ciphertextLength + 1] {
            let ciphertext = [UInt8](repeating: 7, count: length)
            do {
                _ = try key.decapsulate(ciphertext.span)
                Issue.record("A ciphertext of \(length) bytes was taken")
            } catch {
                #expect(error == .invalidPeerKey)
            }
        }
        #expect(ErrorQueue.isEmpty)
    }
}
