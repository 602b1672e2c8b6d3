// SPDX-License-Identifier: Apache-2.0

import SafeTLSSockets
import TestSupport
import Testing

/// Test runs side by side have ports of their own.
@Suite struct LoopbackPortTests {
    @Test(arguments: [("12000-15000", 12_000..<15_000), ("31000-40000", 31_000..<32_000)])
    func part(text: String, range: Range<Int>) { #expect(LoopbackPort.range(text) == range) }

    @Test(arguments: [nil, "", "12000", "15000-12000", "12000-", "a-b", "1-80", "12000-13000-14000"])
    func whole(text: String?) { #expect(LoopbackPort.range(text) == 12_000..<32_000) }

    @Test func eachOnce() throws {
        let ports = try (0..<20).map { _ in try LoopbackPort.free() }
        #expect(Set(ports).count == ports.count)
    }

    /// The kernel's table has more lines than a page of memory holds.
    @Test func everyListenerIsSeen() throws {
        var listeners: [Listener] = []
        for _ in 0..<60 { listeners.append(try Listener()) }
        #expect(listeners.map(\.port).filter { !LoopbackPort.isListening($0) } == [])
    }

    private final class Listener {
        private let socket: Socket
        let port: Int

        init() throws {
            let socket = try Socket.listen(on: Endpoint(host: "127.0.0.1", port: 0))
            port = Int(try #require(Endpoint(socket.name(ofPeer: false))).port)
            self.socket = socket
        }
    }
}
