// SPDX-License-Identifier: Apache-2.0
import CHTTPD
import HTTPDCore
import SafeTLS

extension FilteredConnection {
    /// The input filter: puts plaintext into `brigade` as `mode` asks for it.
    func read(into brigade: Brigade, mode: ap_input_mode_t, blocking: Bool, count: Int) -> apr_status_t {
        guard !isAborted else {
            brigade.append(allocator.endOfStream())
            return tlsd_aborted
        }
        let status = fill(blocking: blocking, handshakeOnly: mode == AP_MODE_INIT)
        guard status == APR_SUCCESS, mode != AP_MODE_INIT else { return status }
        switch mode {
        case AP_MODE_GETLINE:
            return deliver(lineLength(limit: count > 0 ? count : Int(HUGE_STRING_LEN)), into: brigade)
        case AP_MODE_SPECULATIVE:
            guard count > 0 else { return APR_SUCCESS }
            unsafe brigade.append(allocator.lending(plaintextPrefix(count)))
            return APR_SUCCESS
        case AP_MODE_EATCRLF:
            return skipLineEnds()
        case AP_MODE_EXHAUSTIVE:
            return deliver(Int.max, into: brigade)
        default:
            guard count > 0 else { return tlsd_general }
            return deliver(count, into: brigade)
        }
    }

    /// Moves up to `count` bytes of the plaintext at hand into `brigade`.
    private func deliver(_ count: Int, into brigade: Brigade) -> apr_status_t {
        let bytes = unsafe plaintextPrefix(count)
        unsafe brigade.append(allocator.lending(bytes))
        consumePlaintext(bytes.count)
        return APR_SUCCESS
    }

    /// Bytes up to and with the first line feed; all there are without one, as httpd reads on after a partial line.
    private func lineLength(limit: Int) -> Int {
        let bytes = unsafe plaintextPrefix(limit)
        if let start = bytes.baseAddress, let end = unsafe memchr(start, CInt(UInt8(ascii: "\n")), bytes.count) {
            return unsafe UnsafeRawPointer(end) - UnsafeRawPointer(start) + 1
        }
        return bytes.count
    }

    /// Drops carriage returns and line feeds between requests, without ever waiting for more.
    private func skipLineEnds() -> apr_status_t {
        while true {
            let status = fill(blocking: false, handshakeOnly: false)
            guard status == APR_SUCCESS else { return status }
            let bytes = unsafe plaintextPrefix(Int.max)
            let lineEnds = unsafe bytes.prefix { $0 == UInt8(ascii: "\r") || $0 == UInt8(ascii: "\n") }.count
            consumePlaintext(lineEnds)
            if lineEnds < bytes.count { return APR_SUCCESS }
        }
    }

    /// Works until there is plaintext or, with `handshakeOnly`, until the handshake is over.
    func fill(blocking: Bool, handshakeOnly: Bool) -> apr_status_t {
        while true {
            if asideCount > 0 || !buffer.plaintext.isEmpty || (handshakeOnly && phase != .handshake && inputEnd == nil)
            {
                return APR_SUCCESS
            }
            if let inputEnd { return inputEnd }
            if !session.isStarted {
                prepareHandshake()
                guard session.isStarted else { return inputEnd ?? tlsd_general }
            }
            if !needsInput, buffer.ciphertextCount > 0 {
                advance()
                continue
            }
            aside.releaseIfEmpty()
            // Whoever waits for the client must have sent everything that the client waits for.
            let sent = sendBeforeReading(blocking: blocking)
            guard sent == APR_SUCCESS else { return sent }
            let status = receive(blocking: blocking)
            if status != APR_SUCCESS {
                buffer.releaseIfEmpty()
                return status
            }
        }
    }

    /// Has the session take what was received.
    func advance() {
        if phase == .handshake, !acceptsFirstBytes() { return }
        do {
            let received = try receiveRecords()
            // A session that neither takes bytes nor asks for anything has to be given more of them.
            needsInput = received.needed > 0 || (received.consumed == 0 && received.plaintext.isEmpty)
            if session.isWaiting {
                try answerRequest()
                needsInput = false
            }
            if received.isEarlyData, !received.plaintext.isEmpty { beginEarlyData() }
            if isHandshaking, let negotiated = session.negotiated {
                finishHandshake(negotiated)
                // It may have found that the peer is not good enough.
                if isHandshaking { phase = .established }
                // The client of TLS 1.2 waits for our Finished before it sends its request.
                _ = sendPendingOutput()
            }
            if session.isPeerClosed {
                inputEnd = tlsd_end_of_file
            }
        } catch {
            fail(
                isHandshaking ? .handshakeFailed : .recordRefused,
                isOurs: error.concernsAdministrator,
                failureSentence(error)
            )
        }
    }

