// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOEmbedded
import SafeTLS
import SafeTLSNIO

/// A program at one end of a connection, which does anything within whatever it is told and whatever it waits for.
final class RandomProgram {
    enum Deed: CaseIterable {
        case write
        case flush
        case writeAndFlush
        case close
        case closeOutput
        case read
        /// A key update, or what else TLS has behind a handshake.
        case postHandshake
        case removeHandler
        /// The transport takes no more, or takes more again.
        case changeWritability
        case awaitHandshake

        /// How often it is done, compared with others: a connection is to last until it has something to lose.
        var frequency: Int {
            switch self {
            case .write: 6
            case .flush, .writeAndFlush: 3
            case .close, .closeOutput, .changeWritability, .postHandshake: 2
            case .read, .removeHandler, .awaitHandshake: 1
            }
        }

        /// Whether the peer gets all the same what it was sent.
        var isGentle: Bool { self != .close && self != .removeHandler }
    }

    /// What a promise was made for.
    struct Attempt {
        let name: String
        /// How many bytes reach the transport if it succeeds; nil if it is no write.
        let byteCount: Int?
        var completions = 0
        var hasSucceeded = false
        /// Whether it is a write that was flushed.
        var isFlushed = false
        /// Whether the program closed behind it when data could be sent: what is flushed goes out before.
        var isOwed = false
    }

    private static let deeds = Deed.allCases.flatMap { Array(repeating: $0, count: $0.frequency) }
    private static let gentleDeeds = deeds.filter(\.isGentle)
    /// Nothing, less than a record, more than one holds, and more than the driver seals at a time; in bytes.
    private static let writeSizes = [0, 1, 10, 500, 17_000, 70_000]
    /// What clients send first, in bytes.
    static let earlySizes = [1, 100, 9_000]
    /// What both programs send, from its beginning on. 251 is prime: no sizes of records and buffers are multiples of it.
    static let data: ByteBuffer = {
        let most = (earlySizes.max() ?? 0) + Course.mostDeeds * (writeSizes.max() ?? 0)
        var data = ByteBuffer(bytes: 0..<251)
        while data.readableBytes < most { data.writeImmutableBuffer(data) }
        return data
    }()

    let name: String
    let side: Side
    private let handler: any RemovableChannelHandler
    private let course: Course
    private let postHandshake: () -> Void

    private(set) var attempts: [Attempt] = []
    /// How many bytes were written, and how many of those by writes that succeeded.
    var writtenCount = 0
    var succeededCount = 0
    private(set) var hasClosed = false
    private(set) var hasRemovedHandler = false
    /// Whether it was told by a future that the handshake is complete, and not yet by the pipeline.
    private(set) var knewHandshakeBeforePipeline = false
    /// What came behind channelInactive.
    private(set) var heardBehindEnd: Happening?

    /// - Parameters:
    ///   - name: What it is called in the log.
    ///   - postHandshake: What is done as ``Deed/postHandshake``.
    init(
        _ name: String,
        _ side: Side,
        _ handler: any RemovableChannelHandler,
        _ course: Course,
        postHandshake: @escaping () -> Void
    ) {
        self.name = name
        self.side = side
        self.handler = handler
        self.course = course
        self.postHandshake = postHandshake
        side.recorder.onHappening = { [unowned self] in hear($0) }
    }

    private func hear(_ happening: Happening) {
        note("hears \(happening)")
        if side.recorder.happenings.dropLast().contains(.inactive) && !hasRemovedHandler { heardBehindEnd = happening }
        if let sight = Course.Sight(happening) { course.sights.insert(sight) }
        act()
    }

    func note(_ line: String) { course.log.append("\(name) \(line)") }

    // MARK: Deeds

    /// Does up to three things, or nothing.
    func act() {
        guard !course.oneIn(3) else { return }
        for _ in 0...course.below(3) {
            // A channel without TLS is for nobody here.
            guard course.deedsLeft > 0, !hasRemovedHandler else { return }
            course.deedsLeft -= 1
            let deed = course.pick(course.isGentle ? Self.gentleDeeds : Self.deeds)
            note("does \(deed)")
            perform(deed)
        }
    }

    private func perform(_ deed: Deed) {
        let channel = side.channel
        switch deed {
        case .write: write()
        case .flush: flush()
        case .writeAndFlush:
            write()
            flush()
        case .close:
            if !hasClosed && maySend {
                for index in attempts.indices { attempts[index].isOwed = attempts[index].isFlushed }
            }
            hasClosed = true
            channel.close(promise: promise("close"))
        case .closeOutput:
            hasClosed = true
            channel.close(mode: .output, promise: promise("half-closure"))
        case .read: channel.read()
        case .postHandshake: postHandshake()
        case .removeHandler:
            hasRemovedHandler = true
            course.sights.insert(.removal)
            channel.pipeline.syncOperations.removeHandler(handler, promise: promise("removal"))
        case .changeWritability: setWritable(!channel.isWritable)
        case .awaitHandshake:
            awaitHandshake()
        }
    }

    /// Does something when the handshake has ended.
    func awaitHandshake() {
        side.channel.tlsConnectionInfo().assumeIsolated().whenComplete { result in
            if case .success = result, !self.hasHeardHandshake { self.knewHandshakeBeforePipeline = true }
            self.note("waits no more for the handshake")
            self.act()
        }
    }

    private var hasHeardHandshake: Bool {
        side.recorder.happenings.contains { if case .handshake = $0 { true } else { false } }
    }

    /// Whether the connection is open for data, or for answers to 0-RTT data.
    private var maySend: Bool {
        let happenings = side.recorder.happenings
        guard side.channel.isActive, !happenings.contains(.shutdown) else { return false }
        return hasHeardHandshake || happenings.contains(.early)
    }

    private func flush() {
        for index in attempts.indices where attempts[index].byteCount != nil { attempts[index].isFlushed = true }
        side.channel.flush()
    }

    private func write() {
        let size = course.pick(Self.writeSizes)
        let data = Self.data.getSlice(at: writtenCount, length: size) ?? ByteBuffer()
        writtenCount += size
        side.channel.write(data, promise: promise("write of \(size)", size))
    }

    func setWritable(_ isWritable: Bool) {
        side.channel.isWritable = isWritable
        side.channel.pipeline.fireChannelWritabilityChanged()
    }

    private func promise(_ what: String, _ byteCount: Int? = nil) -> EventLoopPromise<Void> {
        let number = attempts.count
        attempts.append(Attempt(name: "\(what), promise \(number)", byteCount: byteCount))
        let promise = side.channel.eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenComplete { result in
            self.attempts[number].completions += 1
            if case .success = result {
                self.attempts[number].hasSucceeded = true
                self.succeededCount += byteCount ?? 0
            }
            self.note("\(self.attempts[number].name): \(result)")
            self.act()
        }
        return promise
    }
}

extension Course.Sight {
    init?(_ happening: Happening) {
        switch happening {
        case .handshake: self = .handshake
        case .early: self = .earlyData
        case .data: self = .data
        case .shutdown: self = .shutdown
        case .inputClosed: self = .halfClosure
        case .error: self = .failure
        case .active, .inactive, .readComplete: return nil
        }
    }
}
