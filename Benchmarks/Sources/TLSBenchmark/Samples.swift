// SPDX-License-Identifier: Apache-2.0

/// What one slice of handshakes cost each side, per handshake.
struct HandshakeCosts {
    var serverNanoseconds = 0.0
    var clientNanoseconds = 0.0
    var serverAllocations = 0.0
    var clientAllocations = 0.0
}

/// What one slice of records cost, per record.
struct RecordCosts {
    var sealNanoseconds = 0.0
    var openNanoseconds = 0.0
    /// Nil where they are not counted.
    var sealAllocations: Double?
    var openAllocations: Double?
}

/// The middle of some samples: a slice that another process disturbed does not move it.
func median(_ samples: [Double]) -> Double {
    guard !samples.isEmpty else { return 0 }
    let sorted = samples.sorted()
    let middle = sorted.count / 2
    return sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
}
