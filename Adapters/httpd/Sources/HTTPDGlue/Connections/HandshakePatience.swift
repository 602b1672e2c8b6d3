// SPDX-License-Identifier: Apache-2.0
import CHTTPD
import Synchronization

/// How many threads of a process wait for clients, and how long a handshake keeps its thread with an MPM that could take it
/// back.
///
/// A thread given up costs two changes of threads, and httpd closes connections that wait without one when their
/// process ends, as in each graceful restart. So a few threads of each process wait for their clients, but not for
/// long; the many slow ones of an attack wait without.
final class HandshakePatience: Sendable {
    static let shared = HandshakePatience()

    /// Microseconds; most clients answer within a few round trips.
    private static let longest: apr_interval_time_t = 1_000_000

    private let waiting = Atomic(0)

    /// Has this thread wait for a client, unless as many wait as may: whether it did.
    func ifFewWait(_ wait: () -> Void) -> Bool {
        defer { waiting.subtract(1, ordering: .relaxed) }
        // One in four leaves enough for those who have something to do.
        guard waiting.add(1, ordering: .relaxed).newValue <= max(1, Int(tlsd_mpm_threads()) / 4) else { return false }
        wait()
        return true
    }

    /// Goes on with the handshake while the client keeps sending: the status of the last read.
    func wait(for connection: Connection, _ record: UnsafeMutablePointer<conn_rec>) -> apr_status_t {
        var status = tlsd_again
        _ = ifFewWait {
            while connection.phase == .handshake, tlsd_is_again(status), unsafe tlsd_client_sends(record, Self.longest)
            {
                status = connection.fill(blocking: false, handshakeOnly: true)
            }
        }
        if connection.phase == .handshake, tlsd_is_again(status), tlsd_mpm_is_stopping() {
            status = connection.fill(blocking: true, handshakeOnly: true)
        }
        return status
    }
}
