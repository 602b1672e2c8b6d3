// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What came of a run, for people or programs.
struct Report {
    var outcomes: [Outcome]

    func text(_ format: Options.Format) -> String {
        switch format {
        case .json: return json
        case .markdown:
            let rule = heading.indices.map { $0 < 2 ? "---" : "---:" }
            return ([heading, rule] + rows).map { "| " + $0.joined(separator: " | ") + " |" }.joined(separator: "\n")
        case .text:
            let all = [heading] + rows
            let widths = heading.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
            return all.map { row in
                row.indices.map { column in
                    let padding = String(repeating: " ", count: widths[column] - row[column].count)
                    return column < 2 ? row[column] + padding : padding + row[column]
                }.joined(separator: "  ")
            }.joined(separator: "\n")
        }
    }

    private let heading = [
        "case", "side", "SwiftNIO", "session", "SafeTLSNIO", "NIOSSL", "ratio", "(10–90 %)", "ratio less NIO",
        "to the session",
    ]

    private var rows: [[String]] {
        outcomes.flatMap { outcome in
            outcome.sides.map { side in
                let values = Stack.allCases.map { outcome.value($0, side).map(Self.number) ?? "–" }
                let gross = outcome.ratios(to: .safetls, side, isNet: false)
                return [outcome.name, side] + values + [
                    gross.map { Self.ratio($0.median) } ?? "–",
                    gross.map { "\(Self.ratio($0.quantile(0.1)))–\(Self.ratio($0.quantile(0.9)))" } ?? "–",
                    outcome.ratios(to: .safetls, side, isNet: true).map { Self.ratio($0.median) } ?? "–",
                    outcome.ratios(to: .session, side, isNet: outcome.stacks.contains(.nio))
                        .map { Self.ratio($0.median) } ?? "–",
                ]
            }
        }
    }

    private struct Measurement: Encodable {
        var `case`: String
        var side: String
        var stack: String
        var metric: String
        var value: Double
    }

    /// One array of objects.
    private var json: String {
        var all: [Measurement] = []
        for outcome in outcomes {
            for side in outcome.sides {
                func add(_ stack: Stack, _ metric: String, _ value: Double) {
                    all.append(
                        Measurement(
                            case: outcome.name,
                            side: side,
                            stack: stack.rawValue,
                            metric: metric,
                            value: value
                        )
                    )
                }
                for stack in outcome.stacks { add(stack, "median", outcome.value(stack, side) ?? 0) }
                if let ratios = outcome.ratios(to: .safetls, side, isNet: false) {
                    add(.safetls, "ratio", ratios.median)
                    add(.safetls, "ratio_p10", ratios.quantile(0.1))
                    add(.safetls, "ratio_p90", ratios.quantile(0.9))
                }
                for stack in [Stack.safetls, .session] {
                    guard let ratios = outcome.ratios(to: stack, side, isNet: true) else { continue }
                    add(stack, "net_ratio", ratios.median)
                }
            }
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        return (try? encoder.encode(all)).map { String(decoding: $0, as: UTF8.self) } ?? "[]"
    }

    private static func number(_ value: Double) -> String {
        value >= 1_000 ? decimal(value, 0) : decimal(value, value >= 100 ? 1 : 2)
    }

    private static func ratio(_ value: Double) -> String { decimal(value, 2) }
}

/// A number with a fixed count of decimal places.
func decimal(_ value: Double, _ digits: Int) -> String {
    var scale = 1
    for _ in 0..<digits { scale *= 10 }
    let scaled = Int((abs(value) * Double(scale)).rounded())
    let sign = value < 0 && scaled > 0 ? "-" : ""
    guard digits > 0 else { return "\(sign)\(scaled)" }
    let fraction = String(scaled % scale)
    return "\(sign)\(scaled / scale)." + String(repeating: "0", count: digits - fraction.count) + fraction
}
