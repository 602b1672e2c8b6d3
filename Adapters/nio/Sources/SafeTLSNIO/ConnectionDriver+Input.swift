// SPDX-License-Identifier: Apache-2.0

import NIOCore
import SafeTLS

extension ConnectionDriver where Session: ~Copyable {
    /// Up to this many bytes of plaintext are moved to those of the record before, which costs less than a call through the
    /// pipeline. Longer ones are handed on where they are.
    private var shortPiece: Int { 2_048 }

    func channelRead(_ context: ChannelHandlerContext, _ data: ByteBuffer) {
        guard stage != .closed, stage != .idle else { return }
        isReading = true
        // What comes behind a failure is for nobody, and must not gather while the alert is on its way.
        guard failure == nil, session.failure == nil else { return }
        if hasAnnouncedHandshake && !isDecrypting && !isAsking && (needed > 0 || input.readableBytes == 0) {
            open(context, data)
        } else {
            append(data, context.channel.allocator)
            decrypt(context)
        }
    }

    func channelReadComplete(_ context: ChannelHandlerContext) {
        isReading = false
        if hasDelivered {
            hasDelivered = false
            // Nothing comes behind channelInactive.
            if stage != .closed { context.fireChannelReadComplete() }
        }
        flushIfNeeded(context)
        releaseInput(context.channel.allocator)
        guard stage != .closed, !isAsking else { return }
        // Who asked for data waits for data, not for a record that is none.
        if wantsRead || stage == .handshaking || stage == .closing { context.read() }
    }

    func read(_ context: ChannelHandlerContext) {
        wantsRead = true
        if isAsking {
            heldRead = true
        } else {
            context.read()
        }
    }

    func flushIfNeeded(_ context: ChannelHandlerContext) {
        guard needsFlush else { return }
        needsFlush = false
        context.flush()
    }

    // MARK: Data

    /// Decrypts what was read on the way to a buffer of its own, which is handed on as one piece. What is no whole record is kept.
    private func open(_ context: ChannelHandlerContext, _ data: ByteBuffer) {
        isDecrypting = true
        hasMore = false
        var plaintext = ByteBuffer()
        let error = openRecords(data, into: &plaintext, context.channel.allocator)
        if error == nil { writeOutput(context) }
        if plaintext.readableBytes > 0 { deliver(context, plaintext) }
        isDecrypting = false
        if let error {
            input = ByteBuffer()
            return fail(context, error)
        }
        handlePeerClose(context)
        if hasMore {
            decrypt(context)
        } else if session.failure == nil && !session.isPeerClosed && needed == 0 {
            ask(context)
        }
    }

    private func openRecords(
        _ data: ByteBuffer,
        into plaintext: inout ByteBuffer,
        _ allocator: ByteBufferAllocator
    ) -> TLSError? {
        var data = data
        do throws(TLSError) {
            // First the record that has begun.
            while input.readableBytes > 0 && data.readableBytes > 0 {
                // The session waits for an answer.
                guard needed > 0 else {
                    append(data, allocator)
                    return nil
                }
                guard let part = data.readSlice(length: min(needed, data.readableBytes)) else { break }
                append(part, allocator)
                needed -= part.readableBytes
                guard needed == 0 else { return nil }
                makeRoom(in: &plaintext, for: input.readableBytes + data.readableBytes, allocator)
                try openRecords(of: &input, into: &plaintext)
            }
            guard data.readableBytes > 0 else { return nil }
            guard data.holdsRecord else {
                append(data, allocator)
                // This looks at the header, and says how much is to come.
                let received = try input.receive(by: &session)
                input.moveReaderIndex(forwardBy: received.consumed)
                needed = received.needed
                return nil
            }
            makeRoom(in: &plaintext, for: data.readableBytes, allocator)
            try openRecords(of: &data, into: &plaintext)
            if data.readableBytes > 0 { keep(data, allocator) }
            return nil
        } catch {
            return error
        }
    }

    /// Keeps the beginning of a record, with room for all of it.
    private func keep(_ rest: ByteBuffer, _ allocator: ByteBufferAllocator) {
        let size = rest.readableBytes + needed
        if input.storageCapacity < size { input = allocator.buffer(capacity: size) } else { input.clear() }
        input.writeBytes(rest.readableBytesSpan)
    }

    private func makeRoom(in plaintext: inout ByteBuffer, for count: Int, _ allocator: ByteBufferAllocator) {
        if plaintext.writableBytes < count && plaintext.readableBytes == 0 {
            plaintext = allocator.buffer(capacity: count)
        }
    }

    private func openRecords(of records: inout ByteBuffer, into plaintext: inout ByteBuffer) throws(TLSError) {
        while true {
            let received = try plaintext.append(decrypting: records, by: &session)
            records.moveReaderIndex(forwardBy: received.consumed)
            guard received.plaintext.isEmpty else { continue }
            needed = received.needed
            return
        }
    }

    // MARK: Ciphertext

    /// Puts ciphertext behind what is there. The channel keeps what it gives, so that the session cannot decrypt there: this
    /// is the one copy.
    private func append(_ data: ByteBuffer, _ allocator: ByteBufferAllocator) {
        let kept = input.readableBytes
        if kept > 0 {
            let isRoom = input.modifyIfUniquelyOwned { input in
                guard input.writableBytes >= data.readableBytes else { return false }
                input.writeBytes(data.readableBytesSpan)
                return true
            }
            if isRoom == true { return }
        }
        // Room for the whole record: it may come in many pieces.
        var joined = allocator.buffer(capacity: kept + max(data.readableBytes, needed))
        joined.writeBytes(input.readableBytesSpan)
        joined.writeBytes(data.readableBytesSpan)
        input = joined
    }

