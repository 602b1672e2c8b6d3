// SPDX-License-Identifier: Apache-2.0

/// What `seal` did.
public struct Sealed: Equatable, Sendable {
    /// Bytes of plaintext that were sealed.
    public var consumed: Int
    /// Bytes written to the output.
    public var written: Int

    package init(consumed: Int, written: Int) {
        self.consumed = consumed
        self.written = written
    }
}

extension Sealed {
    /// What was sealed under a key that is worn out, of so many bytes of plaintext. A driver that would wait for more has
    /// to learn that none comes.
    func unlessStuck(_ count: Int) throws(TLSError) -> Sealed {
        guard count == 0 || consumed > 0 || written > 0 else { throw .misuse(.keysUsedUp) }
        return self
    }
}
