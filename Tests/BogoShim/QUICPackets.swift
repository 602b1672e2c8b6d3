// SPDX-License-Identifier: Apache-2.0

import SafeTLS
import TLSCertificates

/// What a QUIC stack would be, as the runner plays one: a handshake whose CRYPTO bytes, application data and alerts travel in
/// frames that say type, level and cipher suite, and show the secret that they would be protected with.
///
/// To the shim's driver it is a session like any other. A frame has the type of a record (1 byte), the level (1), the suite (2),
/// the length of what follows (4), the secret and the content.
struct QUICPackets<Handshake: AnsweringHandshake & ~Copyable>: ~Copyable, Sendable {
    private var handshake: Handshake
    private var sending: [QUICLevel: QUICSecret] = [:]
    private var receiving: [QUICLevel: QUICSecret] = [:]
    private var output: [UInt8] = []
    private var hasSentAlert = false
    /// How many CRYPTO bytes the session sees at a time.
    private let chunk: Int

    private static var headerLength: Int { 8 }
    /// The most content of a frame that the runner takes.
    private static var longest: Int { 16_384 }

    init(_ handshake: consuming Handshake, isAsync: Bool) {
        self.handshake = handshake
        chunk = isAsync ? 1 : .max
        collect()
    }

    // MARK: Output

    /// Fetches what the handshake has for its stack: secrets first, then CRYPTO bytes, at last an alert.
    private mutating func collect() {
        while let secret = handshake.takeSecret() {
            switch secret.direction {
            case .sending: sending[secret.level] = secret
            case .receiving: receiving[secret.level] = secret
            }
        }
        for level in QUICLevel.allCases {
            var bytes: [UInt8] = []
            handshake.moveOutput(at: level, appendingTo: &bytes)
            append(bytes, type: .handshake, level)
        }
        if let alert = handshake.failure?.alert, !hasSentAlert {
            hasSentAlert = true
            append([2, alert.rawValue], type: .alert, sending.keys.max() ?? .initial)
        }
    }

    private mutating func append(_ bytes: [UInt8], type: ContentType, _ level: QUICLevel) {
        var rest = bytes[...]
        while !rest.isEmpty {
            output += frame(Array(rest.prefix(Self.longest)), type, level)
            rest = rest.dropFirst(Self.longest)
        }
    }

    private func frame(_ content: [UInt8], _ type: ContentType, _ level: QUICLevel) -> [UInt8] {
        let secret = sending[level]
        let bytes = secret?.bytes ?? []
        let suite = secret?.cipherSuite.rawValue ?? 0
        let length = UInt32(truncatingIfNeeded: bytes.count + content.count)
        let lengthBytes = (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * $0)) }
        return [type.rawValue, Self.number(of: level), UInt8(suite >> 8), UInt8(suite & 0xFF)] + lengthBytes + bytes
            + content
    }

    /// The runner's number: that of 0-RTT data, 1, is between the first two.
    private static func number(of level: QUICLevel) -> UInt8 {
        switch level {
        case .initial: 0
        case .handshake: 2
        case .application: 3
        }
    }

    // MARK: Input

    /// Takes a frame, whose content is behind the secret.
    ///
    /// - Returns: Where in `body` application data begin; nil without any.
    private mutating func take(_ type: UInt8, _ number: UInt8, _ suite: UInt16, _ body: [UInt8]) throws(TLSError)
        -> Int?
    {
        // 0-RTT packets are dropped: there are no keys for them.
        guard number != 1 else { return nil }
        guard let level = QUICLevel.allCases.first(where: { Self.number(of: $0) == number }) else {
            throw .internalFailure("a frame of level \(number)")
        }
        let secret = receiving[level]
        let bytes = secret?.bytes ?? []
        guard level == .initial || secret != nil, body.starts(with: bytes), suite == secret?.cipherSuite.rawValue ?? 0
        else { throw .internalFailure("a frame that shows another secret or suite than this side has for its level") }
        switch ContentType(rawValue: type) {
        case .handshake:
            var start = bytes.count
            defer { collect() }
            while start < body.count {
                let end = chunk < body.count - start ? start + chunk : body.count
                try handshake.receive(body.span.extracting(start..<end), at: level)
                start = end
            }
            return nil
        case .applicationData where level == .application: return bytes.count
        case .alert where body.count == bytes.count + 2:
            throw .alertReceived(AlertDescription(rawValue: body[bytes.count + 1]))
        default: throw .internalFailure("a frame of type \(type)")
        }
    }
}

extension QUICSecret {
    fileprivate var bytes: [UInt8] {
        withBytes { span in
            var copy: [UInt8] = []
            for index in span.indices { copy.append(span[index]) }
            return copy
        }
    }
}

