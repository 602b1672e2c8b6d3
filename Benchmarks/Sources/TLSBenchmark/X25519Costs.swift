// SPDX-License-Identifier: Apache-2.0

import CBenchmarkPeer
import Curve25519

/// What one slice of our own operations of X25519 cost, in nanoseconds of each.
struct X25519Costs {
    /// A public key.
    var generate = 0.0
    /// The secret shared with a peer.
    var derive = 0.0
    /// Both at once, as a server does it that has the client's key when it makes its own.
    var respond = 0.0

    /// Runs so many of each. Private keys are drawn before the clock starts.
    init(count: Int) throws(BenchmarkFailure) {
        let privateKey = (0..<X25519.keyLength).map { _ in UInt8.random(in: 0...255) }
        let peerPrivateKey = (0..<X25519.keyLength).map { _ in UInt8.random(in: 0...255) }
        var peerKey = [UInt8](repeating: 0, count: X25519.keyLength)
        Self.generate(peerPrivateKey, &peerKey)
        var publicKeys = (peerKey, peerKey)
        var secrets = (peerKey, peerKey)
        var isRight = true
        let start = bench_read_meters().nanoseconds
        for _ in 0..<count { Self.generate(privateKey, &publicKeys.0) }
        let generated = bench_read_meters().nanoseconds
        for _ in 0..<count { isRight = Self.derive(privateKey, peerKey, &secrets.0) && isRight }
        let derived = bench_read_meters().nanoseconds
        for _ in 0..<count { isRight = Self.respond(privateKey, peerKey, &publicKeys.1, &secrets.1) && isRight }
        let end = bench_read_meters().nanoseconds
        guard isRight, publicKeys.0 == publicKeys.1, secrets.0 == secrets.1 else {
            throw BenchmarkFailure("our own X25519 failed")
        }
        generate = Double(generated - start) / Double(count)
        derive = Double(derived - generated) / Double(count)
        respond = Double(end - derived) / Double(count)
    }

    private static func generate(_ privateKey: [UInt8], _ publicKey: inout [UInt8]) {
        var bytes = publicKey.mutableSpan
        X25519.makePublicKey(of: privateKey.span, into: &bytes)
    }

    private static func derive(_ privateKey: [UInt8], _ peerKey: [UInt8], _ secret: inout [UInt8]) -> Bool {
        var bytes = secret.mutableSpan
        do {
            try X25519.agree(privateKey.span, with: peerKey.span, sharedSecret: &bytes)
            return true
        } catch {
            return false
        }
    }

    private static func respond(
        _ privateKey: [UInt8],
        _ peerKey: [UInt8],
        _ publicKey: inout [UInt8],
        _ secret: inout [UInt8]
    ) -> Bool {
        var first = publicKey.mutableSpan
        var second = secret.mutableSpan
        do {
            try X25519.respond(privateKey.span, to: peerKey.span, publicKey: &first, sharedSecret: &second)
            return true
        } catch {
            return false
        }
    }
}
