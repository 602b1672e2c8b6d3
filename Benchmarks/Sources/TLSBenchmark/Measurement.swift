// SPDX-License-Identifier: Apache-2.0

/// Whose work a number counts: a side of a connection, or an operation.
struct Side: Hashable {
    var rawValue: String

    static let server = Side(rawValue: "server")
    static let client = Side(rawValue: "client")
    static let seal = Side(rawValue: "seal")
    static let open = Side(rawValue: "open")
    static let generate = Side(rawValue: "generate")
    static let derive = Side(rawValue: "derive")
    /// Both of these at once, as a server does.
    static let respond = Side(rawValue: "respond")
    static let sign = Side(rawValue: "sign")
    static let verify = Side(rawValue: "verify")
    static let encapsulate = Side(rawValue: "encapsulate")
    static let decapsulate = Side(rawValue: "decapsulate")

    static func threads(_ count: Int) -> Side { Side(rawValue: count == 1 ? "1 thread" : "\(count) threads") }
}

/// Which implementation did the work. `libcrypto` is the floor: the bare primitives.
enum Stack: String, CaseIterable {
    case safetls, libssl, libcrypto
}

/// What a turn counts.
enum Quantity: String {
    /// CPU time of a handshake, a record or an operation.
    case nanoseconds
    /// Time that has gone by for a handshake, several threads at work.
    case wallNanoseconds
    case allocations, ownAllocations, allocatedBytes
    /// Heap of a connection.
    case heldBytes
}

/// A metric of the report.
enum Metric: String {
    case perSecond = "per_second"
    case p50, p90, p99
    case megabytesPerSecond = "mb_per_second"
    case bytes
    case allocations
    case ownAllocations = "own_allocations"
    case allocatedBytes = "allocated_bytes"
    case microseconds
    case ratio
    case ratioP10 = "ratio_p10"
    case ratioP90 = "ratio_p90"
    case floorRatio = "floor_ratio"
    case scaling

    var unit: String {
        switch self {
        case .perSecond: "handshakes/s"
        case .megabytesPerSecond: "MB/s"
        case .bytes, .allocatedBytes: "B"
        case .allocations, .ownAllocations: "allocations"
        case .microseconds, .p50, .p90, .p99: "µs"
        case .ratio, .ratioP10, .ratioP90, .floorRatio, .scaling: "x"
        }
    }
}

/// One number of the report.
struct Measurement {
    var benchmark: String
    var side: Side
    var stack: String
    var metric: Metric
    var value: Double
}
