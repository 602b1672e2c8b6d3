// SPDX-License-Identifier: Apache-2.0

import NIOCore
import SafeTLS
import Synchronization

@testable import Soaking

/// What chance decides in a ``RandomConnection``, all of it by one seed, and what came of that.
final class Course {
    /// What all seeds together are to meet, lest they test nothing.
    enum Sight: CaseIterable {
        case handshake
        case earlyData
        case data
        case shutdown
        case halfClosure
        case failure
        case lateAnswer
        case refusal
        case keyUpdate
        case certificateRequest
        case removal
        case damage
    }

    /// How much both programs do at most: without a limit they answer each other for ever.
    static let mostDeeds = 24

    let seed: UInt64
    private var numbers: SeededNumbers
    /// Whether nothing is done or happens for which an error may be heard or data may be lost: half-closures at most.
    let isGentle: Bool
    var deedsLeft = mostDeeds
    /// What happened, a line each, for whoever looks for the cause of a fault.
    var log: [String] = []
    var sights: Set<Sight> = []
    /// How often a handshake's step was taken, by its name.
    var questions: [String: Int] = [:]
    var certificateRequestCount = 0
    /// Completed when an answer that a handshake awaits is there.
    var awaited: [EventLoopPromise<Void>] = []

    init(seed: UInt64) {
        self.seed = seed
        numbers = SeededNumbers(seed: SeededNumbers.mix(seed))
        isGentle = numbers.next() % 3 == 0
    }

    func below(_ bound: Int) -> Int { Int(numbers.next() % UInt64(bound)) }

    func oneIn(_ count: Int) -> Bool { below(count) == 0 }

    func pick<Element>(_ choices: [Element]) -> Element { choices[below(choices.count)] }
}

/// Keys and nonces that follow from a seed.
final class SeededKeys: RandomSource {
    private let numbers: Mutex<SeededNumbers>

    init(seed: UInt64) { numbers = Mutex(SeededNumbers(seed: seed)) }

    func fill(_ bytes: inout MutableSpan<UInt8>) {
        for index in bytes.indices { bytes[index] = UInt8(truncatingIfNeeded: numbers.withLock { $0.next() }) }
    }
}
