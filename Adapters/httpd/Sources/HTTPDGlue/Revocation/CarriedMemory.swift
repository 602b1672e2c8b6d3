// SPDX-License-Identifier: Apache-2.0
import CHTTPD
import HTTPDCore

/// The memory in which processes leave OCSP responses for those that come after a restart.
struct CarriedMemory: SharedBytes {
    var count: Int { tlsd_carried_size() }

    func read(_ range: Range<Int>) -> [UInt8] {
        guard isWithin(range.lowerBound, range.count) else { return [] }
        return unsafe [UInt8](unsafeUninitializedCapacity: range.count) { buffer, length in
            guard let start = buffer.baseAddress else { return }
            unsafe tlsd_carried_read(range.lowerBound, start, range.count)
            length = range.count
        }
    }

    func write(_ bytes: [UInt8], at offset: Int) {
        guard isWithin(offset, bytes.count) else { return }
        unsafe tlsd_carried_write(offset, bytes, bytes.count)
    }

    private func isWithin(_ offset: Int, _ length: Int) -> Bool {
        (0...count).contains(offset) && length <= count - offset
    }
}
