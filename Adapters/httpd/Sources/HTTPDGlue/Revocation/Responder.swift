// SPDX-License-Identifier: Apache-2.0
import CHTTPD
import HTTPDCore

/// Conversations with OCSP responders.
enum Responder {
    /// What has come of a reply, and what is wrong with it.
    private struct Progress {
        var reply = ResponderReply()
        /// How many bytes it has taken.
        var count = 0
        var error: DirectiveError?

        /// Lets the reply have what has come since; whether the conversation is over.
        mutating func take(_ piece: [UInt8]) -> Bool {
            count += piece.count
            do throws(DirectiveError) {
                try reply.take(piece.span)
            } catch {
                self.error = error
            }
            return reply.body != nil || error != nil
        }
    }

    /// Sends an HTTP request, and gives the body of the reply.
    ///
    /// - Parameters:
    ///   - address: Whom to ask.
    ///   - seconds: How long it may take.
    /// - Throws: Why there is no reply.
    static func ask(
        _ address: ResponderAddress,
        _ request: [UInt8],
        seconds: Int64,
        _ pool: Pool
    ) throws(DirectiveError) -> [UInt8] {
        var progress = Progress()
        var sentence: UnsafePointer<CChar>?
        _ = unsafe [UInt8](unsafeUninitializedCapacity: ResponderReply.maximumByteCount) { buffer, _ in
            guard let start = buffer.baseAddress else { return }
            let capacity = buffer.count
            _ = unsafe withUnsafeMutablePointer(to: &progress) { progress in
                unsafe tlsd_ask_responder(
                    pool.pointer,
                    address.host,
                    address.port,
                    request,
                    request.count,
                    start,
                    capacity,
                    seconds * 1_000_000,
                    { context, bytes, count in
                        guard let context = unsafe context else { return true }
                        let progress = unsafe context.assumingMemoryBound(to: Progress.self)
                        // A responder that drips bytes has each looked at once.
                        let seen = unsafe progress.pointee.count
                        let piece = unsafe Array(UnsafeBufferPointer(start: bytes + seen, count: count - seen))
                        return unsafe progress.pointee.take(piece)
                    },
                    progress,
                    &sentence
                )
            }
        }
        if let sentence = unsafe sentence { throw DirectiveError(unsafe String(cString: sentence)) }
        if let error = progress.error { throw error }
        try progress.reply.close()
        return progress.reply.body ?? []
    }
}
