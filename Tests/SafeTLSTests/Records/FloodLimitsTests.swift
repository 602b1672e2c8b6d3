// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import SafeTLS

@Suite("Limits on what carries no data")
struct FloodLimitsTests {
    /// One kind of thing that costs work.
    enum Kind: CaseIterable {
        case emptyRecord, keyUpdate, sessionTicket, renegotiation, warning, changeCipherSpec

        func count(_ limits: inout FloodLimits) throws(TLSError) {
            switch self {
            case .emptyRecord: try limits.countApplicationData(0)
            case .keyUpdate: try limits.countKeyUpdate()
            case .sessionTicket: try limits.countSessionTicket()
            case .renegotiation: try limits.countRenegotiationRequest()
            case .warning: try limits.countWarningAlert()
            case .changeCipherSpec: try limits.countChangeCipherSpec()
            }
        }

        var limit: Int {
            switch self {
            case .emptyRecord: TLSLimits.consecutiveEmptyRecords
            case .keyUpdate: TLSLimits.consecutiveKeyUpdates
            case .sessionTicket: TLSLimits.consecutiveSessionTickets
            case .renegotiation: TLSLimits.renegotiationRequests
            case .warning: TLSLimits.warningAlerts
            case .changeCipherSpec: TLSLimits.ignoredChangeCipherSpecs
            }
        }

        /// Whether data make them innocent.
        var startsAgainWithData: Bool {
            switch self {
            case .emptyRecord, .keyUpdate, .sessionTicket: true
            case .renegotiation, .warning, .changeCipherSpec: false
            }
        }
    }

    private func reach(_ kind: Kind, _ limits: inout FloodLimits) throws {
        for _ in 0..<kind.limit { try kind.count(&limits) }
    }

    private func isRefused(_ kind: Kind, _ limits: inout FloodLimits) -> Bool {
        do throws(TLSError) {
            try kind.count(&limits)
            return false
        } catch {
            return true
        }
    }

    @Test("one more than the limit is refused, and no other kind", arguments: Kind.allCases)
    func limit(kind: Kind) throws {
        var limits = FloodLimits()
        try reach(kind, &limits)
        for other in Kind.allCases where other != kind { try other.count(&limits) }
        #expect(isRefused(kind, &limits))
    }

    @Test("data start the counts again of what may come between them", arguments: Kind.allCases)
    func data(kind: Kind) throws {
        var limits = FloodLimits()
        try reach(kind, &limits)
        try limits.countApplicationData(1)
        #expect(isRefused(kind, &limits) != kind.startsAgainWithData)
    }

    @Test("a KeyUpdate that was asked for counts for nothing")
    func expectedKeyUpdate() throws {
        var limits = FloodLimits()
        for _ in 0..<3 * TLSLimits.consecutiveKeyUpdates {
            limits.expectKeyUpdate()
            try limits.countKeyUpdate()
        }
    }
}
