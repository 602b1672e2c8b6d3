// SPDX-License-Identifier: Apache-2.0

/// How a pre-shared key may be used (RFC 9846 §4.3.9).
struct PSKKeyExchangeMode: RawRepresentable, Hashable, Sendable {
    let rawValue: UInt8

    init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    static let psk = PSKKeyExchangeMode(rawValue: 0)
    static let pskWithDHE = PSKKeyExchangeMode(rawValue: 1)
}
