// SPDX-License-Identifier: Apache-2.0
import CHTTPD

/// The module's messages, each with a number that stays.
enum Event: Int {
    case handshakeFailed = 1
    case clientLeft
    case truncated
    case recordRefused
    case plainHTTP
    case misdirected
    case noServerName
    case configuration
    case shortFile
    case outOfMemory
    case accessForbidden
    case clientCertificate
    case proxyFailed
    case reload
    case stapling
    case challenge
    case cacheLocked

    /// `STLS0001: sentence`.
    func line(_ sentence: String) -> String {
        let digits = String(rawValue)
        // httpd writes what is not ASCII as numbers.
        let plain = String(sentence.map { "“”".contains($0) ? "'" : $0 })
        return "STLS\(String(repeating: "0", count: max(0, 4 - digits.utf8.count)))\(digits): \(plain)"
    }
}

/// Writes a message about a connection. `sentence` is evaluated only if the level is logged.
func log(
    _ connection: UnsafeMutablePointer<conn_rec>,
    _ event: Event,
    level: CInt,
    status: apr_status_t = APR_SUCCESS,
    _ sentence: @autoclosure () -> String
) {
    guard unsafe tlsd_logs_connection(connection, level) else { return }
    unsafe tlsd_log_connection(connection, level, status, event.line(sentence()))
}
