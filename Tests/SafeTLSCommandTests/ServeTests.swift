// SPDX-License-Identifier: Apache-2.0

import Foundation
import SafeTLSSockets
import TestSupport
import Testing

/// `safetls serve` where the system gives it no more.
@Suite struct ServeTests {
    /// Seconds of processor time that a process has used, in hundredths.
    private func processorTime(_ process: Int32) throws -> Int {
        let text = try KernelFile.text("/proc/\(process)/stat")
        let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
        return (Int(fields[12]) ?? 0) + (Int(fields[13]) ?? 0)
    }

    /// Without a descriptor for the next client it waits until one of its own goes, and does not ask again and again.
    @Test func backsOffWithoutDescriptors() throws {
        let child = try ChildProcess(
            "bash",
            ["-c", "ulimit -n 12; exec \"$0\" serve --port 0 \"$@\"", Tool.path] + (try Tool.identity())
        )
        let line = try Patience.wait(for: "the port", by: child, details: { child.transcript }) {
            child.transcript.split(separator: "\n").first { $0.hasPrefix("listening on ") }.map(String.init)
        }
        let port = try #require(line.split(separator: ":").last.flatMap { UInt16($0) })
        do {
            let idle = try Crowd(port, 40)
            let text = try child.waitForText("waiting until there is room for more")
            // A busy machine gives it less, and never more than it asks for.
            let before = try processorTime(child.processIdentifier)
            Thread.sleep(forTimeInterval: 1)
            #expect(try processorTime(child.processIdentifier) - before < 40)
            // Those that came first are shown out after half a minute.
            #expect(text.components(separatedBy: "waiting until").count == 2, "\(text)")
            withExtendedLifetime(idle) {}
        }
        // They have gone, and the next one is served.
        let outcome = try Tool.connect(port)
        #expect(outcome.status == 0, "\(outcome)")
    }

    /// Connections that say nothing.
    private final class Crowd {
        private struct Member: ~Copyable {
            let socket: Socket
        }

        private final class Box {
            let member: Member
            init(_ socket: consuming Socket) { member = Member(socket: socket) }
        }

        private var boxes: [Box] = []

        init(_ port: UInt16, _ count: Int) throws {
            for _ in 0..<count {
                boxes.append(Box(try Socket.connect(to: Endpoint(host: "127.0.0.1", port: port))))
            }
        }
    }
}
