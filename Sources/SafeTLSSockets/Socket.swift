// SPDX-License-Identifier: Apache-2.0

import CSockets

/// A stream socket of the system that is closed with its owner.
public struct Socket: ~Copyable, Sendable {
    package let descriptor: Int32

    private init(owning descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit {
        cs_close(descriptor)
    }

    /// Which of a host's addresses are tried.
    public enum AddressFamily: Sendable {
        /// All, in the order of the system's resolver.
        case any
        /// Those of IPv4.
        case ipv4
        /// Those of IPv6.
        case ipv6
    }

    /// A blocking connection to a host, whose addresses are tried one after the other.
    ///
    /// - Parameters:
    ///   - endpoint: Where to; the system's resolver looks names up.
    ///   - family: Which addresses to try. Default: any.
    ///   - milliseconds: How long the resolver and all addresses together have to answer, and each address an equal part of what is
    ///     left; at least 1 where there is a name to look up. Default: 30 seconds. A resolver that does not answer in time is left to
    ///     itself, on a thread of its own; while 64 of them do not answer, looking up another name fails at once.
    public static func connect(
        to endpoint: Endpoint,
        family: AddressFamily = .any,
        milliseconds: Int32 = 30_000
    ) throws(SocketError) -> Socket {
        let host = Array(endpoint.host.utf8)
        let number: Int32 = family == .ipv4 ? 4 : family == .ipv6 ? 6 : 0
        let code = cs_connect(host.span, endpoint.port, number, milliseconds)
        guard code >= 0 else { throw SocketError("cannot connect to \(endpoint)", code: Int(code)) }
        return Socket(owning: code)
    }

    /// A blocking connection to a socket in the file system (a Unix socket).
    ///
    /// - Parameters:
    ///   - path: At most 107 bytes.
    ///   - milliseconds: How long the listener has to have room for it, and what is ``setTimeout(milliseconds:)`` afterwards.
    ///     Default: 30 seconds.
    public static func connect(toPath path: String, milliseconds: Int32 = 30_000) throws(SocketError) -> Socket {
        let bytes = Array(path.utf8)
        let code = cs_connect_path(bytes.span, milliseconds)
        guard code >= 0 else { throw SocketError("cannot connect to \(path)", code: Int(code)) }
        return Socket(owning: code)
    }

    /// A non-blocking listener.
    ///
    /// - Parameter endpoint: The address to take connections at; the first of those that a name has.
    public static func listen(on endpoint: Endpoint) throws(SocketError) -> Socket {
        let host = Array(endpoint.host.utf8)
        let code = cs_listen(host.span, endpoint.port)
        guard code >= 0 else { throw SocketError("cannot listen on \(endpoint)", code: Int(code)) }
        return Socket(owning: code)
    }

    /// A non-blocking listener in the file system (a Unix socket), which only this user may connect to.
    ///
    /// A socket that is there and that nobody listens on is replaced. It stays behind when the listener ends.
    ///
    /// - Parameter path: At most 107 bytes.
    public static func listen(onPath path: String) throws(SocketError) -> Socket {
        let bytes = Array(path.utf8)
        let code = cs_listen_path(bytes.span)
        guard code >= 0 else { throw SocketError("cannot listen on \(path)", code: Int(code)) }
        return Socket(owning: code)
    }

    /// The next connection, non-blocking, if one waits and the system has room for it.
    public borrowing func accept() -> Socket? {
        let code = cs_accept(descriptor)
        return code >= 0 ? Socket(owning: code) : nil
    }

    /// The same for whoever has to know why there is none: nil when none waits, or who came has gone.
    ///
    /// - Throws: ``SocketError``; ``SocketError/isExhausted`` says that the connection still waits, and that a listener which asks
    ///   again at once is told the same.
    package borrowing func acceptWaiting() throws(SocketError) -> Socket? {
        let code = cs_accept(descriptor)
        if code >= 0 { return Socket(owning: code) }
        guard Int(code) == cs_would_block || Int(code) == cs_aborted else {
            throw SocketError("cannot accept a connection", code: Int(code))
        }
        return nil
    }

    /// Waits for the next connection, which is non-blocking.
    ///
    /// Connections that have failed before they are taken are passed over. While the process or the system has no descriptor or
    /// no memory for another, it waits until there is.
    ///
    /// - Parameter milliseconds: The longest wait; nil for no limit. Default: nil.
    /// - Throws: ``SocketError``, also when the time is over.
    public borrowing func acceptNext(milliseconds: Int32? = nil) throws(SocketError) -> Socket {
        let end = milliseconds.map { cs_milliseconds() + UInt64(max(0, $0)) }
        while true {
            let code = cs_accept(descriptor)
            if code >= 0 { return Socket(owning: code) }
            if cs_is_exhausted(Int(code)) {
                guard end.map({ cs_milliseconds() < $0 }) ?? true else {
                    throw SocketError("cannot accept a connection", code: Int(code))
                }
                try Self.pause()
                continue
            }
            // Whoever came has gone before it was accepted.
            guard Int(code) == cs_would_block || Int(code) == cs_aborted else {
                throw SocketError("cannot accept a connection", code: Int(code))
            }
            guard try wait(forReading: true, until: end) else { throw .timedOut("no connection came in time") }
        }
    }

    /// Waits 50 ms for others to give something back: nothing tells when they do.
    private static func pause() throws(SocketError) {
        var none: [cs_interest] = []
        _ = try cs_interest.wait(for: &none, milliseconds: 50)
    }

    /// How many milliseconds a read or a write waits while the socket blocks, at least 1: it is nil then. Each has as long.
    public borrowing func setTimeout(milliseconds: Int32) throws(SocketError) {
        _ = try checked(Int(cs_set_timeout(descriptor, milliseconds)), doing: "cannot set up the connection")
    }

    /// Lets calls wait until they are done, or not.
    public borrowing func setBlocking(_ blocks: Bool) throws(SocketError) {
        _ = try checked(Int(cs_set_blocking(descriptor, blocks)), doing: "cannot set up the connection")
    }

    /// Fills an array's rest with what is there: a count of bytes, 0 at the end of input, or nil if nothing is there
    /// yet.
    public borrowing func read(into bytes: inout [UInt8], at start: Int = 0) throws(SocketError) -> Int? {
        var whole = bytes.mutableSpan
        var free = whole._mutatingExtracting(start...)
        return try checked(cs_read(descriptor, &free), doing: "cannot read from the connection")
    }

    /// Reads what is there and forgets it; returns whether it was the end of input.
    package borrowing func discardInput() throws(SocketError) -> Bool {
        var bytes = [UInt8](repeating: 0, count: 4096)
        return try read(into: &bytes) == 0
    }

    /// Writes what fits: a count of bytes, or nil if nothing does at the moment.
    public borrowing func write(_ bytes: Span<UInt8>) throws(SocketError) -> Int? {
        try checked(cs_send(descriptor, bytes), doing: "cannot write to the connection")
    }

    /// Tells the peer that nothing more will be written.
    public borrowing func shutdownWriting() {
        cs_shutdown_write(descriptor)
    }

    /// The numeric address and port of this end or the peer's.
    public borrowing func name(ofPeer: Bool) -> String {
        var text = [UInt8](repeating: 0, count: 160)
        var span = text.mutableSpan
        let length = cs_name(descriptor, ofPeer, &span)
        return length >= 0 ? String(decoding: text.prefix(length), as: UTF8.self) : "unknown"
    }

    /// Waits until the socket can be read from, or written to.
    ///
    /// - Parameters:
    ///   - forReading: What for.
    ///   - end: When to give up, by `cs_milliseconds`; nil for never.
    /// - Returns: False when the time is over, also where the socket is ready: a peer that sends or takes a byte at a time has
    ///   no more of it.
    package borrowing func wait(forReading: Bool, until end: UInt64?) throws(SocketError) -> Bool {
        while true {
            let now = cs_milliseconds()
            if let end, now >= end { return false }
            let left = end.map { Int32(clamping: $0 - min(now, $0)) } ?? -1
            var interests = [cs_interest(descriptor, read: forReading, write: !forReading)]
            // A signal ends the wait early.
            if try cs_interest.wait(for: &interests, milliseconds: left) { return true }
        }
    }
}

/// A system call failed, or took too long.
public struct SocketError: Error, CustomStringConvertible, Sendable {
    /// What could not be done, and the system's words for why.
    public let description: String
    /// Whether the time was over.
    public let isTimeout: Bool
    /// Whether the process or the system has no more descriptors or memory at the moment.
    package let isExhausted: Bool

    package init(_ what: String, code: Int) {
        var text = [UInt8](repeating: 0, count: 200)
        var span = text.mutableSpan
        let length = cs_reason(code, &span)
        description = what + ": " + String(decoding: text.prefix(length), as: UTF8.self)
        isTimeout = code == cs_timed_out
        isExhausted = cs_is_exhausted(code)
    }

    private init(description: String, isTimeout: Bool) {
        self.description = description
        self.isTimeout = isTimeout
        isExhausted = false
    }

    static func timedOut(_ sentence: String) -> SocketError { SocketError(description: sentence, isTimeout: true) }
}

/// A call's count, nil if it would have had to wait.
private func checked(_ code: Int, doing what: String) throws(SocketError) -> Int? {
    guard code < 0 else { return code }
    guard code != cs_would_block else { return nil }
    throw SocketError(what, code: code)
}
