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
    case nothingToShow
    case oddCertificate

    /// `STLS0001: sentence`.
    func line(_ sentence: String) -> String {
        let digits = String(rawValue)
        // httpd writes what is not ASCII as numbers.
        let isPlain = sentence.utf8.allSatisfy { $0 < 0x80 }
        let plain = isPlain ? sentence : String(sentence.map { "“”".contains($0) ? "'" : $0 })
        return "STLS\(String(repeating: "0", count: max(0, 4 - digits.utf8.count)))\(digits): \(plain)"
    }
}

/// Whether something of this level is written.
func isLogged(
    _ connection: UnsafeMutablePointer<conn_rec>,
    of server: UnsafeMutablePointer<server_rec>?,
    _ level: CInt
) -> Bool {
    guard let server = unsafe server ?? connection.pointee.base_server else { return false }
    return unsafe tlsd_logs_connection(connection, server, level)
}

/// Writes a message about a connection, to the log of `server` where one is said. `sentence` is evaluated only if the level is
/// logged.
func log(
    _ connection: UnsafeMutablePointer<conn_rec>,
    of server: UnsafeMutablePointer<server_rec>? = nil,
    _ event: Event,
    level: CInt,
    status: apr_status_t = APR_SUCCESS,
    _ sentence: @autoclosure () -> String
) {
    guard let server = unsafe server ?? connection.pointee.base_server,
        unsafe tlsd_logs_connection(connection, server, level)
    else { return }
    unsafe tlsd_log_connection(connection, server, level, status, event.line(sentence()))
}

/// Writes a message about a request, to the log of its virtual host. What administrators have to see is said once a
/// connection: see ``FilteredConnection/limited(_:)``.
func log(
    _ request: UnsafeMutablePointer<request_rec>,
    _ event: Event,
    level: CInt,
    _ sentence: @autoclosure () -> String
) {
    guard unsafe tlsd_logs_request(request, level) else { return }
    let level = unsafe limited(level, for: request)
    guard unsafe tlsd_logs_request(request, level) else { return }
    unsafe tlsd_log_request(request, level, APR_SUCCESS, event.line(sentence()))
}

/// The level at which something is said of a request, after what was said of its connection.
private func limited(_ level: CInt, for request: UnsafeMutablePointer<request_rec>) -> CInt {
    guard level <= APLOG_ERR, let record = unsafe request.pointee.connection else { return level }
    if let connection = unsafe Connection.of(record) { return connection.limited(level) }
    return unsafe tlsd_is_first_complaint(record.pointee.master ?? record) ? level : APLOG_INFO
}
