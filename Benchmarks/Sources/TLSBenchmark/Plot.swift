// SPDX-License-Identifier: Apache-2.0

/// How many times as fast as libssl SafeTLS is, drawn: a bar for each case and side and each libcrypto, a line across it from the
/// ratio of the tenth to that of the ninetieth of a hundred rounds.
struct Plot {
    private struct Bar {
        var site: Int
        var ratios: Distribution
    }

    private struct Row {
        var label: String
        var bars: [Bar]
    }

    private let rows: [Row]
    private let titles: [String]
    private let system: [String]

    // Sizes in pixels.
    private let width = 860.0
    private let labelWidth = 270.0
    private let barHeight = 11.0
    private let rowGap = 9.0
    private let head = 86.0
    private let foot = 34.0

    init(_ report: Report) {
        titles = report.places.map { "OpenSSL \($0.version)" }
        system = report.system.split(separator: "\n").map(String.init)
        rows = report.outcomes.flatMap { outcome in
            outcome.series.filter { $0.quantity == .nanoseconds }.compactMap { series in
                let bars = report.places.enumerated().compactMap { site, place -> Bar? in
                    let ratios = outcome.ratios(place.ours, to: place.theirs, series)
                    return ratios.isEmpty ? nil : Bar(site: site, ratios: ratios)
                }
                return bars.isEmpty ? nil : Row(label: "\(outcome.benchmark.name), \(series.side.rawValue)", bars: bars)
            }
        }
    }

    /// The highest ratio that there is room for.
    private var top: Double {
        let highest = rows.flatMap(\.bars).map { $0.ratios.quantile(0.9) }.max() ?? 1
        return max(2, (highest * 2 + 0.3).rounded(.up) / 2)
    }

    var svg: String {
        var y = head
        var shapes: [String] = []
        for row in rows {
            let height = Double(row.bars.count) * barHeight
            shapes.append(text(row.label, x: labelWidth - 8, y: y + height / 2 + 4, anchor: "end"))
            for (index, bar) in row.bars.enumerated() { shapes += draw(bar, y: y + Double(index) * barHeight) }
            y += height + rowGap
        }
        return """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(number(width)) \(number(y + foot))" \
            font-family="system-ui, sans-serif" font-size="12">
            <title>Speed of SafeTLS against libssl on the same libcrypto</title>
            \(Self.style)
            \((legend + axis(bottom: y) + shapes).joined(separator: "\n"))
            </svg>

            """
    }

    /// Colours that can be read on white and on black.
    private static let style = """
        <style>
        text { fill: #1f2328 } .faint { fill: #59636e } .grid { stroke: #d1d9e0 } .one { stroke: #1f2328; stroke-width: 1.5 }
        .spread { stroke: #1f2328; stroke-width: 1.2 }
        .site0 { fill: #f0883e } .site1 { fill: #388bfd } .site2 { fill: #3fb950 } .site3 { fill: #a371f7 }
        @media (prefers-color-scheme: dark) {
        text { fill: #f0f6fc } .faint { fill: #9198a1 } .grid { stroke: #3d444d } .one, .spread { stroke: #f0f6fc }
        }
        </style>
        """

    // MARK: Parts

    private var legend: [String] {
        var parts = [
            text(
                "SafeTLS against libssl on the same libcrypto, times as fast (CPU time)",
                x: 10,
                y: 20,
                style: "font-weight=\"600\""
            )
        ]
        if let machine = system.last {
            parts.append(text(machine, x: 10, y: 38, style: "class=\"faint\" font-size=\"11\""))
        }
        var x = 10.0
        for (site, title) in titles.enumerated() {
            parts.append("<rect class=\"site\(site % 4)\" x=\"\(number(x))\" y=\"50\" width=\"11\" height=\"11\"/>")
            parts.append(text(title, x: x + 16, y: 60))
            x += 140
        }
        return parts
    }

    private func axis(bottom: Double) -> [String] {
        stride(from: 0.0, through: top, by: 0.5).flatMap { ratio -> [String] in
            let x = place(ratio)
            let style = ratio == 1 ? "one" : "grid"
            let line =
                "<line class=\"\(style)\" x1=\"\(number(x))\" y1=\"\(number(head - 6))\" x2=\"\(number(x))\" y2=\"\(number(bottom))\"/>"
            return [
                line, text(decimal(ratio, digits: 1), x: x, y: bottom + 16, anchor: "middle", style: "class=\"faint\""),
            ]
        }
    }

    private func draw(_ bar: Bar, y: Double) -> [String] {
        let end = place(bar.ratios.median)
        let (low, high) = (place(bar.ratios.quantile(0.1)), place(bar.ratios.quantile(0.9)))
        let middle = number(y + barHeight / 2)
        return [
            "<rect class=\"site\(bar.site % 4)\" x=\"\(number(labelWidth))\" y=\"\(number(y))\" width=\"\(number(end - labelWidth))\" "
                + "height=\"\(number(barHeight - 1))\"/>",
            "<line class=\"spread\" x1=\"\(number(low))\" y1=\"\(middle)\" x2=\"\(number(high))\" y2=\"\(middle)\"/>",
            text(
                decimal(bar.ratios.median, digits: 2),
                x: max(end, high) + 5,
                y: y + barHeight - 1.5,
                style: "font-size=\"10\""
            ),
        ]
    }

    private func place(_ ratio: Double) -> Double { labelWidth + ratio / top * (width - labelWidth - 50) }

    private func text(_ content: String, x: Double, y: Double, anchor: String = "start", style: String = "") -> String {
        let content = content.map { ["<": "&lt;", ">": "&gt;", "&": "&amp;"][$0] ?? String($0) }.joined()
        return
            "<text x=\"\(number(x))\" y=\"\(number(y))\" text-anchor=\"\(anchor)\"\(style.isEmpty ? "" : " ")\(style)>\(content)</text>"
    }

    private func number(_ value: Double) -> String { decimal(max(0, value), digits: 1) }
}