    private func receiveRecords() throws(TLSError) -> Received {
        var ciphertext = buffer.ciphertext
        let received = try session.receive(&ciphertext)
        buffer.take(received)
        return received
    }

    func failureSentence(_ error: TLSError) -> String {
        isHandshaking
            ? "TLS handshake failed: \(error.description)" : "TLS connection ended: \(error.description)"
    }

    /// Reads once from the filters below.
    func receive(blocking: Bool) -> apr_status_t {
        guard buffer.makeRoom() else {
            fail(.outOfMemory, isOurs: true, "out of memory for a receive buffer")
            return tlsd_aborted
        }
        guard buffer.room > 0 else {
            // The session refuses over-long records before they fill the buffer.
            fail(.recordRefused, "a record does not fit the receive buffer")
            return tlsd_aborted
        }
        if incoming.isEmpty {
            let status = unsafe ap_get_brigade(
                inputFilter?.pointee.next,
                incoming.pointer,
                AP_MODE_READBYTES,
                blocking ? APR_BLOCK_READ : APR_NONBLOCK_READ,
                apr_off_t(buffer.room)
            )
            if tlsd_is_end(status) { return receivedEnd() }
            guard status == APR_SUCCESS else {
                incoming.removeAll()
                return status
            }
            // Success without a bucket means "nothing yet" to who does not wait, and the end to who does.
            if incoming.isEmpty { return blocking ? receivedEnd() : tlsd_again }
        }
        return takeIncoming(blocking: blocking)
    }

    /// How long the other side may take to end its handshake or to say close_notify, in microseconds.
    private static let closingPatience: apr_time_t = 2_000_000

    /// Waits while the connection stays in a phase and the other side has not said close_notify, but not for long, and only
    /// while few others wait. What else it sends is dropped.
    func awaitPeer(in current: Phase) {
        // A connection that idled for too long is closed by a thread that has others to see to.
        if let state = unsafe record.pointee.cs, unsafe state.pointee.state == CONN_STATE_KEEPALIVE { return }
        guard !HandshakePatience.shared.ifFewWait({ wait(in: current) }) else { return }
        report(.clientLeft, level: APLOG_DEBUG, "the \(peer) is not waited for at the end, as others are already")
    }

    private func wait(in current: Phase) {
        let end = apr_time_now() + Self.closingPatience
        while phase == current, inputEnd == nil {
            buffer.consumePlaintext(buffer.plaintext.count)
            if !needsInput, buffer.ciphertextCount > 0 {
                advance()
                continue
            }
            let rest = end - apr_time_now()
            guard rest > 0, unsafe tlsd_client_sends(record, rest) else { return }
            let status = receive(blocking: false)
            guard status == APR_SUCCESS || tlsd_is_again(status) else { return }
        }
    }

    /// Moves buckets' bytes into the receive buffer, as far as they fit.
    private func takeIncoming(blocking: Bool) -> apr_status_t {
        while let bucket = incoming.first {
            if bucket.isMetadata {
                let ends = bucket.isEndOfStream
                bucket.delete()
                if ends { return receivedEnd() }
                continue
            }
            var bytes = unsafe UnsafeBufferPointer<UInt8>(start: nil, count: 0)
            let status = unsafe bucket.read(blocking: blocking, into: &bytes)
            if tlsd_is_end(status) {
                bucket.delete()
                return receivedEnd()
            }
            guard status == APR_SUCCESS else {
                // What was received before goes first; the status comes back when that is used up.
                return needsInput || buffer.ciphertextCount == 0 ? status : APR_SUCCESS
            }
            let taken = unsafe buffer.append(bytes)
            if taken > 0 { needsInput = false }
            if taken < bytes.count {
                if taken > 0, bucket.split(at: taken) == APR_SUCCESS { bucket.delete() }
                return APR_SUCCESS
            }
            bucket.delete()
        }
        return APR_SUCCESS
    }

    /// The other side closed the connection.
    private func receivedEnd() -> apr_status_t {
        incoming.removeAll()
        if buffer.ciphertextCount > 0, !needsInput { return APR_SUCCESS }
        inputEnd = tlsd_end_of_file
        if phase == .handshake {
            // Port scanners, health checks and browsers' spare connections: nothing to tell them.
            abandonHandshake("left before the TLS handshake was over")
            return tlsd_aborted
        }
        // Many clients never send close_notify; HTTP's own framing tells whether a message is complete. The session
        // is not told, as that would be the end of it: the client may have closed its side only, and waits.
        noteTruncation()
        return tlsd_end_of_file
    }
}
