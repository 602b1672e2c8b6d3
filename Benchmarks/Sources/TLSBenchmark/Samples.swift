// SPDX-License-Identifier: Apache-2.0

/// What is counted of one side.
struct Series: Hashable {
    var side: Side
    var quantity: Quantity
}

/// What one turn of a stack gives: samples by series. Workers send them as a line of text.
struct Turn {
    private(set) var samples: [Series: [Double]] = [:]

    mutating func add(_ side: Side, _ quantity: Quantity, _ values: [Double]) {
        samples[Series(side: side, quantity: quantity), default: []] += values
    }

    mutating func add(_ side: Side, _ quantity: Quantity, _ value: Double) { add(side, quantity, [value]) }

    init() {}

    /// `side/quantity=1.5,2.5;…`
    var text: String {
        samples.map { series, values in
            "\(series.side.rawValue)/\(series.quantity.rawValue)=" + values.map { "\($0)" }.joined(separator: ",")
        }.joined(separator: ";")
    }

    init?(text: String) {
        for part in text.split(separator: ";") {
            let sides = part.split(separator: "=")
            guard sides.count == 2 else { return nil }
            let names = sides[0].split(separator: "/")
            let values = sides[1].split(separator: ",").compactMap { Double($0) }
            guard names.count == 2, let quantity = Quantity(rawValue: String(names[1])) else { return nil }
            add(Side(rawValue: String(names[0])), quantity, values)
        }
    }
}

/// Samples in order.
struct Distribution {
    private let sorted: [Double]

    init(_ samples: [Double]) { sorted = samples.sorted() }

    var isEmpty: Bool { sorted.isEmpty }

    /// The middle: what another process disturbed does not move it.
    var median: Double { quantile(0.5) }

    /// The value that such a part of the samples does not exceed, between two samples in proportion; 0 without samples.
    func quantile(_ part: Double) -> Double {
        guard let last = sorted.last else { return 0 }
        let position = part * Double(sorted.count - 1)
        let index = Int(position)
        guard index + 1 < sorted.count else { return last }
        return sorted[index] + (sorted[index + 1] - sorted[index]) * (position - Double(index))
    }
}

/// A stack could not do what a case asks for.
struct BenchmarkFailure: Error {
    var reason: String

    init(_ reason: String) {
        self.reason = reason
    }
}

/// A stack does not have what a case is about: a group that its release does not know.
struct Unavailable: Error {}
