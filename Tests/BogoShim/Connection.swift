// SPDX-License-Identifier: Apache-2.0

import SafeTLS

/// One connection: the handshake, the checks, then the exchange that the runner expects.
struct Connection<Session: AnsweringSession & ~Copyable>: ~Copyable {
    private var session: Session
    private var options: Options
    private let transport: Transport
    private var answers: Answers
    private var input = [UInt8](repeating: 0, count: 1 << 16)
    /// How much of the input was read.
    private var filled = 0
    /// How much of the input the session may see. Less than ``filled`` only when input trickles in.
    private var visible = 0
    private var isAtEnd = false

    init(_ session: consuming Session, _ answers: Answers) throws(ShimFailure) {
        self.session = session
        self.answers = answers
        options = answers.options
        transport = try Transport(options)
    }

    /// Runs the connection to its end; whatever happens, the runner gets to read all that was sent.
    consuming func run() throws(ShimFailure) -> NegotiatedParameters {
        do throws(ShimFailure) {
            try exchange()
            guard let negotiated = session.negotiated else { throw .expectation("nothing is negotiated") }
            try flush()
            transport.finish()
            return negotiated
        } catch {
            isHeldBack = false
            try? flush()
            transport.finish()
            throw error
        }
    }

    private mutating func exchange() throws(ShimFailure) {
        if let shimID = options.shimID {
            // The runner tells the processes that connect to it apart by these eight bytes.
            let bytes = (0..<8).map { UInt8(truncatingIfNeeded: shimID >> ($0 * 8)) }
            try transport.write(bytes.span)
        }
        try sendEarlyData()
        var data = try shakeHands()
        if case .rejected = session.earlyData, options.expectsEarlyDataRejected, let retried = answers.retried {
            // The runner takes what follows for another connection with flags of its own.
            options = retried
            answers.options = retried
        }
        if options.expectsHandshakeToFail { throw .expectation("the handshake succeeded") }
        let expectations = Expectations(options: options, answers: answers)
        try expectations.check(session)
        let (response, timestamps) = session.staple
        try expectations.check(ocspResponse: response, timestamps: timestamps)
        try expectations.check(transportParameters: session.peerTransportParameters)
        try sendMaterial()
        if options.sendsAlert {
            session.reject(.decompressionFailure, reason: "the test asks for it")
            return
        }
        if options.writesDifferentSizes {
            for size in [0, 1, 255, 256, 257, 16383, 16384, 16385, 32767, 32768, 32769] {
                try write([UInt8](repeating: 0x42, count: size))
            }
        } else if options.holdsFirstWrite && !hasSentEarlyData {
            try holdBack(Array("hello".utf8))
        } else if options.writesFirst && !hasSentEarlyData {
            let start = session.earlyData == .accepted ? earlyDataCount : 0
            try write(Array("hello".utf8.dropFirst(start)))
        }
        if options.shutsDown {
            guard options.checksCloseNotify else { return }
            session.close()
            repeat {
                if !data.isEmpty { throw .expectation("application data after close_notify") }
                guard let next = try receive() else { break }
                data = next
            } while true
            try checkEnd()
            return
        }
        if options.writesDifferentSizes { return }
        while true {
            if !data.isEmpty { isHeldBack = false }
            try echo(data)
            guard let next = try receive() else { break }
            data = next
        }
        try checkEnd()
        if options.checksCloseNotify { session.close() }
    }

    // MARK: Steps

    private var hasSentEarlyData: Bool { session.earlyData == .accepted && earlyDataCount == 5 }
    private var earlyDataCount = 0

    /// A client's 0-RTT data.
    private mutating func sendEarlyData() throws(ShimFailure) {
        if options.expectsNoEarlyDataOffer && session.earlyData != .notOffered {
            throw .expectation("0-RTT data are offered")
        }
        guard options.writesFirst, session.earlyDataCapacity > 0 else { return }
        let hello = Array("hello".utf8)
        var records = [UInt8](repeating: 0, count: session.pendingOutputCount + 512)
        let sealed: Sealed
        do throws(TLSError) {
            var output = records.mutableSpan
            sealed = try session.sealEarlyData(hello.span, into: &output)
        } catch {
            throw .tls(error)
        }
        try transport.write(records.span.extracting(first: sealed.written))
        earlyDataCount = sealed.consumed
        // The runner wants to see that there is none yet.
        if options.keyingMaterialCount > 0 { try sendMaterial() }
    }

    /// Runs the handshake; returns data that came with its end.
    private mutating func shakeHands() throws(ShimFailure) -> [UInt8] {
        while session.isHandshaking {
            guard let data = try receive() else {
                // The peer's close_notify may come with the end of the handshake.
                if !session.isHandshaking { break }
                do throws(TLSError) {
                    try session.endOfInput()
                } catch {
                    throw .tls(error)
                }
                throw .expectation("the peer closed during the handshake")
            }
            if !data.isEmpty && session.isHandshaking {
                // 0-RTT data are answered before the handshake is complete.
                try echo(data)
            } else if !data.isEmpty {
                return data
            }
        }
        return []
    }

