// SPDX-License-Identifier: Apache-2.0

package import CSockets

extension cs_interest {
    package init(_ descriptor: Int32, read: Bool, write: Bool = false, failure: Bool = false) {
        self.init(
            descriptor: descriptor,
            wants_read: read,
            wants_write: write,
            wants_failure: failure,
            can_read: false,
            can_write: false,
            has_failed: false
        )
    }

    /// Waits until any of the descriptors is ready, which the interests then say.
    ///
    /// - Parameter milliseconds: The longest wait, -1 for no limit.
    /// - Returns: Whether any is.
    package static func wait(for interests: inout [cs_interest], milliseconds: Int32) throws(SocketError) -> Bool {
        var span = interests.mutableSpan
        let code = cs_poll(&span, milliseconds)
        guard code >= 0 else { throw SocketError("cannot wait for connections", code: code) }
        return code > 0
    }
}
