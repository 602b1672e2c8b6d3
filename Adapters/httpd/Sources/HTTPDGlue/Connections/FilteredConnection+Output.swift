// SPDX-License-Identifier: Apache-2.0
import CHTTPD
import HTTPDCore
import SafeTLS
import Synchronization

extension FilteredConnection {
    /// Ciphertext is passed on at this size, so that a long response never piles up in memory.
    private static let passSize = 65_536

    /// The output filter: seals data, keeps everything else in its order.
    func write(_ brigade: Brigade) -> apr_status_t {
        guard !isAborted else {
            brigade.removeAll()
            return tlsd_aborted
        }
        while let bucket = brigade.first {
            if phase == .plainHTTP { return pass(brigade) }
            let status = bucket.isMetadata ? write(metadata: bucket) : write(data: bucket)
            guard status == APR_SUCCESS else {
                stage.releaseIfEmpty()
                return status
            }
        }
        var status = APR_SUCCESS
        if !holdsResponseHead {
            status = sealStage()
        }
        stage.releaseIfEmpty()
        if status == APR_SUCCESS, !outgoing.isEmpty {
            status = passOutgoing()
        }
        return status
    }

    /// Whether all that waits is the head of a response: httpd passes what follows in a brigade of its own, if only the mark
    /// that ends the response. Head and body then share a record, which also hides the length of the head. Nothing else is
    /// held back when a brigade ends. In a tunnel, which never flushes, what looks like a head may be all that comes.
    private var holdsResponseHead: Bool {
        guard stage.count < 4_096, !mayBeTunnel else { return false }
        return unsafe ResponseHead.isWhole(stage.contents)
    }

    // MARK: - Buckets

    private func write(metadata bucket: Bucket) -> apr_status_t {
        var status = sealStage()
        let endsConnection = bucket.isEndOfConnection
        if endsConnection { closeSession() }
        bucket.remove()
        outgoing.append(bucket)
        if status == APR_SUCCESS, bucket.isFlush || endsConnection {
            status = passOutgoing()
        }
        return status
    }

    private func write(data bucket: Bucket) -> apr_status_t {
        if phase == .handshake {
            // A protocol in which the server speaks first: TLS goes before.
            let status = fill(blocking: true, handshakeOnly: true)
            guard status == APR_SUCCESS, phase != .plainHTTP else { return status }
        }
        guard isOpen else {
            // Nothing may follow the end of TLS, least of all in the clear.
            bucket.delete()
            return phase == .closed ? APR_SUCCESS : tlsd_aborted
        }
        if bucket.isFile { return write(file: bucket) }

        var bytes = unsafe UnsafeBufferPointer<UInt8>(start: nil, count: 0)
        var status = unsafe bucket.read(blocking: false, into: &bytes)
        if tlsd_is_again(status) {
            // A slow producer, such as a CGI script: the client gets what there is before we wait.
            status = sealStage()
            guard status == APR_SUCCESS else { return status }
            outgoing.append(allocator.flush())
            status = passOutgoing()
            guard status == APR_SUCCESS else { return status }
            status = unsafe bucket.read(blocking: true, into: &bytes)
        }
        if status == APR_SUCCESS {
            status = unsafe put(bytes)
        } else if tlsd_is_end(status) {
            status = APR_SUCCESS
        }
        bucket.delete()
        return status
    }

    /// Reads a file in pieces of whole records; it is never mapped or held in memory as a whole.
    private func write(file bucket: Bucket) -> apr_status_t {
        while bucket.length > 0 {
            guard stage.reserve(bucket.length > Stage.small ? Stage.large : Stage.small) else { return outOfMemory() }
            guard let taken = stage.append(file: bucket) else {
                let status = tlsd_errno()
                report(.shortFile, level: APLOG_ERR, status: status, "cannot read a file that is being sent")
                bucket.delete()
                return abort()
            }
            guard taken > 0 else {
                report(.shortFile, level: APLOG_INFO, "a file became shorter while it was being sent")
                bucket.delete()
                return abort()
            }
            if stage.isFull {
                let status = sealStage()
                guard status == APR_SUCCESS else { return status }
            }
        }
        bucket.delete()
        return APR_SUCCESS
    }

    /// Seals `bytes`, whole records straight from where they are, and collects the rest.
    private func put(_ bytes: UnsafeBufferPointer<UInt8>) -> apr_status_t {
        var position = 0
        if stage.count > 0 {
            position = unsafe stage.append(bytes)
            if stage.isFull {
                let status = sealStage()
                guard status == APR_SUCCESS else { return status }
            }
        }
        while bytes.count - position >= Stage.small {
            let whole = min(bytes.count - position, Stage.large) / Stage.small * Stage.small
            let status = unsafe seal(UnsafeBufferPointer(rebasing: bytes[position..<position + whole]))
            guard status == APR_SUCCESS else { return status }
            position += whole
        }
        guard position < bytes.count else { return APR_SUCCESS }
        guard stage.reserve(Stage.small) else { return outOfMemory() }
        _ = unsafe stage.append(UnsafeBufferPointer(rebasing: bytes[position...]))
        return APR_SUCCESS
    }

