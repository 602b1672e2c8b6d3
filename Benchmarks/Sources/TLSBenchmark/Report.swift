// SPDX-License-Identifier: Apache-2.0

/// The measurements of a run, as a table for people or as JSON for programs.
struct Report {
    var measurements: [Measurement] = []

    /// One array of objects with the keys `case`, `side`, `stack`, `metric`, `value` and `unit`.
    var json: String {
        let objects = measurements.map { measurement in
            """
              {"case": "\(measurement.benchmark)", "side": "\(measurement.side.rawValue)", \
            "stack": "\(measurement.stack.rawValue)", "metric": "\(measurement.metric.rawValue)", \
            "value": \(decimal(measurement.value, digits: 2)), "unit": "\(measurement.metric.unit)"}
            """
        }
        return objects.isEmpty ? "[]" : "[\n" + objects.joined(separator: ",\n") + "\n]"
    }

    /// One table for each metric that was measured.
    var text: String {
        Metric.allCases.compactMap(table).joined(separator: "\n\n")
    }

    private func table(of metric: Metric) -> String? {
        let measured = measurements.filter { $0.metric == metric }
        let stacks = Stack.allCases.filter { stack in measured.contains { $0.stack == stack } }
        guard !measured.isEmpty else { return nil }
        // A rate is better when it is higher, a size when it is lower; the ratio says how many times better.
        let isRate = metric == .perSecond || metric == .megabytesPerSecond

        var rows = [["case", "side"] + stacks.map(\.rawValue) + ["vs libssl"]]
        var seen: Set<String> = []
        for measurement in measured where seen.insert("\(measurement.benchmark) \(measurement.side)").inserted {
            let row = measured.filter { $0.benchmark == measurement.benchmark && $0.side == measurement.side }
            func value(_ stack: Stack) -> Double? { row.first { $0.stack == stack }?.value }
            var ratio = ""
            if let ours = value(.safetls), let theirs = value(.libssl), ours > 0, theirs > 0 {
                ratio = decimal(isRate ? ours / theirs : theirs / ours, digits: 2) + "x"
            }
            rows.append(
                [measurement.benchmark, measurement.side.rawValue]
                    + stacks.map { value($0).map { decimal($0, digits: metric == .microseconds ? 1 : 0) } ?? "-" } + [
                        ratio
                    ]
            )
        }
        return metric.title + " (" + metric.unit + ")\n" + aligned(rows)
    }

    /// Text columns flush left, the others flush right.
    private func aligned(_ rows: [[String]]) -> String {
        let widths = (rows.first ?? []).indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            row.indices.map { column in
                let padding = String(repeating: " ", count: widths[column] - row[column].count)
                return column < 2 ? row[column] + padding : padding + row[column]
            }.joined(separator: "  ")
        }.joined(separator: "\n")
    }
}

/// A non-negative number with a fixed count of decimal places.
private func decimal(_ value: Double, digits: Int) -> String {
    var scale = 1
    for _ in 0..<digits { scale *= 10 }
    let scaled = Int((value * Double(scale)).rounded())
    guard digits > 0 else { return String(scaled) }
    let fraction = String(scaled % scale)
    return "\(scaled / scale)." + String(repeating: "0", count: digits - fraction.count) + fraction
}
