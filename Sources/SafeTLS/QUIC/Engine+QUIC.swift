// SPDX-License-Identifier: Apache-2.0

// A connection whose messages QUIC carries.

extension Engine where Handshake: ~Copyable {
    /// See `QUICSession.receive(_:at:)`.
    mutating func receive(crypto bytes: Span<UInt8>, at level: QUICLevel) throws(TLSError) {
        if let failure { throw failure }
        guard bytes.count > 0 else { return }
        do throws(TLSError) {
            try check(level)
            // Those that are too many are not copied first.
            if isWaiting && bytes.count > TLSLimits.waitingCryptoBytes - channel.joiner.count {
                throw .peerMisbehaved(.quic(.tooManyWaitingBytes))
            }
            channel.joiner.append(bytes)
            try processMessages()
            if isWaiting && channel.joiner.count > TLSLimits.waitingCryptoBytes {
                throw .peerMisbehaved(.quic(.tooManyWaitingBytes))
            }
            try channel.flush()
        } catch {
            throw fail(error)
        }
    }

    /// RFC 9001 §4.1.3: nothing new comes in a level that was left, and nothing can come in one whose keys are not there.
    private func check(_ level: QUICLevel) throws(TLSError) {
        let expected = receivingLevel
        guard level == expected else {
            throw .peerMisbehaved(.quic(.wrongLevel(received: level, expected: expected)))
        }
    }

    /// Whether secrets are kept that protect records, which nothing needs here.
    var holdsTrafficSecrets: Bool {
        switch phase {
        case .connected(let connected): connected.secrets.holdsTraffic
        default: false
        }
    }

    var receivingLevel: QUICLevel {
        switch channel.streams {
        case .some(let streams): streams.receivingLevel
        case .none: .initial
        }
    }

    var peerTransportParameters: [UInt8]? {
        switch channel.streams {
        case .some(let streams): streams.peerParameters
        case .none: nil
        }
    }

    mutating func takeSecret() -> QUICSecret? { channel.streams?.takeSecret() }

    func pendingOutputCount(at level: QUICLevel) -> Int {
        switch channel.streams {
        case .some(let streams): streams.count(at: level)
        case .none: 0
        }
    }

    @_lifetime(borrow self)
    func pendingOutput(at level: QUICLevel) -> Span<UInt8> {
        switch channel.streams {
        case .some(let streams): streams.pending(at: level)
        case .none: Span()
        }
    }

    mutating func discardOutput(_ count: Int, at level: QUICLevel) { channel.streams?.discard(count, at: level) }
}
