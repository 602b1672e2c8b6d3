// SPDX-License-Identifier: Apache-2.0

import MLKEM
import Testing

@testable import TLSCrypto

@Suite struct `Combinations with ML-KEM` {
    static let groups = KeyExchangeGroup.allCases.filter(\.isHybrid)

    /// RFC 10024: the lengths of a client's share, a server's, and the secret.
    @Test func `Lengths`() {
        let lengths = Self.groups.map { [$0.publicKeyLength, $0.responseLength, $0.sharedSecretLength] }
        #expect(lengths == [[1216, 1120, 64], [1249, 1153, 64], [1665, 1665, 80]])
        #expect(KeyExchangeGroup.allCases.filter { !$0.isHybrid }.allSatisfy { $0.classicalGroup == $0 })
    }

    /// Parts made by themselves, put together by hand in the order of RFC 10024.
    @Test(arguments: groups) func `Shares and secrets are the parts' in their order`(_ group: KeyExchangeGroup) throws {
        let set: ParameterSet = group == .secp384r1MLKEM1024 ? .mlKEM1024 : .mlKEM768
        let scalarLength = group == .secp384r1MLKEM1024 ? 48 : 32
        let (seed, message) = ((0..<64).map { UInt8($0) }, (0..<32).map { UInt8(200 - $0) })
        let scalars = [[UInt8](repeating: 0x21, count: scalarLength), [UInt8](repeating: 0x43, count: scalarLength)]

        let kem = try KEMPrivateKey(set, random: PreparedRandomSource(seed), by: .own)
        let encapsulationKey = kem.publicKey
        let encapsulation = try Encapsulation.encapsulate(
            set,
            to: encapsulationKey.span,
            random: PreparedRandomSource(message),
            by: .own
        )
        let ciphertext = encapsulation.ciphertext
        let kemSecret = array(encapsulation.takeSharedSecret())
        let first = try KeyExchangePrivateKey(group.classicalGroup, random: PreparedRandomSource(scalars[0]))
        let second = try KeyExchangePrivateKey(group.classicalGroup, random: PreparedRandomSource(scalars[1]))
        let (firstKey, secondKey) = (first.publicKey, second.publicKey)
        let classicalSecret = array(try first.sharedSecret(with: secondKey.span))
        func ordered(_ kem: [UInt8], _ classical: [UInt8]) -> [UInt8] {
            group == .x25519MLKEM768 ? kem + classical : classical + kem
        }

        let client = try KeyExchangePrivateKey(group, random: PreparedRandomSource(seed, scalars[0]))
        let (share, classicalShare) = (client.publicKey, client.classicalPublicKey)
        #expect(share == ordered(encapsulationKey, firstKey))
        #expect(classicalShare == firstKey)
        let response = try KeyExchangeResponse.respond(
            to: share.span,
            group: group,
            random: PreparedRandomSource(message, scalars[1])
        )
        let answer = response.publicKey
        #expect(answer == ordered(ciphertext, secondKey))
        let ours = array(try client.sharedSecret(with: answer.span))
        let theirs = array(response.takeSharedSecret())
        #expect(ours == ordered(kemSecret, classicalSecret))
        #expect(theirs == ours && ours.count == group.sharedSecretLength)
        #expect(ErrorQueue.isEmpty)
    }

    @Test(arguments: groups) func `One key serves the classical group alone, too`(_ group: KeyExchangeGroup) throws {
        let client = try KeyExchangePrivateKey(group, random: SystemRandomSource())
        let share = client.classicalPublicKey
        let response = try KeyExchangeResponse.respond(
            to: share.span,
            group: group.classicalGroup,
            random: SystemRandomSource()
        )
        let answer = response.publicKey
        let ours = array(try client.classicalSharedSecret(with: answer.span))
        let theirs = array(response.takeSharedSecret())
        #expect(ours == theirs)
    }

    /// The error of a server that gets this share.
    static func refusal(of share: [UInt8], _ group: KeyExchangeGroup) -> CryptoError? {
        do {
            _ = try KeyExchangeResponse.respond(to: share.span, group: group, random: SystemRandomSource())
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: groups) func `Malformed shares of clients are refused`(_ group: KeyExchangeGroup) throws {
        let client = try KeyExchangePrivateKey(group, random: SystemRandomSource())
        let good = client.publicKey
        let kemFirst = group == .x25519MLKEM768
        #expect(Self.refusal(of: good, group) == nil)
        let classicalLength = group.classicalGroup.publicKeyLength
        let (kemStart, classicalStart) = kemFirst ? (0, good.count - classicalLength) : (classicalLength, 0)
        var unreduced = good
        unreduced[kemStart] = 0xFF
        unreduced[kemStart + 1] |= 0x0F
        var zero = good
        for i in 0..<classicalLength { zero[classicalStart + i] = 0 }
        let swapped = Array(good[classicalLength...] + good[..<classicalLength])
        for bad in [[], [4], Array(good.dropLast()), good + [0], unreduced, zero] + (kemFirst ? [] : [swapped]) {
            #expect(Self.refusal(of: bad, group) == .invalidPeerKey)
            #expect(ErrorQueue.isEmpty)
        }
    }

    @Test(arguments: groups) func `Malformed shares of servers are refused`(_ group: KeyExchangeGroup) throws {
        func refusal(_ change: (inout [UInt8]) -> Void) throws -> CryptoError? {
            let client = try KeyExchangePrivateKey(group, random: SystemRandomSource())
            let share = client.publicKey
            let response = try KeyExchangeResponse.respond(to: share.span, group: group, random: SystemRandomSource())
            var answer = response.publicKey
            change(&answer)
            let theirs = array(response.takeSharedSecret())
            do {
                let ours = array(try client.sharedSecret(with: answer.span))
                #expect(ours != theirs)
                return nil
            } catch {
                return error
            }
        }
        let classicalLength = group.classicalGroup.publicKeyLength
        #expect(try refusal { $0.removeLast() } == .invalidPeerKey)
        #expect(try refusal { $0.append(0) } == .invalidPeerKey)
        #expect(try refusal { $0 = [] } == .invalidPeerKey)
        #expect(
            try refusal { answer in
                let start = group == .x25519MLKEM768 ? answer.count - classicalLength : 0
                for i in 0..<classicalLength { answer[start + i] = 0 }
            } == .invalidPeerKey
        )
        // A ciphertext that nobody made gives another secret, and the handshake fails at its Finished message.
        #expect(try refusal { $0[group == .x25519MLKEM768 ? 0 : classicalLength] ^= 1 } == nil)
        #expect(ErrorQueue.isEmpty)
    }

    @Test func `Hybrid groups are not for signatures`() {
        let point = [UInt8](repeating: 4, count: 65)
        for group in Self.groups {
            #expect(failure { () throws(CryptoError) in try PublicKey(ecdsaPoint: point.span, group: group) } != nil)
        }
    }
}
