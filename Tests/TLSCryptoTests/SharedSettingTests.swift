// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Testing

@testable import TLSCrypto

@Suite("A setting of the whole process")
struct SharedSettingTests {
    private final class Log: Sendable {
        private let changes = Mutex<[Bool]>([])

        var all: [Bool] { changes.withLock { $0 } }
        var isOn: Bool { changes.withLock { $0.last ?? false } }

        func set(_ isOn: Bool) { changes.withLock { $0.append(isOn) } }
    }

    @Test("is on until the last who needs it is done")
    func nested() {
        let log = Log()
        let setting = SharedSetting(log.set)
        let result = setting.during {
            #expect(setting.during { log.all } == [true])
            #expect(log.all == [true])
            return 7
        }
        #expect(result == 7 && log.all == [true, false])
        setting.during { #expect(log.isOn) }
        #expect(log.all == [true, false, true, false])
    }

    @Test("is on for each of many threads")
    func threads() async {
        let log = Log()
        let setting = SharedSetting(log.set)
        let wrong = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<4 {
                group.addTask { (0..<2_000).reduce(0) { wrong, _ in wrong + setting.during { log.isOn ? 0 : 1 } } }
            }
            return await group.reduce(0, +)
        }
        #expect(wrong == 0 && !log.isOn)
        #expect(log.all.enumerated().allSatisfy { index, isOn in isOn == index.isMultiple(of: 2) })
    }
}
