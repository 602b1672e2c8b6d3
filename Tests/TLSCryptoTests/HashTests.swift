// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import TLSCrypto

@Suite("Hashes")
struct HashTests {
    /// FIPS 180-4 examples: the digests of "abc".
    static let abc: [(HashAlgorithm, String)] = [
        (.sha1, "a9993e364706816aba3e25717850c26c9cd0d89d"),
        (.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            .sha384,
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"
        ),
        (
            .sha512,
            """
            ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a
            2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f
            """
        ),
    ]

    @Test(arguments: abc)
    func digestsOfABC(algorithm: HashAlgorithm, digest: String) throws {
        let result = try HashState.hash(algorithm, Array("abc".utf8).span)
        #expect(array(result) == hex(digest))
        #expect(result.count == algorithm.digestLength)
    }

    @Test(arguments: abc)
    func currentDigestLeavesTheHashGoing(algorithm: HashAlgorithm, digest: String) throws {
        var state = try HashState(algorithm)
        state.update(Array("a".utf8).span)
        let before = array(try state.currentDigest())
        #expect(array(try state.currentDigest()) == before)
        state.update([UInt8]().span)
        state.update(Array("bc".utf8).span)
        #expect(array(try state.currentDigest()) == hex(digest))
        #expect(before != hex(digest))
    }

    @Test(arguments: abc)
    func copiesGoTheirOwnWays(algorithm: HashAlgorithm, digest: String) throws {
        var first = try HashState(algorithm)
        first.update(Array("ab".utf8).span)
        var second = try first.copy()
        first.update(Array("c".utf8).span)
        second.update(Array("x".utf8).span)
        #expect(array(try first.currentDigest()) == hex(digest))
        #expect(array(try second.currentDigest()) == array(try HashState.hash(algorithm, Array("abx".utf8).span)))
    }

    @Test("Any division of the input gives the same digest")
    func divisions() throws {
        let input = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        for algorithm in [HashAlgorithm.sha256, .sha384, .sha512] {
            let whole = array(try HashState.hash(algorithm, input.span))
            for step in [1, 63, 64, 65, 127, 128, 129, 999] {
                var state = try HashState(algorithm)
                var start = 0
                while start < input.count {
                    let end = min(start + step, input.count)
                    state.update(input.span.extracting(start..<end))
                    start = end
                }
                #expect(array(try state.currentDigest()) == whole, "\(algorithm), step \(step)")
            }
        }
    }
}
