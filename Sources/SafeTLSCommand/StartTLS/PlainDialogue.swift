// SPDX-License-Identifier: Apache-2.0

import CSockets
import SafeTLSSockets

/// What is said in the clear before TLS begins. All that a server sends is bounded, in bytes and in time.
struct PlainDialogue: ~Copyable {
    private let socket: Socket
    /// When it has to be over, by `cs_milliseconds`.
    private let deadline: UInt64
    /// What came and was not taken yet.
    private var buffer: [UInt8] = []
    private var total = 0
    private var lineCount = 0
    /// Is told of what is said.
    private let observer: ((_ line: String) -> Void)?

    /// - Parameter socket: Non-blocking.
    init(over socket: consuming Socket, until deadline: UInt64, observer: ((String) -> Void)?) {
        self.socket = socket
        self.deadline = deadline
        self.observer = observer
    }

    /// The numeric address of this end, without a zone: that means something on this machine only.
    var address: String {
        let host = Endpoint(socket.name(ofPeer: false))?.host ?? "127.0.0.1"
        return String(host.prefix { $0 != "%" })
    }

    /// Gives the socket back for TLS.
    ///
    /// What a server has sent behind its answer comes from before TLS, where anybody on the way could have put it: whoever took
    /// it for a part of what TLS protects would be deceived (CVE-2011-0411, CVE-2021-23222). A server of TLS does not begin.
    consuming func finish() throws -> Socket {
        if buffer.isEmpty {
            var bytes = [UInt8](repeating: 0, count: 64)
            if let count = try socket.read(into: &bytes) {
                guard count > 0 else {
                    throw StartTLSError("the server has closed the connection instead of going over to TLS")
                }
                buffer = Array(bytes.prefix(count))
            }
        }
        guard buffer.isEmpty else {
            throw StartTLSError(
                "the server sent more behind its answer, before TLS; somebody may have injected it: "
                    + "\u{201C}\(printable(Array(buffer.prefix(64))))\u{201D}"
            )
        }
        return socket
    }

    // MARK: Sending

    /// Sends a line.
    func send(_ line: String) throws { try send(Array((line + "\r\n").utf8), as: line) }

    /// Sends bytes.
    ///
    /// What has come by then cannot be an answer: a server that says more than it was asked for, or whoever writes in its name, is not
    /// believed that it is one later.
    ///
    /// - Parameter text: How they are shown.
    func send(_ bytes: [UInt8], as text: String) throws {
        guard buffer.isEmpty else {
            throw StartTLSError(
                "the server sent more before it was asked; somebody may have injected it: "
                    + "\u{201C}\(printable(Array(buffer.prefix(64))))\u{201D}"
            )
        }
        observer?("> \(text)")
        var sent = 0
        while sent < bytes.count {
            if let count = try socket.write(bytes.span.extracting(sent...)) {
                sent += count
            } else if try !socket.wait(forReading: false, until: deadline) {
                throw StartTLSError("the server did not read in time")
            }
        }
    }

    // MARK: Receiving

    /// The next line, without its end.
    mutating func line() throws -> String {
        lineCount += 1
        guard lineCount <= StartTLSLimits.lines else {
            throw StartTLSError("the server sent more than \(StartTLSLimits.lines) lines")
        }
        while true {
            if let end = buffer.firstIndex(of: 0x0A) {
                let line = Array(buffer[..<end])
                buffer.removeFirst(end + 1)
                return try Self.checked(line) { observer?("< \($0)") }
            }
            guard buffer.count <= StartTLSLimits.lineLength else { break }
            try fill()
        }
        throw StartTLSError("the server sent a line of more than \(StartTLSLimits.lineLength) bytes")
    }

    /// A line that ends in CRLF and has no other controls than tabs.
    private static func checked(_ line: [UInt8], _ observe: (String) -> Void) throws -> String {
        observe(printable(line.last == 0x0D ? Array(line.dropLast()) : line))
        guard line.count <= StartTLSLimits.lineLength else {
            throw StartTLSError("the server sent a line of more than \(StartTLSLimits.lineLength) bytes")
        }
        guard line.last == 0x0D, line.dropLast().allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
            throw StartTLSError("the server sent a line that is no text: \u{201C}\(printable(line))\u{201D}")
        }
        return String(decoding: line.dropLast(), as: UTF8.self)
    }

    /// The next bytes, exactly so many.
    mutating func bytes(_ count: Int) throws -> [UInt8] {
        guard count <= StartTLSLimits.messageLength else {
            throw StartTLSError("the server sent a message of more than \(StartTLSLimits.messageLength) bytes")
        }
        while buffer.count < count { try fill() }
        let bytes = Array(buffer.prefix(count))
        buffer.removeFirst(count)
        return bytes
    }

    /// The bytes up to and with a mark; at most a line's length.
    mutating func bytes(through mark: UInt8) throws -> [UInt8] {
        var searched = 0
        while true {
            if let end = buffer[searched...].firstIndex(of: mark) {
                let bytes = Array(buffer[...end])
                buffer.removeFirst(end + 1)
                return bytes
            }
            searched = buffer.count
            guard searched <= StartTLSLimits.lineLength else {
                throw StartTLSError("the server sent \(StartTLSLimits.lineLength) bytes without an end")
            }
            try fill()
        }
    }

    /// Passes over white space that stands between what a server says, and tells nothing.
    mutating func skipWhiteSpace() {
        buffer = Array(buffer.drop { [0x20, 0x09, 0x0A, 0x0D].contains($0) })
    }

    /// Tells the observer of what is no line.
    func observe(_ text: String) { observer?("< \(text)") }

    /// Waits for more, as long as there is time.
    private mutating func fill() throws {
        var bytes = [UInt8](repeating: 0, count: 4096)
        guard try socket.wait(forReading: true, until: deadline) else {
            throw StartTLSError("the server did not go over to TLS in time")
        }
        guard let count = try socket.read(into: &bytes) else { return }
        guard count > 0 else { throw StartTLSError("the server has closed the connection before TLS") }
        total += count
        guard total <= StartTLSLimits.bytes else {
            throw StartTLSError("the server sent more than \(StartTLSLimits.bytes) bytes before TLS")
        }
        buffer += bytes.prefix(count)
    }
}
