// SPDX-License-Identifier: Apache-2.0

import MLKEM

/// 10,000 keys with encapsulations, decapsulations and rejections, of random bytes; the hash over all results is the one that
/// https://c2sp.org/CCTV/ML-KEM publishes, made by the reference implementation.
enum RoundTrips {
    static func run() -> Bool {
        let hashes: [(ParameterSet, String)] = [
            (.mlKEM768, "f959d18d3d1180121433bf0e05f11e7908cf9d03edc150b2b07cb90bef5bc1c1"),
            (.mlKEM1024, "e3bf82b013307b2e9d47dde791ff6dfc82e694e6382404abdb948b908b75bad5"),
        ]
        return hashes.allSatisfy { set, hash in check(set, hash) }
    }

    private static func check(_ set: ParameterSet, _ expected: String) -> Bool {
        guard let digest = RoundTripResults.digest(of: set) else {
            print("round-trips: \(set): the sides disagree")
            return false
        }
        let text = digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        print("round-trips: \(set): 10000 \(text == expected ? "as published" : "give \(text)")")
        return text == expected
    }
}
