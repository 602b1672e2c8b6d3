// SPDX-License-Identifier: Apache-2.0

import CSockets

/// A file descriptor that is closed with its owner.
struct Socket: ~Copyable {
    let descriptor: Int32

    private init(owning descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit {
        cs_close(descriptor)
    }

    /// A blocking connection to a host, each of whose addresses gets some seconds.
    static func connect(to endpoint: Endpoint, seconds: Int32) throws(SocketError) -> Socket {
        let host = Array(endpoint.host.utf8)
        let code = cs_connect(host.span, endpoint.port, seconds * 1000)
        guard code >= 0 else { throw SocketError("cannot connect to \(endpoint)", code: Int(code)) }
        return Socket(owning: code)
    }

    /// A non-blocking listener.
    static func listen(on endpoint: Endpoint) throws(SocketError) -> Socket {
        let host = Array(endpoint.host.utf8)
        let code = cs_listen(host.span, endpoint.port)
        guard code >= 0 else { throw SocketError("cannot listen on \(endpoint)", code: Int(code)) }
        return Socket(owning: code)
    }

    /// The next connection, non-blocking, if one waits and the system has room for it.
    borrowing func accept() -> Socket? {
        let code = cs_accept(descriptor)
        return code >= 0 ? Socket(owning: code) : nil
    }

    borrowing func setBlocking(_ blocks: Bool) throws(SocketError) {
        _ = try checked(Int(cs_set_blocking(descriptor, blocks)), doing: "cannot set up the connection")
    }

    /// Fills an array's rest with what is there: a count of bytes, 0 at the end of input, or nil if nothing is there
    /// yet.
    borrowing func read(into bytes: inout [UInt8], at start: Int = 0) throws(SocketError) -> Int? {
        var whole = bytes.mutableSpan
        var free = whole._mutatingExtracting(start...)
        return try checked(cs_read(descriptor, &free), doing: "cannot read from the connection")
    }

    /// Reads what is there and forgets it; returns whether it was the end of input.
    borrowing func discardInput() throws(SocketError) -> Bool {
        var bytes = [UInt8](repeating: 0, count: 4096)
        return try read(into: &bytes) == 0
    }

    /// Writes what fits: a count of bytes, or nil if nothing does at the moment.
    borrowing func write(_ bytes: Span<UInt8>) throws(SocketError) -> Int? {
        try checked(cs_write(descriptor, bytes), doing: "cannot write to the connection")
    }

    borrowing func shutdownWriting() {
        cs_shutdown_write(descriptor)
    }

    /// The numeric address and port of this end or the peer's.
    borrowing func name(ofPeer: Bool) -> String {
        var text = [UInt8](repeating: 0, count: 160)
        var span = text.mutableSpan
        let length = cs_name(descriptor, ofPeer, &span)
        return length >= 0 ? String(decoding: text.prefix(length), as: UTF8.self) : "unknown"
    }
}

/// A system call failed.
struct SocketError: Error, CustomStringConvertible {
    let description: String

    init(_ what: String, code: Int) {
        var text = [UInt8](repeating: 0, count: 200)
        var span = text.mutableSpan
        let length = cs_reason(code, &span)
        description = what + ": " + String(decoding: text.prefix(length), as: UTF8.self)
    }
}

extension cs_interest {
    init(_ descriptor: Int32, read: Bool, write: Bool = false) {
        self.init(
            descriptor: descriptor,
            wants_read: read,
            wants_write: write,
            can_read: false,
            can_write: false
        )
    }

    /// Waits until any of the descriptors is ready, which the interests then say.
    ///
    /// - Parameter milliseconds: The longest wait, -1 for no limit.
    /// - Returns: Whether any is.
    static func wait(for interests: inout [cs_interest], milliseconds: Int32) throws(SocketError) -> Bool {
        var span = interests.mutableSpan
        let code = cs_poll(&span, milliseconds)
        guard code >= 0 else { throw SocketError("cannot wait for connections", code: code) }
        return code > 0
    }
}

/// A call's count, nil if it would have had to wait.
private func checked(_ code: Int, doing what: String) throws(SocketError) -> Int? {
    guard code < 0 else { return code }
    guard code != cs_would_block else { return nil }
    throw SocketError(what, code: code)
}