    /// Lets go of a large buffer of which little is left.
    private func releaseInput(_ allocator: ByteBufferAllocator) {
        let kept = input.readableBytes
        if kept == 0 {
            input = ByteBuffer()
        } else if input.storageCapacity > 4 * (kept + needed) {
            var small = allocator.buffer(capacity: kept + needed)
            small.writeBytes(input.readableBytesSpan)
            input = small
        }
    }

    // MARK: Plaintext

    /// Decrypts all records that are there, then hands on what was in them: a buffer that others hold parts of would have to
    /// be copied for the next record.
    func decrypt(_ context: ChannelHandlerContext) {
        guard !isDecrypting else {
            hasMore = true
            return
        }
        isDecrypting = true
        defer { isDecrypting = false }
        repeat {
            hasMore = false
            guard stage != .closed, !isAsking else { return }
            var buffer = ByteBuffer()
            swap(&buffer, &input)
            let isHandshaking = session.isHandshaking
            let error = decryptRecords(&buffer)
            if error == nil {
                if isHandshaking && session.hasOnlyTickets { holdOutput() } else { writeOutput(context) }
            }
            handOn(context, buffer)
            if hasMore {
                // More came meanwhile, and stands behind what is left.
                append(behind: buffer, context.channel.allocator)
            } else {
                input = buffer
            }
            if let error {
                input = ByteBuffer()
                return fail(context, error)
            }
            handlePeerClose(context)
        } while hasMore
    }

    private func append(behind kept: ByteBuffer, _ allocator: ByteBufferAllocator) {
        var later = kept
        swap(&later, &input)
        if later.readableBytes > 0 { append(later, allocator) }
    }

    /// Decrypts in place and notes where the plaintext lies.
    private func decryptRecords(_ buffer: inout ByteBuffer) -> TLSError? {
        do throws(TLSError) {
            while true {
                let start = buffer.readerIndex
                let received = try buffer.receive(by: &session)
                if received.plaintext.isEmpty {
                    buffer.moveReaderIndex(forwardBy: received.consumed)
                    needed = received.needed
                    return nil
                }
                note(received, from: start, in: &buffer)
                buffer.moveReaderIndex(forwardBy: received.consumed)
            }
        } catch {
            return error
        }
    }

    private func note(_ received: Received, from start: Int, in buffer: inout ByteBuffer) {
        let plaintext = received.plaintext
        let index = start + plaintext.lowerBound
        if let last = pieces.last, plaintext.count <= shortPiece, last.isEarly == received.isEarlyData,
            (try? buffer.copyBytes(at: index, to: last.start + last.count, length: plaintext.count)) != nil
        {
            pieces[pieces.count - 1].count += plaintext.count
        } else {
            pieces.append(Piece(start: index, count: plaintext.count, isEarly: received.isEarlyData))
        }
    }

    /// Hands on what was decrypted, and in between says that the handshake is complete.
    private func handOn(_ context: ChannelHandlerContext, _ buffer: ByteBuffer) {
        if pieces.isEmpty {
            if !hasAnnouncedHandshake && !session.isHandshaking { announceHandshake(context) }
            if session.failure == nil && !session.isPeerClosed && needed == 0 { ask(context) }
            return
        }
        var found: [Piece] = []
        swap(&found, &pieces)
        // Slices are made of what is readable.
        var buffer = buffer
        buffer.moveReaderIndex(to: found[0].start)
        for piece in found {
            guard let data = buffer.getSlice(at: piece.start, length: piece.count) else { continue }
            if piece.isEarly && !hasAnnouncedHandshake {
                handOnEarly(context, data)
            } else {
                announceHandshake(context)
                deliver(context, data)
            }
        }
        if !hasAnnouncedHandshake && !session.isHandshaking { announceHandshake(context) }
        if pieces.isEmpty {
            found.removeAll(keepingCapacity: true)
            swap(&found, &pieces)
        }
        if session.failure == nil && !session.isPeerClosed && needed == 0 { ask(context) }
    }

    private func handOnEarly(_ context: ChannelHandlerContext, _ data: ByteBuffer) {
        guard options.deliversEarlyData, let parameters = session.earlyParameters else {
            // A copy: a slice would hold the ciphertext as well, which may be padding for the most part.
            if earlyInput.isEmpty { earlyInput.append(context.channel.allocator.buffer(capacity: data.readableBytes)) }
            earlyInput[0].writeImmutableBuffer(data)
            return
        }
        if !hasAnnouncedEarlyData {
            hasAnnouncedEarlyData = true
            context.fireUserInboundEventTriggered(SafeTLSEvent.earlyDataStarted(parameters))
        }
        deliver(context, data)
    }

    func deliver(_ context: ChannelHandlerContext, _ data: ByteBuffer) {
        // After close() nobody reads.
        guard stage == .open || stage == .handshaking, !closesAll else { return }
        wantsRead = false
        hasDelivered = true
        context.fireChannelRead(NIOAny(data))
    }
}
