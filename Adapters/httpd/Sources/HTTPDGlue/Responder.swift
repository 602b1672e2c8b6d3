// SPDX-License-Identifier: Apache-2.0
import CHTTPD
import HTTPDCore

/// Conversations with OCSP responders.
enum Responder {
    /// What has come of a reply, and what is wrong with it.
    private struct Progress {
        var body: [UInt8]?
        var error: DirectiveError?
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
        let reply = unsafe [UInt8](unsafeUninitializedCapacity: ResponderReply.maximumByteCount) { buffer, length in
            guard let start = buffer.baseAddress else { return }
            let capacity = buffer.count
            let count = unsafe withUnsafeMutablePointer(to: &progress) { progress in
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
                        let bytes = unsafe Array(UnsafeBufferPointer(start: bytes, count: count))
                        unsafe Responder.look(at: bytes, isClosed: false, &progress.pointee)
                        return unsafe progress.pointee.body != nil || progress.pointee.error != nil
                    },
                    progress,
                    &sentence
                )
            }
            length = max(count, 0)
        }
        if let sentence = unsafe sentence { throw DirectiveError(unsafe String(cString: sentence)) }
        if progress.body == nil, progress.error == nil { look(at: reply, isClosed: true, &progress) }
        if let error = progress.error { throw error }
        return progress.body ?? []
    }

    private static func look(at bytes: [UInt8], isClosed: Bool, _ progress: inout Progress) {
        do throws(DirectiveError) {
            progress.body = try ResponderReply(bytes, isClosed: isClosed).body
        } catch {
            progress.error = error
        }
    }
}
