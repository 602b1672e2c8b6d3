// SPDX-License-Identifier: Apache-2.0

import NIOCore
import SafeTLS

extension ConnectionDriver where Session: ~Copyable {
    /// How much plaintext is sealed for one write of the channel, in bytes: then it is seen whether the channel takes more.
    private var batchSize: Int { 65_536 }

    func write(_ context: ChannelHandlerContext, _ data: ByteBuffer, _ promise: EventLoopPromise<Void>?) {
        switch stage {
        case .idle, .handshaking, .open:
            guard !closesAll && !closesOutput && !(hasAnnouncedHandshake && session.isClosed) else {
                promise?.fail(ChannelError.outputClosed)
                return
            }
            writes.append(data, promise)
        case .closing, .closed: promise?.fail(failure ?? ChannelError.ioOnClosedChannel)
        }
    }

    func flush(_ context: ChannelHandlerContext) {
        writes.flush()
        sealWrites(context)
        // What the session had to say goes with it, also where nothing was sealed.
        if heldOutput > 0 {
            heldOutput = 0
            writeOutput(context)
        }
        flushIfNeeded(context)
    }

    func channelWritabilityChanged(_ context: ChannelHandlerContext) {
        if context.channel.isWritable { sealWrites(context) }
        context.fireChannelWritabilityChanged()
    }

    /// Writes the session's own records, unless all of them are held.
    func writeOutput(_ context: ChannelHandlerContext) {
        let count = session.pendingOutputCount
        guard count > heldOutput else { return }
        heldOutput = 0
        var output = context.channel.allocator.buffer(capacity: count)
        session.moveOutput(into: &output)
        context.write(NIOAny(output), promise: nil)
        needsFlush = true
    }

    /// Leaves the session's own records where they are, since nobody waits for them: they go out before what comes next, in one
    /// buffer and one packet with it.
    func holdOutput() { heldOutput = session.pendingOutputCount }

    /// Sends what the session has to say now.
    func sendOutput() {
        guard let context else { return }
        writeOutput(context)
        if !isReading { flushIfNeeded(context) }
    }

    /// Whether data can be sent now: when the handshake is complete, or behind 0-RTT data that are taken.
    var maySeal: Bool {
        switch stage {
        case .open: true
        case .handshaking: options.deliversEarlyData && session.earlyParameters != nil
        case .idle, .closing, .closed: false
        }
    }

    /// Seals what was flushed as long as the channel takes it; the rest stays plaintext until it is writable again.
    ///
    /// - Parameter regardless: Whether all is sealed, since nothing can be later.
    func sealWrites(_ context: ChannelHandlerContext, regardless: Bool = false) {
        guard !isSealing else { return }
        isSealing = true
        while writes.isFlushed && maySeal && (regardless || closesAll || context.channel.isWritable) {
            var batch = Batch()
            let error = seal(&batch, context.channel.allocator)
            let promise = batch.promise(context.eventLoop)
            context.write(NIOAny(batch.output), promise: promise)
            needsFlush = false
            context.flush()
            if let error {
                isSealing = false
                return fail(context, error)
            }
        }
        isSealing = false
        if closesAll {
            sayGoodbye(context)
        } else if !writes.isFlushed && closesOutput {
            closeOutput(context)
        }
    }

    /// Seals the next writes straight into one buffer, behind what the session has to say.
    private func seal(_ batch: inout Batch, _ allocator: ByteBufferAllocator) -> TLSError? {
        let (bytes, count) = writes.batch(batchSize)
        // One write fills a batch whose size has been worked out, as most programs flush each of theirs.
        let room = capacity(bytes, count)
        batch.output = allocator.buffer(capacity: room)
        defer { heldOutput = min(heldOutput, session.pendingOutputCount) }
        do throws(TLSError) {
            for _ in 0..<count {
                guard let write = writes.next else { break }
                let size = min(write.data.readableBytes, batchSize)
                try seal(write.data, size, count == 1 ? room : session.sealedByteCount(for: size), &batch)
                if size < write.data.readableBytes {
                    writes.consume(size)
                    return nil
                }
                batch.add(write.promise)
                writes.removeFirst()
            }
            return nil
        } catch {
            return error
        }
    }

    private func capacity(_ bytes: Int, _ count: Int) -> Int {
        guard count > 1 else { return session.sealedByteCount(for: bytes) }
        // A write's records have their overhead each.
        return session.sealedByteCount(for: bytes)
            + (count - 1) * (session.sealedByteCount(for: 0) - session.pendingOutputCount + recordOverhead)
    }

    /// The most bytes that a record adds to what it holds.
    private var recordOverhead: Int { 64 }

    private func seal(_ data: ByteBuffer, _ size: Int, _ room: Int, _ batch: inout Batch) throws(TLSError) {
        guard size > 0 else { return }
        let sealed = try batch.output.append(upTo: room) { memory throws(TLSError) in
            let plaintext = data.readableBytesUInt8Span
            return try session.seal(plaintext.extracting(first: size), into: &memory)
        }
        guard sealed.consumed == size else { throw .internalFailure("records found no room") }
    }
}

/// Records of several writes in one buffer, and the promises of those that are complete with it.
private struct Batch {
    var output = ByteBuffer()
    private var first: EventLoopPromise<Void>?
    private var others: [EventLoopPromise<Void>] = []

    mutating func add(_ promise: EventLoopPromise<Void>?) {
        guard let promise else { return }
        if first == nil { first = promise } else { others.append(promise) }
    }

    /// One promise for all, which completes them in their order.
    func promise(_ eventLoop: any EventLoop) -> EventLoopPromise<Void>? {
        guard let first, !others.isEmpty else { return first }
        let all = eventLoop.makePromise(of: Void.self)
        all.futureResult.cascade(to: first)
        for promise in others { all.futureResult.cascade(to: promise) }
        return all
    }
}
