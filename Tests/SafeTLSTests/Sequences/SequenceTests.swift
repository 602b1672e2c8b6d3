// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Testing

@testable import SafeTLS

/// Every order of messages that the tables of ``StateGraph`` do not have.
@Suite("Legal sequences")
struct SequenceTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let version: ProtocolVersion
        let receiver: Receiver
        let mode: Mode

        var testDescription: String { "\(version.name), \(receiver): \(mode)" }
    }

    static let cases: [Case] = {
        var cases: [Case] = []
        for receiver in Receiver.allCases {
            let tls13: [Mode] = [
                [], .tickets, .retry, .resumed, [.resumed, .tickets], [.resumed, .retry], [.resumed, .earlyData],
                .clientCertificate, .noClientCertificate, [.retry, .clientCertificate], .staple,
                [.clientCertificate, .compressed], .laterCertificate, .noLaterCertificate,
                [.resumed, .laterCertificate],
            ]
            for mode in tls13 { cases.append(Case(version: .tls13, receiver: receiver, mode: mode)) }
            let tls12: [Mode] = [
                [], .tickets, .resumed, [.resumed, .tickets], .clientCertificate, .noClientCertificate, .staple,
            ]
            for mode in tls12 {
                cases.append(Case(version: .tls12, receiver: receiver, mode: mode))
            }
        }
        return cases
    }()

    private static let tried = Mutex(0)

    @Test("an honest handshake keeps to the table", arguments: cases)
    func honest(_ test: Case) throws {
        let conversation = try Conversation(test.mode, test.version, test.receiver)
        let violation = LegalSequences.violation(
            conversation.steps,
            mode: test.mode,
            version: test.version,
            receiver: test.receiver
        )
        #expect(violation == nil)
        let reaction = try conversation.react(to: conversation.steps)
        #expect(reaction == Conversation.Reaction(isConnected: true))
    }

    @Test("every other order ends with the right alert", arguments: cases)
    func illegal(_ test: Case) throws {
        let conversation = try Conversation(test.mode, test.version, test.receiver)
        var count = 0
        for (what, steps) in Self.orders(conversation.steps, test.version) {
            guard
                let violation = LegalSequences.violation(
                    steps,
                    mode: test.mode,
                    version: test.version,
                    receiver: test.receiver
                )
            else { continue }
            count += 1
            let reaction = try conversation.react(to: steps)
            let difference = zip(steps, conversation.steps).prefix { $0 == $1 }.count
            if violation.index <= difference {
                #expect(reaction.refused == violation.index, "\(what)")
                #expect(reaction.alert.map(violation.alerts.contains) == true, "\(what): \(reaction)")
            } else {
                // A piece before it came in order, but was meant for another place: its content gives it away first.
                #expect(reaction.refused ?? .max <= violation.index && reaction.alert != nil, "\(what): \(reaction)")
            }
            #expect(reaction.isConnected == violation.isConnected, "\(what)")
        }
        #expect(count > 100)
        let total = Self.tried.withLock { tried in
            tried += count
            return tried
        }
        print("illegal orders tried: \(count) (\(test.testDescription)), \(total) so far")
    }

    /// Changes of a sequence: pieces dropped, doubled, swapped, put in and under other keys.
    private static func orders(_ steps: [Step], _ version: ProtocolVersion) -> [(String, [Step])] {
        var orders: [(String, [Step])] = []
        var epochs: [Epoch] = version == .tls13 ? [.plain, .handshake, .application] : [.plain, .application]
        if steps.contains(where: { $0.epoch == .early }) { epochs.append(.early) }
        for index in steps.indices {
            for end in index..<steps.count {
                orders.append(("without \(index)…\(end)", Array(steps[..<index] + steps[(end + 1)...])))
            }
            orders.append(("\(index) twice", Array(steps[...index] + steps[index...])))
            for other in steps.indices where other > index {
                var swapped = steps
                swapped.swapAt(index, other)
                orders.append(("\(index) and \(other) swapped", swapped))
                // With the keys that belong to the place, too.
                swapped[index].epoch = steps[index].epoch
                swapped[other].epoch = steps[other].epoch
                orders.append(("\(index) and \(other) swapped under each other's keys", swapped))
            }
            for epoch in epochs where epoch != steps[index].epoch && steps[index].piece != .changeCipherSpec {
                var moved = steps
                moved[index].epoch = epoch
                orders.append(("\(index) under \(epoch)", moved))
            }
            for added in additions(steps, steps[index].epoch) {
                orders.append(("\(added.piece) before \(index)", steps[..<index] + [added] + steps[index...]))
            }
        }
        return orders
    }

    /// One piece of every kind.
    private static func additions(_ steps: [Step], _ epoch: Epoch) -> [Step] {
        let types: [UInt8] = [
            0, 1, 2, 3, 4, 5, 8, 11, 12, 13, 14, 15, 16, 20, 21, 22, 23, 24, 25, 26, 67, 99, 254, 255,
        ]
        var additions = types.map { type -> Step in
            let known = steps.first { $0.piece == .message(HandshakeType(rawValue: type)) }
            return Step(known?.bytes ?? WireBytes.message(HandshakeType(rawValue: type)), epoch)
        }
        additions.append(Step(.changeCipherSpec, [1], .plain))
        additions.append(Step(.applicationData, [0], epoch))
        return additions
    }
}
