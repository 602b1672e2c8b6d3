// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import SafeTLS

@Suite("Which 0-RTT data pass")
struct EarlyDataGateTests {
    private func refusal(_ gate: inout EarlyDataGate, _ count: Int) -> TLSError? {
        do throws(TLSError) {
            try gate.count(count)
            return nil
        } catch {
            return error
        }
    }

    @Test("nothing passes a gate that nobody opened")
    func closed() {
        var gate = EarlyDataGate()
        let (status, sendable, skips) = (gate.status, gate.sendable, gate.skips(0))
        #expect(status == .notOffered && sendable == nil && !skips)
        #expect(refusal(&gate, 1) == .peerMisbehaved(.unexpectedRecord("application data")))
    }

    @Test("a client sends what the ticket allows, until the server answers")
    func sending() {
        var gate = EarlyDataGate()
        gate.open(sending: 10)
        gate.spend(4)
        let (status, left) = (gate.status, gate.sendable)
        #expect(status == .offered && left == 6)
        gate.closeSending()
        gate.spend(1)
        let closed = gate.sendable
        #expect(closed == nil)
    }

    @Test("a server takes what it promised, until EndOfEarlyData")
    func receiving() {
        var gate = EarlyDataGate()
        gate.open(receiving: 10)
        #expect(refusal(&gate, 6) == nil)
        #expect(refusal(&gate, 4) == nil)
        #expect(refusal(&gate, 1) == .peerMisbehaved(.tooMany("bytes of 0-RTT data")))
        gate.closeReceiving()
        #expect(refusal(&gate, 0) == .peerMisbehaved(.unexpectedRecord("application data")))
    }

    @Test("a server skips records up to its limit, headers counted")
    func skipping() {
        var gate = EarlyDataGate()
        gate.startSkipping()
        var skipped = 0
        while gate.skips(RecordSize.plaintext) { skipped += 1 }
        #expect(skipped == TLSLimits.skippedEarlyData / (RecordSize.plaintext + RecordSize.header))
        var empty = 0
        while gate.skips(0) { empty += 1 }
        #expect(empty == TLSLimits.skippedEarlyData % (RecordSize.plaintext + RecordSize.header) / RecordSize.header)
    }

    @Test(
        "nothing is skipped behind the first record that can be read, nor where data are taken",
        arguments: [true, false]
    )
    func endsSkipping(takes: Bool) {
        var gate = EarlyDataGate()
        gate.startSkipping()
        if takes { gate.open(receiving: 1) } else { gate.endSkipping() }
        let skips = gate.skips(0)
        #expect(!skips)
    }
}
