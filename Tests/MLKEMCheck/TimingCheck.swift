// SPDX-License-Identifier: Apache-2.0

import CMLKEMCheck
import Curve25519
import MLKEM

/// Measures whether an operation takes another time with one secret than with random ones, as dudect does: two classes of inputs
/// in random order, Welch's t-test on all samples and on those below several percentiles, since the slowest are the machine's
/// doing. Beyond 4.5 the classes differ.
enum TimingCheck {
    private static let limit = 4.5
    /// Inputs of each class; copied into one place before the clock starts, so that caches know no difference.
    private static let inputs = 512

    /// One thing that may not be seen in times.
    private struct Experiment<Buffers> {
        let name: String
        /// Fills an input of a class.
        let prepare: (_ isRandom: Bool, inout Draw, inout Buffers) -> [UInt8]
        /// Puts an input in its place.
        let load: (borrowing [UInt8], inout Buffers) -> Void
        let operate: (inout Buffers) -> Void
    }

    /// - Parameter only: `768`, `1024` or `x25519` for one of them.
    static func run(samples: Int, only: String?) -> Bool {
        var passed = true
        for (set, name) in [(ParameterSet.mlKEM768, "768"), (.mlKEM1024, "1024")] where only ?? name == name {
            for experiment in experiments(set) {
                let result = judge("\(set) \(experiment.name)", samples) { run in
                    var draw = Draw("\(experiment.name), \(run)")
                    var buffers = Buffers(set)
                    draw.fill(&buffers.seed)
                    draw.fill(&buffers.message)
                    buffers.generate()
                    buffers.encapsulate()
                    return statistic(experiment, &draw, buffers, samples)
                }
                passed = passed && result
            }
        }
        for experiment in experimentsOnX25519() where only ?? "x25519" == "x25519" {
            let result = judge("X25519 \(experiment.name)", samples) { run in
                var draw = Draw("\(experiment.name), \(run)")
                var keys = X25519Check.Keys()
                draw.fill(&keys.privateKey)
                draw.fill(&keys.peer)
                return statistic(experiment, &draw, keys, samples)
            }
            passed = passed && result
        }
        return passed
    }

    private static func judge(_ name: String, _ samples: Int, _ statistic: (_ run: String) -> Double) -> Bool {
        var result = statistic("first run")
        var words = ""
        if result >= limit {
            // One in some 10,000 runs is beyond by chance, and a machine that does something else makes more of them; a
            // difference is there again with other keys, inputs and places.
            words = " (first \(decimal(result)))"
            result = min(result, statistic("second run"))
        }
        print("timing: \(name): |t| = \(decimal(result))\(words) at \(samples) samples")
        return result < limit
    }

    private static func copy(_ source: borrowing [UInt8], into target: inout [UInt8], at offset: Int = 0) {
        for i in 0..<source.count { target[offset + i] = source[i] }
    }

    private static func experiments(_ set: ParameterSet) -> [Experiment<Buffers>] {
        let start = set.decapsulationKeyLength - 32
        return [
            Experiment(
                name: "decapsulation, one secret key or random ones",
                prepare: { isRandom, draw, buffers in
                    // The public part stays: what is drawn of it may take its time.
                    guard isRandom else { return buffers.decapsulationKey }
                    var other = Buffers(set)
                    draw.fill(&other.seed)
                    other.generate()
                    var key = buffers.decapsulationKey
                    for i in 0..<set.vectorLength { key[i] = other.decapsulationKey[i] }
                    for i in start..<key.count { key[i] = other.decapsulationKey[i] }
                    return key
                },
                load: { copy($0, into: &$1.decapsulationKey) },
                operate: { $0.decapsulate() }
            ),
            Experiment(
                name: "decapsulation, ciphertexts that are right or corrupted",
                prepare: { isRandom, draw, buffers in
                    var other = buffers
                    draw.fill(&other.message)
                    other.encapsulate()
                    if isRandom {
                        let place = draw.bytes(2)
                        let index = (Int(place[0]) << 8 | Int(place[1])) % other.ciphertext.count
                        other.ciphertext[index] ^= 0x55
                    }
                    return other.ciphertext
                },
                load: { copy($0, into: &$1.ciphertext) },
                operate: { $0.decapsulate() }
            ),
            Experiment(
                name: "encapsulation, one message or random ones",
                prepare: { isRandom, draw, _ in isRandom ? draw.bytes(32) : [UInt8](repeating: 0, count: 32) },
                load: { copy($0, into: &$1.message) },
                operate: { $0.encapsulate() }
            ),
            Experiment(
                name: "key generation, one seed of the noise or random ones",
                prepare: { isRandom, draw, _ in isRandom ? draw.bytes(32) : [UInt8](repeating: 0, count: 32) },
                load: { copy($0, into: &$1.message) },
                operate: { buffers in
                    set.makeKey(
                        buffers.seed,
                        buffers.message,
                        &buffers.encapsulationKey,
                        &buffers.decapsulationKey
                    )
                }
            ),
        ]
    }

