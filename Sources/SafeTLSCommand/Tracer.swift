// SPDX-License-Identifier: Apache-2.0

import SafeTLS
import SafeTLSSockets
import Synchronization

/// Writes what passes to standard error: records, and under each the messages in it. Nothing of what they contain is shown.
final class Tracer: Sendable {
    /// Messages that were written and are not in a record that was sent.
    private let unsent = Mutex<[ObservedMessage]>([])

    /// A message passes. Those that arrive are in the record that was shown last.
    func observe(_ message: ObservedMessage) {
        switch message.direction {
        case .received: note(Self.line(message))
        case .sent: unsent.withLock { $0.append(message) }
        }
    }

    /// A record passes.
    func observe(_ record: ObservedRecord) {
        let mark = record.isSent ? ">" : "<"
        note("\(mark) record \(record.type), \(record.length) bytes")
        guard record.isSent else { return }
        var left = record.length
        unsent.withLock { unsent in
            while left > 0, let message = unsent.first, Self.fits(message, record.type) {
                left -= message.length
                note(Self.line(unsent.removeFirst()))
            }
        }
    }

    private static func line(_ message: ObservedMessage) -> String {
        let mark = message.direction == .sent ? ">" : "<"
        return "\(mark)   \(message.kind), \(message.length) bytes\(message.isProtected ? ", encrypted" : "")"
    }

    /// Whether a message may be in a record of a type; encrypted ones of TLS 1.3 are in records of application data.
    private static func fits(_ message: ObservedMessage, _ type: ContentType) -> Bool {
        switch message.kind {
        case .changeCipherSpec: type == .changeCipherSpec
        case .alert: type == .alert || type == .applicationData && message.isProtected
        case .handshake, .helloRetryRequest:
            type == .handshake || type == .applicationData && message.isProtected
        }
    }
}
