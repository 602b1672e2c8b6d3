// SPDX-License-Identifier: Apache-2.0

import Foundation
import Soaking

/// `soak [MINUTES [SEED [BYTES]]]`: ten minutes, a seed that was never there, and payloads of at most a million bytes.
let arguments = Array(CommandLine.arguments.dropFirst())
let minutes = arguments.first.flatMap(Double.init) ?? 10
let seed = arguments.dropFirst().first.flatMap { UInt64($0) } ?? UInt64.random(in: 0...UInt64.max)
var settings = SoakSettings(seed: seed, seconds: max(Int(minutes * 60), 1))
settings.largestPayload = arguments.dropFirst(2).first.flatMap { Int($0) } ?? settings.largestPayload
settings.reportInterval = min(30, max(settings.seconds / 4, 1))
// Not print(_:), which keeps what goes to a file until the end.
@Sendable func report(_ line: String) { FileHandle.standardOutput.write(Data("\(line)\n".utf8)) }
let problems = try await Soak(settings).run(report)
for problem in problems { report("soak: \(problem)") }
report(problems.isEmpty ? "soak: nothing was wrong" : "soak: \(problems.count) problems; seed \(seed)")
exit(problems.isEmpty ? 0 : 1)
