// SPDX-License-Identifier: Apache-2.0
import CHTTPD
import HTTPDCore
import SafeTLS
import Synchronization

/// The memory of 0-RTT data that all processes of a configuration share.
struct ReplayMemory: SharedWords {
    /// Makes it, in the parent, if any server takes 0-RTT data. False when there is none to be had.
    static func create(main: UnsafeMutablePointer<server_rec>, _ pool: Pool) -> Bool {
        var next = unsafe Optional(main)
        while let server = unsafe next {
            if unsafe ServerState.of(server)?.settings.policy?.takesEarlyData == true {
                return unsafe tlsd_replay_create(pool.pointer, ReplayRegisterLayout.words)
            }
            unsafe next = server.pointee.next
        }
        return true
    }

    var count: Int { tlsd_replay_count() }
    func load(_ index: Int) -> UInt64 { tlsd_replay_load(index) }
    func exchange(_ index: Int, from old: UInt64, to new: UInt64) -> Bool { tlsd_replay_exchange(index, old, new) }
}

extension Connection {
    /// Waits for the end of the handshake, which tells that the client itself is there: whether it came.
    func completeHandshake() -> Bool {
        guard phase != .early || flush() == APR_SUCCESS else { return false }
        while phase == .early {
            guard receiveAside() else { break }
        }
        return phase == .established
    }
}

/// Requests that come as 0-RTT data, which somebody else may have recorded and sent again (RFC 8470).
enum EarlyRequest {
    private static let note = "safetls-early-data"

    /// Lets a request pass that may be carried out twice, with the header that says what it is; has others wait for the end
    /// of the handshake (RFC 8470 §3). That cannot be done for HTTP/2, whose requests have threads of their own: their
    /// clients are told to send them again.
    static func admit(_ request: UnsafeMutablePointer<request_rec>, _ connection: Connection) -> CInt {
        guard connection.isEarly.load(ordering: .acquiring), unsafe request.pointee.main == nil,
            unsafe request.pointee.prev == nil
        else { return OK }
        if unsafe mayComeTwice(request) {
            unsafe apr_table_set(request.pointee.headers_in, "Early-Data", "1")
            unsafe apr_table_set(request.pointee.notes, note, "1")
            return OK
        }
        if unsafe request.pointee.connection.pointee.master != nil {
            unsafe request.pointee.status_line = tlsd_too_early_line
            return tlsd_too_early
        }
        guard connection.completeHandshake() else {
            unsafe request.pointee.connection.pointee.aborted = 1
            return HTTP_BAD_REQUEST
        }
        return OK
    }

    /// Whether it does no harm that a request comes twice. Its host may be another one than that of the handshake, and what
    /// follows a request that ends HTTP is not looked at.
    private static func mayComeTwice(_ request: UnsafeMutablePointer<request_rec>) -> Bool {
        let method = unsafe request.pointee.method.map { unsafe String(cString: $0) } ?? ""
        return unsafe SafeMethods.contains(method) && !tlsd_has_body(request)
            && apr_table_get(request.pointee.headers_in, "Upgrade") == nil && !dropsMark(request)
            && ServerState.of(request.pointee.server)?.settings.policy?.takesEarlyData == true
    }

    /// Whether the client has proxies remove what says that a request is early (RFC 9110 §7.6.1): they must not (RFC 8470 §5.1).
    private static func dropsMark(_ request: UnsafeMutablePointer<request_rec>) -> Bool {
        let names = unsafe apr_table_get(request.pointee.headers_in, "Connection")
        return unsafe ap_find_token(request.pointee.pool, names, "Early-Data") != 0
    }

    /// Whether a request, or that which it comes from, was let pass before the end of the handshake.
    static func isMarked(_ request: UnsafeMutablePointer<request_rec>) -> Bool {
        var next = unsafe Optional(request)
        while let current = unsafe next {
            if unsafe apr_table_get(current.pointee.notes, note) != nil { return true }
            unsafe next = current.pointee.main ?? current.pointee.prev
        }
        return false
    }
}
