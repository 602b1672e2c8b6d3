// SPDX-License-Identifier: Apache-2.0

import CMLKEMCheck
import Curve25519

/// What is checked of X25519; how, is said where the same is done with ML-KEM.
enum X25519Check {
    /// The memory of one exchange.
    struct Keys {
        var privateKey = [UInt8](repeating: 0, count: X25519.keyLength)
        var peer = [UInt8](repeating: 0, count: X25519.keyLength)
        var publicKey = [UInt8](repeating: 0, count: X25519.keyLength)
        var secret = [UInt8](repeating: 0, count: X25519.keyLength)

        mutating func generate() {
            X25519.generate(privateKey, &publicKey)
        }

        mutating func agree() {
            X25519.agree(privateKey, peer, &secret)
        }

        mutating func respond() {
            X25519.respond(privateKey, peer, &publicKey, &secret)
        }

        mutating func respondWithoutWiping() {
            X25519.multiplyBoth(privateKey, peer, &publicKey, &secret)
        }

        /// What the three multiplications give, without a look at it.
        mutating func multiply() -> [[UInt8]] {
            X25519.multiplyBase(privateKey, &publicKey)
            X25519.multiply(privateKey, peer, &secret)
            let results = [publicKey, secret]
            respondWithoutWiping()
            return results + [publicKey, secret]
        }
    }

    /// Runs the operations with the private key undefined.
    static func hasNoTraceOfSecrets(planting fault: SecretsCheck.Fault) -> Bool {
        var draw = Draw("X25519 secrets")
        var keys = Keys()
        draw.fill(&keys.privateKey)
        draw.fill(&keys.peer)
        var known = keys
        var hidden = keys.privateKey.mutableSpan
        check_make_secret(&hidden)
        let results = keys.multiply().map { result in
            SecretsCheck.plant(fault, result[5])
            var result = result.map { $0 }
            var span = result.mutableSpan
            check_make_public(&span)
            return result
        }
        guard results == known.multiply() else {
            print("secrets: X25519 gives something else")
            return false
        }
        print("secrets: X25519: public key, shared secret, both at once")
        return true
    }

    /// 10,000 random keys with random peers' keys, which are on the curve or on its twist: what libcrypto makes of them.
    static func agreesWithLibcrypto() -> Bool {
        var draw = Draw("X25519")
        var keys = Keys()
        for number in 0..<10_000 {
            draw.fill(&keys.privateKey)
            draw.fill(&keys.peer)
            var expected = keys.privateKey + keys.peer + [UInt8](repeating: 0, count: 64)
            var span = expected.mutableSpan
            let done = check_libcrypto_x25519(&span)
            keys.generate()
            keys.agree()
            let results = keys.publicKey + keys.secret
            keys.respond()
            guard done, results == Array(expected[64...]), results == keys.publicKey + keys.secret else {
                print("round-trips: X25519 and libcrypto's disagree in number \(number)")
                return false
            }
        }
        print("round-trips: X25519: 10000 as libcrypto has them")
        return true
    }
}

/// The operations over arrays; keys are our own, so that none is refused.
extension X25519 {
    fileprivate static func generate(_ privateKey: [UInt8], _ publicKey: inout [UInt8]) {
        var key = publicKey.mutableSpan
        makePublicKey(of: privateKey.span, into: &key)
    }

    fileprivate static func agree(_ privateKey: [UInt8], _ peer: [UInt8], _ secret: inout [UInt8]) {
        var bytes = secret.mutableSpan
        do {
            try agree(privateKey.span, with: peer.span, sharedSecret: &bytes)
        } catch {
            fatalError("a key of our own was refused")
        }
    }

    fileprivate static func respond(
        _ privateKey: [UInt8],
        _ peer: [UInt8],
        _ publicKey: inout [UInt8],
        _ secret: inout [UInt8]
    ) {
        var key = publicKey.mutableSpan
        var bytes = secret.mutableSpan
        do {
            try respond(privateKey.span, to: peer.span, publicKey: &key, sharedSecret: &bytes)
        } catch {
            fatalError("a key of our own was refused")
        }
    }

    fileprivate static func multiplyBase(_ privateKey: [UInt8], _ publicKey: inout [UInt8]) {
        var key = publicKey.mutableSpan
        multiplyBase(privateKey.span, &key)
    }

    fileprivate static func multiply(_ privateKey: [UInt8], _ peer: [UInt8], _ secret: inout [UInt8]) {
        var bytes = secret.mutableSpan
        multiply(privateKey.span, peer.span, &bytes)
    }

    fileprivate static func multiplyBoth(
        _ privateKey: [UInt8],
        _ peer: [UInt8],
        _ publicKey: inout [UInt8],
        _ secret: inout [UInt8]
    ) {
        var key = publicKey.mutableSpan
        var bytes = secret.mutableSpan
        multiplyBoth(privateKey.span, peer.span, &key, &bytes)
    }
}