extension QUICPackets: TLSSession where Handshake: ~Copyable {
    mutating func receive(_ buffer: inout MutableSpan<UInt8>) throws(TLSError) -> Received {
        var offset = 0
        while handshake.pendingRequest == nil {
            let header = Self.headerLength
            guard buffer.count - offset >= header else {
                return Received(consumed: offset, plaintext: 0..<0, needed: header - (buffer.count - offset))
            }
            let suite = UInt16(buffer[offset + 2]) << 8 | UInt16(buffer[offset + 3])
            let length = (4..<8).reduce(0) { $0 << 8 | Int(buffer[offset + $1]) }
            let end = offset + header + length
            guard buffer.count >= end else {
                return Received(consumed: offset, plaintext: 0..<0, needed: end - buffer.count)
            }
            var body: [UInt8] = []
            for index in offset + header..<end { body.append(buffer[index]) }
            if let start = try take(buffer[offset], buffer[offset + 1], suite, body) {
                return Received(consumed: end, plaintext: offset + header + start..<end, needed: 0)
            }
            offset = end
        }
        return Received(consumed: offset, plaintext: 0..<0, needed: 0)
    }

    mutating func receive(
        _ input: Span<UInt8>,
        into output: inout MutableSpan<UInt8>
    ) throws(TLSError) -> Received {
        for index in input.indices { output[index] = input[index] }
        return try receive(&output)
    }

    /// QUIC has no end of input: its stack closes connections.
    mutating func endOfInput() throws(TLSError) {
        throw handshake.isHandshaking ? .closedDuringHandshake(awaiting: "CRYPTO data") : .truncated
    }

    var pendingOutputCount: Int { output.count }

    var pendingOutput: Span<UInt8> {
        @_lifetime(borrow self)
        get { output.span }
    }

    mutating func discardOutput(_ count: Int) { output.removeFirst(count) }

    mutating func seal(_ plaintext: Span<UInt8>, into output: inout MutableSpan<UInt8>) throws(TLSError) -> Sealed {
        guard handshake.isHandshakeComplete else { throw .misuse(.handshakeIncomplete) }
        var bytes: [UInt8] = []
        for index in plaintext.indices { bytes.append(plaintext[index]) }
        append(bytes, type: .applicationData, .application)
        for index in self.output.indices { output[index] = self.output[index] }
        let written = self.output.count
        self.output = []
        return Sealed(consumed: plaintext.count, written: written)
    }

    func sealedByteCount(for plaintextCount: Int) -> Int {
        let frames = (plaintextCount + Self.longest - 1) / Self.longest
        return output.count + plaintextCount + frames * (Self.headerLength + 64)
    }

    mutating func close() {}

    var isHandshaking: Bool { handshake.isHandshaking }

    var isPeerClosed: Bool { false }

    var isClosed: Bool { handshake.failure != nil }

    var failure: TLSError? { handshake.failure }

    var pendingRequest: SessionRequest? { handshake.pendingRequest }

    mutating func answer(_ answer: SessionAnswer) throws(TLSError) {
        defer { collect() }
        try handshake.answer(answer)
    }

    mutating func reject(_ alert: AlertDescription, reason: String) {
        handshake.reject(alert, reason: reason)
        collect()
    }

    var negotiated: NegotiatedParameters? { handshake.negotiated }

    var peerCertificates: [Certificate] { handshake.peerCertificates }

    var verifiedPath: [Certificate] { handshake.verifiedPath }

    var earlyData: EarlyDataStatus { .notOffered }

    func exportEarlyKeyingMaterial(label: String, context: [UInt8]?, count: Int) throws(TLSError) -> [UInt8] {
        throw .misuse(.noEarlyData)
    }

    mutating func updateKeys(requestingPeer: Bool) throws(TLSError) {
        throw .internalFailure("QUIC has no KeyUpdate")
    }

    func exportKeyingMaterial(label: String, context: [UInt8]?, count: Int) throws(TLSError) -> [UInt8] {
        try handshake.exportKeyingMaterial(label: label, context: context, count: count)
    }
}

extension QUICPackets: AnsweringSession where Handshake: ~Copyable {
    mutating func answer(_ answers: inout Answers) throws(TLSError) -> Bool {
        defer { collect() }
        return try handshake.answer(&answers)
    }

    mutating func sealEarlyData(
        _ plaintext: Span<UInt8>,
        into output: inout MutableSpan<UInt8>
    ) throws(TLSError) -> Sealed {
        throw .misuse(.noEarlyData)
    }

    var earlyDataCapacity: Int { 0 }

    var staple: (ocspResponse: [UInt8]?, timestamps: [UInt8]?) { handshake.staple }

    var peerTransportParameters: [UInt8]? { handshake.peerTransportParameters }
}

/// A QUIC session whose requests the shim can answer.
protocol AnsweringHandshake: QUICSession, ~Copyable {
    mutating func answer(_ answers: inout Answers) throws(TLSError) -> Bool

    var staple: (ocspResponse: [UInt8]?, timestamps: [UInt8]?) { get }
}

extension QUICClientSession: AnsweredClient, AnsweringHandshake {}

extension QUICServerSession: AnsweredServer, AnsweringHandshake {
    var staple: (ocspResponse: [UInt8]?, timestamps: [UInt8]?) { (nil, nil) }

    mutating func answer(
        configuration: ServerConfiguration,
        applicationProtocol: ApplicationProtocolAnswer
    ) throws(TLSError) {
        try answer(configuration: configuration, applicationProtocol: applicationProtocol, transportParameters: nil)
    }

    mutating func answer(verification verdict: Verdict) throws(TLSError) {
        try answer(verification: verdict, isResumable: false)
    }
}
