// SPDX-License-Identifier: Apache-2.0

import CMLKEMCheck
import Curve25519
import Testing

@Suite struct `X25519 of libcrypto and our own` {
    /// `make round-trips` compares ten thousand.
    @Test func `Random keys give the same`() throws {
        var draw = Draw(6)
        for _ in 0..<300 {
            let (key, peer) = (draw.key(), draw.key())
            var theirs = key + peer + [UInt8](repeating: 0, count: 64)
            var bytes = theirs.mutableSpan
            let done = check_libcrypto_x25519(&bytes)
            #expect(done)
            #expect(X25519.publicKey(of: key) == Array(theirs[64..<96]))
            #expect(try X25519.secret(key, with: peer) == Array(theirs[96...]))
        }
    }
}
