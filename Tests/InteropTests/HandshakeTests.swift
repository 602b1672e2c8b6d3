// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Every version, suite, group and kind of certificate key, with every peer that can be held to it.
///
/// The peer is restricted and `safetls` is not, so that each handshake shows `safetls` adapting to what it meets.
@Suite struct HandshakeTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var peer: Program
        var offer: Offer
        var testDescription: String { "\(peer.rawValue), \(offer.testDescription)" }

        static let all = Program.allCases.flatMap { peer in peer.offers.map { Case(peer: peer, offer: $0) } }
    }

    @Test(arguments: Case.all) func serverMeetsClient(_ test: Case) throws {
        let server = try Program.safetls.startServer(test.offer, isRestricted: false)
        let transcript = try test.peer.connect(to: server.port, test.offer)
        #expect(transcript.contains(Program.message))
    }

    @Test(arguments: Case.all) func clientMeetsServer(_ test: Case) throws {
        let server = try test.peer.startServer(test.offer)
        let transcript = try Program.safetls.connect(to: server.port, test.offer, isRestricted: false)
        #expect(transcript.contains(Program.message) || transcript.contains(String(Program.message.reversed())))
        #expect(transcript.contains(test.offer.versionName))
        if let suite = test.offer.ianaSuite { #expect(transcript.contains(suite)) }
        if let group = test.offer.group { #expect(transcript.contains(group.rawValue)) }
    }
}