    /// Closes the connection at once, and without close_notify, as httpd itself does when it cannot go on with a
    /// response: whatever else were sent, an error page say, the client would take for the rest of the body.
    private func abort() -> apr_status_t {
        unsafe record.pointee.aborted = 1
        return tlsd_aborted
    }

    private func outOfMemory() -> apr_status_t {
        fail(.outOfMemory, isOurs: true, "out of memory for a send buffer")
        return tlsd_aborted
    }

    // MARK: - Records

    private func sealStage() -> apr_status_t {
        guard stage.count > 0 else { return APR_SUCCESS }
        let status = unsafe seal(stage.contents)
        stage.removeAll()
        return status
    }

    /// Seals into the memory of the bucket that goes to the network.
    private func seal(_ plaintext: UnsafeBufferPointer<UInt8>) -> apr_status_t {
        var position = 0
        while position < plaintext.count {
            let rest = unsafe Span(_unsafeElements: UnsafeBufferPointer(rebasing: plaintext[position...]))
            do {
                let consumed = try sealOnce(rest)
                guard consumed > 0 else { return tlsd_general }
                position += consumed
            } catch {
                fail(.recordRefused, isOurs: error.concernsAdministrator, failureSentence(error))
                return tlsd_aborted
            }
        }
        return outgoingCount >= Self.passSize ? passOutgoing() : APR_SUCCESS
    }

    private func sealOnce(_ plaintext: Span<UInt8>) throws(TLSError) -> Int {
        var memory = BucketMemory(capacity: session.sealedByteCount(for: plaintext.count), allocator: allocator)
        var output = memory.bytes
        let sealed = try session.seal(plaintext, into: &output)
        if sealed.written > 0 {
            outgoing.append(memory.bucket(count: sealed.written))
            outgoingCount += sealed.written
        }
        return sealed.consumed
    }

    /// Queues what the session itself has to say: its flights, alerts, key updates.
    private func queuePendingOutput() {
        let count = session.pendingOutputCount
        guard count > 0 else { return }
        var memory = BucketMemory(capacity: count, allocator: allocator)
        var output = memory.bytes
        session.takePendingOutput(into: &output)
        outgoing.append(memory.bucket(count: count))
        outgoingCount += count
    }

    /// Sends what the session itself has to say, now.
    func sendPendingOutput() -> apr_status_t {
        queuePendingOutput()
        guard !outgoing.isEmpty else { return APR_SUCCESS }
        outgoing.append(allocator.flush())
        return passOutgoing()
    }

    /// Sends everything that waits here and in the filters below: httpd keeps the answer to a request behind which there are
    /// more of them.
    func flush() -> apr_status_t {
        let status = sealStage()
        guard status == APR_SUCCESS else { return status }
        queuePendingOutput()
        outgoing.append(allocator.flush())
        return passOutgoing()
    }

    /// Sends everything that waits here. Who does not wait for the client may leave plaintext for its record.
    func sendBeforeReading(blocking: Bool) -> apr_status_t {
        if blocking, isOpen, stage.count > 0 {
            return flush()
        }
        return sendPendingOutput()
    }

    /// Ends the session with close_notify (RFC 9846 §6.1).
    private func closeSession() {
        let ending = ending.load(ordering: .relaxed)
        // Who was answered before the end of its handshake is there, and gets the tickets that come with that end.
        if phase == .early, ending != .unclean, sendPendingOutput() == APR_SUCCESS { awaitPeer(in: .early) }
        let isEstablished = phase == .established
        if isOpen, ending != .unclean {
            session.close()
        }
        if isEstablished, ending == .accurate, sendPendingOutput() == APR_SUCCESS { awaitPeer(in: .established) }
        queuePendingOutput()
        // httpd closes the socket right after the end-of-connection bucket, and sends for its sake nothing that waits.
        if !outgoing.isEmpty { outgoing.append(allocator.flush()) }
        phase = .closed
    }

    // MARK: - The filters below

    private func passOutgoing() -> apr_status_t {
        outgoingCount = 0
        return pass(outgoing)
    }

    private func pass(_ brigade: Brigade) -> apr_status_t {
        let status = unsafe ap_pass_brigade(outputFilter?.pointee.next, brigade.pointer)
        brigade.removeAll()
        return status == APR_SUCCESS && isAborted ? tlsd_reset : status
    }
}
