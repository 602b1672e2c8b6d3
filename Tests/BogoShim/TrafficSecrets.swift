// SPDX-License-Identifier: Apache-2.0

import SafeTLS
import Synchronization

/// Catches the first application traffic secrets from the key log.
final class TrafficSecrets: KeyLog {
    static let shared = TrafficSecrets()

    private let secrets = Mutex<[String: [UInt8]]>([:])

    func log(_ line: String) {
        let fields = line.split(separator: " ")
        guard fields.count == 3 else { return }
        let digits = fields[2].utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
        let bytes = stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
        secrets.withLock { $0[String(fields[0])] = bytes }
    }

    var client: [UInt8]? { secrets.withLock { $0["CLIENT_TRAFFIC_SECRET_0"] } }
    var server: [UInt8]? { secrets.withLock { $0["SERVER_TRAFFIC_SECRET_0"] } }
}
