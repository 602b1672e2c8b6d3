// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// A server's decision on the 0-RTT data of a ClientHello (RFC 9846 §4.3.10). Only the checks make one that accepts.
struct EarlyDataDecision {
    let status: EarlyDataStatus
    /// How many bytes are taken.
    let limit: Int

    private init(_ status: EarlyDataStatus, limit: Int = 0) {
        self.status = status
        self.limit = limit
    }

    static let notOffered = EarlyDataDecision(.notOffered)

    static func rejected(_ reason: EarlyDataStatus.Reason) -> EarlyDataDecision {
        EarlyDataDecision(.rejected(reason))
    }

    var isAccepted: Bool { status == .accepted }

    /// Judges the offer of a client whose first pre-shared key may be `resumed`.
    ///
    /// - Parameter isRetried: Whether a HelloRetryRequest came before this ClientHello.
    init(
        _ received: borrowing ReceivedClientHello,
        _ resumed: borrowing BinderVerified?,
        cipherSuite: CipherSuite,
        applicationProtocol: String?,
        isRetried: Bool
    ) {
        guard received.hello.hasEarlyData, !isRetried else {
            self = .notOffered
            return
        }
        guard let options = received.options.earlyData else {
            self = .rejected(.disabled)
            return
        }
        switch resumed {
        case .none:
            self = .rejected(.notResumed)
        case .some(let resumed):
            switch resumed.source {
            case .external:
                self = .rejected(.notResumed)
            case .session(let state):
                // First of all, as no other binder was verified than that of the identity.
                if resumed.identity != 0 {
                    self = .rejected(.notResumed)
                } else if let reason = Self.objection(
                    received,
                    state,
                    options,
                    cipherSuite,
                    applicationProtocol
                ) {
                    self = .rejected(reason)
                } else {
                    let promised = min(state.maximumEarlyData, options.maximumSize)
                    self = EarlyDataDecision(.accepted, limit: Int(promised))
                }
            }
        }
    }

    private static func objection(
        _ received: borrowing ReceivedClientHello,
        _ session: borrowing SessionState,
        _ options: EarlyDataOptions,
        _ cipherSuite: CipherSuite,
        _ applicationProtocol: String?
    ) -> EarlyDataStatus.Reason? {
        guard session.maximumEarlyData > 0 else { return .disabled }
        guard session.cipherSuite == cipherSuite else { return .cipherSuite }
        guard session.applicationProtocol == applicationProtocol else { return .applicationProtocol }
        guard let offer = received.hello.preSharedKey, let first = offer.identity(at: 0),
            let binder = offer.binder(at: 0)
        else {
            return .notResumed
        }
        // §8.3: the client's view of the ticket's age against ours, in milliseconds.
        let now = received.options.clock()
        let age = Int64(first.obfuscatedTicketAge &- session.ageAdd)
        let ours = (now - session.createdAt) &* 1000
        guard abs(age - ours) <= options.window * 1000 else { return .ticketAge }
        guard let replayProtection = options.replayProtection else {
            // A stored session was used up a moment ago, which is as good where the store keeps its word (§8.1).
            return received.context.configuration.resumption?.identifier(first.identity) == nil ? .replay : nil
        }
        return replayProtection.isFirst(copyBytes(binder), now: now, window: options.window) ? nil : .replay
    }
}
