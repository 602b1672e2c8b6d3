// SPDX-License-Identifier: Apache-2.0

/// What `receive` did with the caller's buffer.
public struct Received: Equatable, Sendable {
    /// Bytes at the front of the buffer that are done with, the record that ``plaintext`` lies in included.
    ///
    /// Use the plaintext first, then drop these bytes and call `receive` again with what remains.
    public var consumed: Int
    /// Where decrypted application data lies in the same buffer. Empty when there is none.
    public var plaintext: Range<Int>
    /// How many more bytes the session needs behind those that remain before it can do anything.
    ///
    /// 0 when it does not wait for bytes: there is plaintext to use, a request to answer, or the connection has ended.
    public var needed: Int
    /// Whether ``plaintext`` is 0-RTT data: an attacker may have sent it before (RFC 9846 §8).
    public var isEarlyData = false

    package init(consumed: Int, plaintext: Range<Int>, needed: Int, isEarlyData: Bool = false) {
        self.consumed = consumed
        self.plaintext = plaintext
        self.needed = needed
        self.isEarlyData = isEarlyData
    }
}
