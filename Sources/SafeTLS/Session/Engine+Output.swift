// SPDX-License-Identifier: Apache-2.0

// What a session seals and sends, and what keys do so.

extension Engine where Handshake: ~Copyable {
    /// See `TLSSession.seal(_:into:)`.
    mutating func seal(
        _ plaintext: Span<UInt8>,
        into output: inout MutableSpan<UInt8>
    ) throws(TLSError) -> Sealed {
        if let failure { throw failure }
        guard isConnected || earlyNegotiated != nil else { throw .misuse(.handshakeIncomplete) }
        guard !channel.isClosed else { throw .misuse(.closed) }
        var sealed = Sealed(consumed: 0, written: 0)
        do throws(TLSError) {
            if owesKeyUpdate && plaintext.count > 0 { try sendKeyUpdate(KeyUpdate(isUpdateRequested: false)) }
            while true {
                if channel.output.count > 0 {
                    sealed.written = channel.moveOutput(into: &output, at: sealed.written)
                    if channel.output.count > 0 { return sealed }
                }
                let rest = plaintext.extracting(droppingFirst: sealed.consumed)
                let part = try channel.sending.seal(rest, into: &output, at: sealed.written)
                sealed.consumed &+= part.consumed
                sealed.written = part.written
                guard channel.sending.isWornOut else { return sealed }
                // RFC 9846 §5.5: a key that cannot be replaced, yet or any more, seals nothing beyond its limit.
                guard isConnected, channel.sending.mayUpdateKey else { break }
                // The KeyUpdate waits in the output: it goes out first, then the rest under the new key.
                try sendKeyUpdate(KeyUpdate(isUpdateRequested: false))
            }
        } catch {
            throw fail(error)
        }
        return try sealed.unlessStuck(plaintext.count)
    }

    /// Seals 0-RTT data, as much as the ticket allows and `output` has room for.
    mutating func sealEarlyData(
        _ plaintext: Span<UInt8>,
        into output: inout MutableSpan<UInt8>
    ) throws(TLSError) -> Sealed {
        if let failure { throw failure }
        guard let budget = channel.early.sendable, !channel.isClosed else { throw .misuse(.noEarlyData) }
        let start = channel.moveOutput(into: &output, at: 0)
        if channel.output.count > 0 { return Sealed(consumed: 0, written: start) }
        let part = plaintext.extracting(0..<min(plaintext.count, budget))
        let sealed: Sealed
        do throws(TLSError) {
            sealed = try channel.sending.seal(part, into: &output, at: start)
            channel.early.spend(sealed.consumed)
        } catch {
            throw fail(error)
        }
        // RFC 9846 §5.5: there is no KeyUpdate for early data, so the key's limit is theirs.
        return channel.sending.isWornOut ? try sealed.unlessStuck(part.count) : sealed
    }

    /// See `ClientSession.earlyDataCapacity`.
    var earlyDataCapacity: Int { channel.sending.isWornOut ? 0 : channel.early.sendable ?? 0 }

    /// See `TLSSession.sealedByteCount(for:)`.
    func sealedByteCount(for plaintextCount: Int) -> Int {
        channel.output.count + channel.sending.sealedByteCount(for: plaintextCount, owesKeyUpdate: owesKeyUpdate)
    }

    mutating func discardOutput(_ count: Int) { channel.discardOutput(count) }

    /// See `TLSSession.updateKeys(requestingPeer:)`.
    mutating func updateKeys(requestingPeer: Bool) throws(TLSError) {
        if let failure { throw failure }
        guard isConnected else { throw .misuse(.handshakeIncomplete) }
        guard !channel.isClosed else { throw .misuse(.closed) }
        guard channel.version == .tls13 else { throw .misuse(.needsTLS13) }
        guard channel.sending.mayUpdateKey else { throw .misuse(.keysUsedUp) }
        do throws(TLSError) {
            try sendKeyUpdate(KeyUpdate(isUpdateRequested: requestingPeer))
        } catch {
            throw fail(error)
        }
    }

    private mutating func sendKeyUpdate(_ update: KeyUpdate) throws(TLSError) {
        try advanceConnected { connected, channel throws(TLSError) in
            try connected.sendKeyUpdate(update, &channel)
        }
    }
}