    private mutating func sendMaterial() throws(ShimFailure) {
        if options.keyingMaterialCount > 0 {
            do throws(TLSError) {
                let material = try session.exportKeyingMaterial(
                    label: options.exporterLabel,
                    context: options.usesExporterContext ? Array(options.exporterContext.utf8) : nil,
                    count: options.keyingMaterialCount
                )
                try write(sealing: material)
            } catch {
                throw .tls(error)
            }
            try flush()
        }
        if options.exportsTrafficSecrets {
            guard let client = TrafficSecrets.shared.client, let server = TrafficSecrets.shared.server else {
                throw .expectation("there are no traffic secrets")
            }
            let length = [UInt8(truncatingIfNeeded: client.count), UInt8(truncatingIfNeeded: client.count >> 8)]
            // The secret that the shim reads with comes first.
            try write(length + (options.isServer ? client + server : server + client))
        }
    }

    /// Sends every byte back, inverted, in the portions that a reader with a small buffer would see.
    private mutating func echo(_ data: [UInt8]) throws(ShimFailure) {
        var start = 0
        while start < data.count {
            let end = min(start + options.readSize, data.count)
            if options.updatesKeys {
                do throws(TLSError) {
                    try session.updateKeys(requestingPeer: false)
                } catch {
                    throw .tls(error)
                }
            }
            try write(data[start..<end].map { $0 ^ 0xFF })
            start = end
        }
    }

    /// Without `-check-close-notify` the end of the transport is as good as close_notify.
    private mutating func checkEnd() throws(ShimFailure) {
        guard options.checksCloseNotify else { return }
        do throws(TLSError) {
            try session.endOfInput()
        } catch {
            throw .tls(error)
        }
    }

    // MARK: Input and output

    /// Waits for the next thing to happen: data, progress of the handshake (an empty array) or the end (nil).
    private mutating func receive() throws(ShimFailure) -> [UInt8]? {
        let wasHandshaking = session.isHandshaking
        while true {
            try flush()
            if session.isPeerClosed { return nil }
            if try step() {
                continue
            }
            if let data = takeData() { return data }
            if wasHandshaking && !session.isHandshaking { return [] }
            if visible < filled {
                visible = options.isAsync ? visible + 1 : filled
                continue
            }
            guard !isAtEnd else { return nil }
            if filled == input.count { throw .expectation("the session takes no input") }
            let count = try transport.read(into: &input, at: filled)
            isAtEnd = count == 0
            filled += count
            if isAtEnd { return nil }
            if !options.isAsync { visible = filled }
        }
    }

    private var data: [UInt8] = []

    private mutating func takeData() -> [UInt8]? {
        guard !data.isEmpty else { return nil }
        var taken: [UInt8] = []
        swap(&taken, &data)
        return taken
    }

    /// Answers a request or hands the session its input. Returns whether there is more to do at once.
    private mutating func step() throws(ShimFailure) -> Bool {
        if let failure = session.failure { throw .tls(failure) }
        let isAsking: Bool
        do throws(TLSError) {
            isAsking = try session.answer(&answers)
        } catch {
            throw .tls(error)
        }
        if let complaint = answers.complaint { throw .expectation(complaint) }
        if isAsking { return true }
        guard visible > 0, data.isEmpty else { return false }
        let received: Received
        do throws(TLSError) {
            received = try session.receive(&input, upTo: visible)
        } catch {
            throw .tls(error)
        }
        data += input[received.plaintext]
        input.replaceSubrange(0..<filled - received.consumed, with: input[received.consumed..<filled])
        filled -= received.consumed
        visible -= received.consumed
        return received.consumed > 0 && data.isEmpty
    }

    private mutating func write(_ plaintext: [UInt8]) throws(ShimFailure) {
        do throws(TLSError) {
            try write(sealing: plaintext)
        } catch {
            throw .tls(error)
        }
        try flush()
    }

    private var sealed: [UInt8] = []

    private mutating func write(sealing plaintext: [UInt8]) throws(TLSError) {
        var start = 0
        repeat {
            var records = [UInt8](repeating: 0, count: session.sealedByteCount(for: plaintext.count - start))
            var output = records.mutableSpan
            let result = try session.seal(plaintext.span.extracting(start...), into: &output)
            sealed += records.prefix(result.written)
            start += result.consumed
        } while start < plaintext.count
    }

    /// Whether the rest of a record that was begun waits, and everything behind it.
    private var isHeldBack = false

    /// Seals data and sends one byte of the record.
    private mutating func holdBack(_ plaintext: [UInt8]) throws(ShimFailure) {
        try flush()
        do throws(TLSError) {
            try write(sealing: plaintext)
        } catch {
            throw .tls(error)
        }
        try transport.write(sealed.span.extracting(first: 1))
        sealed.removeFirst()
        isHeldBack = true
    }

    private mutating func flush() throws(ShimFailure) {
        guard !isHeldBack else { return }
        if !sealed.isEmpty {
            try transport.write(sealed.span)
            sealed = []
        }
        while session.pendingOutputCount > 0 {
            try transport.write(session.pendingOutput)
            session.discardOutput(session.pendingOutputCount)
        }
    }
}

extension TLSSession where Self: ~Copyable {
    /// Receives from the front of an array.
    fileprivate mutating func receive(_ buffer: inout [UInt8], upTo end: Int) throws(TLSError) -> Received {
        var whole = buffer.mutableSpan
        var part = whole._mutatingExtracting(..<end)
        return try receive(&part)
    }
}