    /// One private key or random ones, all three operations.
    private static func experimentsOnX25519() -> [Experiment<X25519Check.Keys>] {
        let operations: [(String, (inout X25519Check.Keys) -> Void)] = [
            ("public key", { $0.generate() }), ("shared secret", { $0.agree() }), ("both at once", { $0.respond() }),
        ]
        return operations.map { name, operate in
            Experiment(
                name: "\(name), one private key or random ones",
                prepare: { isRandom, draw, keys in isRandom ? draw.bytes(32) : keys.privateKey },
                load: { copy($0, into: &$1.privateKey) },
                operate: operate
            )
        }
    }

    private static func statistic<Buffers>(
        _ experiment: Experiment<Buffers>,
        _ draw: inout Draw,
        _ state: Buffers,
        _ samples: Int
    ) -> Double {
        var buffers = state
        // Each input has memory of its own, equal ones too: those that share it would find it in a cache. Which of them lie
        // where is drawn, so that neither class has cache lines that the other has not.
        let places = draw.permutation(of: 2 * inputs)
        var pool = [[UInt8]](repeating: [], count: places.count)
        for (number, place) in places.enumerated() {
            pool[place] = experiment.prepare(number >= inputs, &draw, &buffers).map { $0 }
        }
        // The key of the whole experiment, whatever the inputs were made with.
        var working = buffers
        var times: [(isRandom: Bool, ticks: Double)] = []
        times.reserveCapacity(samples)
        var choices: [UInt8] = []
        for number in 0..<samples {
            if number % 4096 == 0 { choices = draw.bytes(3 * 4096) }
            let place = 3 * (number % 4096)
            // Without a branch, which a processor would remember in what it predicts next.
            let member = Int(choices[place + 1]) << 8 | Int(choices[place + 2])
            let input = places[member % inputs + inputs * Int(choices[place] & 1)]
            experiment.load(pool[input], &working)
            let begin = check_ticks()
            experiment.operate(&working)
            let end = check_ticks()
            times.append((choices[place] & 1 == 1, Double(end &- begin)))
        }
        let sorted = times.map(\.ticks).sorted()
        var greatest = welch(times[...], below: .infinity)
        for percentile in [0.99, 0.95, 0.9, 0.8, 0.65, 0.5, 0.35, 0.2, 0.1] {
            let bound = sorted[min(sorted.count - 1, Int(Double(sorted.count) * percentile))]
            greatest = max(greatest, welch(times[...], below: bound))
        }
        return greatest
    }

    /// |t| of the two classes' means, of the samples below a bound.
    private static func welch(_ times: ArraySlice<(isRandom: Bool, ticks: Double)>, below bound: Double) -> Double {
        var count: (Double, Double) = (0, 0)
        var mean: (Double, Double) = (0, 0)
        var squares: (Double, Double) = (0, 0)
        for (isRandom, ticks) in times where ticks < bound {
            if isRandom {
                count.1 += 1
                let difference = ticks - mean.1
                mean.1 += difference / count.1
                squares.1 += difference * (ticks - mean.1)
            } else {
                count.0 += 1
                let difference = ticks - mean.0
                mean.0 += difference / count.0
                squares.0 += difference * (ticks - mean.0)
            }
        }
        guard count.0 > 1, count.1 > 1 else { return 0 }
        let variance = squares.0 / (count.0 - 1) / count.0 + squares.1 / (count.1 - 1) / count.1
        return variance > 0 ? abs(mean.0 - mean.1) / variance.squareRoot() : 0
    }

    private static func decimal(_ number: Double) -> String {
        let hundredths = Int((number * 100).rounded())
        return "\(hundredths / 100)." + (hundredths % 100 < 10 ? "0" : "") + "\(hundredths % 100)"
    }
}

extension ParameterSet {
    /// A key pair of the two seeds, of which the first is public.
    fileprivate func makeKey(
        _ matrixSeed: [UInt8],
        _ noiseSeed: [UInt8],
        _ encapsulationKey: inout [UInt8],
        _ decapsulationKey: inout [UInt8]
    ) {
        var first = encapsulationKey.mutableSpan
        var second = decapsulationKey.mutableSpan
        makeKey(
            matrixSeed: matrixSeed.span.extracting(first: 32),
            noiseSeed: noiseSeed.span,
            encapsulationKey: &first,
            decapsulationKey: &second
        )
    }
}
