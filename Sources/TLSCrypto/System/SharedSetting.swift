// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Something of the whole process that is on as long as any thread needs it: turned on for the first, off behind the last.
final class SharedSetting: Sendable {
    private let users = Mutex(0)
    private let set: @Sendable (_ isOn: Bool) -> Void

    /// - Parameter set: Turns it on or off, and is quick.
    init(_ set: @escaping @Sendable (_ isOn: Bool) -> Void) { self.set = set }

    /// Does something while it is on.
    func during<Result>(_ body: () -> Result) -> Result {
        users.withLock { users in
            if users == 0 { set(true) }
            users += 1
        }
        defer {
            users.withLock { users in
                users -= 1
                if users == 0 { set(false) }
            }
        }
        return body()
    }
}
