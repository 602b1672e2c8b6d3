// SPDX-License-Identifier: Apache-2.0

import CSockets

/// A connection to the runner.
struct Transport: ~Copyable {
    private let descriptor: Int32

    init(_ options: Options) throws(ShimFailure) {
        descriptor = try Self.connect(options)
    }

    private static func connect(_ options: Options) throws(ShimFailure) -> Int32 {
        // The runner of 2022 does not say where it listens: on ::1, or on 127.0.0.1 where there is no IPv6.
        let hosts = options.usesIPv6 ? ["::1"] : options.shimID != nil ? ["127.0.0.1"] : ["::1", "127.0.0.1"]
        for host in hosts {
            let name = Array(host.utf8)
            let code = cs_connect(name.span, options.port, 0, 10_000)
            if code >= 0 { return code }
        }
        throw .transport("cannot connect")
    }

    deinit {
        cs_close(descriptor)
    }

    /// Fills an array's rest; returns the count of bytes, 0 at the end of input.
    borrowing func read(into bytes: inout [UInt8], at start: Int) throws(ShimFailure) -> Int {
        var whole = bytes.mutableSpan
        var free = whole._mutatingExtracting(start...)
        let count = cs_read(descriptor, &free)
        guard count >= 0 else { throw .transport("cannot read") }
        return count
    }

    borrowing func write(_ bytes: Span<UInt8>) throws(ShimFailure) {
        var start = 0
        while start < bytes.count {
            let count = cs_write(descriptor, bytes.extracting(start...))
            guard count > 0 else { throw .transport("cannot write") }
            start += count
        }
    }

    /// Ends the connection so that the runner still reads what was sent: closing with unread input would reset it.
    borrowing func finish() {
        cs_shutdown_write(descriptor)
        var bytes = [UInt8](repeating: 0, count: 4096)
        while true {
            var span = bytes.mutableSpan
            guard cs_read(descriptor, &span) > 0 else { return }
        }
    }
}
