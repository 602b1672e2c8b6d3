// SPDX-License-Identifier: Apache-2.0

/// Whose work a number counts.
enum Side: String {
    case server, client, seal, open
    case generate, encapsulate, decapsulate
}

/// Which implementation did the work. `libcrypto` is the floor: the bare primitives.
enum Stack: String, CaseIterable {
    case safetls, libssl, libcrypto
}

/// What was measured.
enum Metric: String, CaseIterable {
    case perSecond = "per_second"
    case megabytesPerSecond = "mb_per_second"
    case bytes
    case allocations
    case microseconds

    var unit: String {
        switch self {
        case .perSecond: "handshakes/s"
        case .megabytesPerSecond: "MB/s"
        case .bytes: "B"
        case .allocations: "allocations"
        case .microseconds: "µs"
        }
    }

    /// The heading of this metric's table.
    var title: String {
        switch self {
        case .perSecond: "Full handshakes per second of CPU time, by side"
        case .megabytesPerSecond: "Megabytes per second of CPU time"
        case .bytes: "Heap bytes of an idle connection after its handshake"
        case .allocations: "Allocations per handshake or record, by side"
        case .microseconds: "CPU time of ML-KEM by itself, by operation"
        }
    }
}

/// One number of the report.
struct Measurement {
    var benchmark: String
    var side: Side
    var stack: Stack
    var metric: Metric
    var value: Double
}
