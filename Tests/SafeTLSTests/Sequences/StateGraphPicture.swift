// SPDX-License-Identifier: Apache-2.0

@testable import SafeTLS

/// Draws a ``StateGraph`` as SVG: a column for each version, its states one below the other in the table's order.
///
/// What leads to the next state below goes straight down; everything else takes a lane beside the boxes, one for each
/// state that is led to. A box says what its state accepts, and where that is specified; what leads back to the same state
/// is marked there.
struct StateGraphPicture<Name: StateName> {
    private let title: String
    private var shapes: [String] = []
    private var width = 0
    private var height = 0

    init(_ title: String, _ graph: StateGraph<Name>) {
        self.title = title
        var left = Layout.margin
        for (name, rows) in [("TLS 1.3", graph.tls13), ("TLS 1.2", graph.tls12)] {
            let column = Column(rows, left: left)
            draw(column, name)
            left = column.right + Layout.columnGap
            height = max(height, column.bottom)
        }
        width = left - Layout.columnGap + Layout.margin
        height += Layout.margin + Layout.legend
        drawLegend()
    }

    // MARK: Layout

    private struct Edge {
        let from: Int
        let to: Int
        /// The conditions under which it is taken; nil when there is no other way.
        let label: String?
    }

    private struct Box {
        let name: Name
        let lines: [String]
        var top = 0
        var height = 0
        var bottom: Int { top + height }
    }

    private struct Column {
        var boxes: [Box] = []
        var edges: [Edge] = []
        /// The lane of each state that is led to from further away: beside the boxes, or before them for what leads back.
        var lanes: [Int: Int] = [:]
        var backLanes: [Int: Int] = [:]
        let boxLeft: Int
        var right = 0
        var bottom = 0
        var boxRight: Int { boxLeft + Layout.boxWidth }

        init(_ rows: [StateGraph<Name>.Transition], left: Int) {
            var names: [Name] = []
            for row in rows where !names.contains(row.state) { names.append(row.state) }
            for name in names {
                let lines = rows.filter { $0.state == name }.map { row in
                    let again = row.next.allSatisfy { $0.state == name } ? " ↻" : ""
                    return "\(row.accepts.title)\(again)  ·  \(row.section.shortened)"
                }
                var unique: [String] = []
                for line in lines where !unique.contains(line) { unique.append(line) }
                boxes.append(Box(name: name, lines: unique))
            }
            for (index, name) in names.enumerated() {
                var targets: [Name] = []
                let nexts = rows.filter { $0.state == name }.flatMap(\.next).filter { $0.state != name }
                for next in nexts where !targets.contains(next.state) { targets.append(next.state) }
                for target in targets {
                    guard let to = names.firstIndex(of: target) else { continue }
                    let conditions = nexts.filter { $0.state == target }.map(\.condition)
                    let label = targets.count > 1 ? Agreed.title(conditions) : nil
                    edges.append(Edge(from: index, to: to, label: label))
                }
            }
            var back: [(Int, Range<Int>)] = []
            var forth: [(Int, Range<Int>)] = []
            for target in boxes.indices {
                let sources = edges.filter { $0.to == target && $0.from + 1 != target }.map(\.from)
                if let first = sources.filter({ $0 < target }).min() {
                    forth.append((target, first..<target))
                }
                if let last = sources.filter({ $0 > target }).max() { back.append((target, target..<last)) }
            }
            lanes = Self.assign(forth)
            backLanes = Self.assign(back)
            boxLeft = left + (backLanes.isEmpty ? 0 : Layout.lane * ((backLanes.values.max() ?? 0) + 2))
            place()
        }

        /// Lanes that do not meet may be the same one; short ones are next to the boxes.
        private static func assign(_ spans: [(target: Int, span: Range<Int>)]) -> [Int: Int] {
            var lanes: [Int: Int] = [:]
            var taken: [[Range<Int>]] = []
            for (target, span) in spans.sorted(by: {
                ($0.span.count, $0.target) < ($1.span.count, $1.target)
            }) {
                let free = taken.firstIndex { lane in !lane.contains { $0.overlaps(span) } }
                if let free {
                    taken[free].append(span)
                } else {
                    taken.append([span])
                }
                lanes[target] = free ?? taken.count - 1
            }
            return lanes
        }

        private mutating func place() {
            var top = Layout.margin + Layout.header
            for index in boxes.indices {
                let leaving = edges.filter { $0.from == index && $0.to > index + 1 }.count
                boxes[index].top = top
                boxes[index].height = max(
                    Layout.title + boxes[index].lines.count * Layout.line,
                    leaving * Layout.stub + 28
                )
                top = boxes[index].bottom + Layout.rowGap
            }
            bottom = top - Layout.rowGap
            right = boxRight + Layout.labels + Layout.lane * ((lanes.values.max() ?? -1) + 1)
        }
    }

    // MARK: Drawing

    private mutating func draw(_ column: Column, _ name: String) {
        text(
            name,
            x: column.boxLeft,
            y: Layout.margin + 44,
            size: 15,
            weight: "bold",
            colour: "#57606a"
        )
        for edge in column.edges { draw(edge, column) }
        for box in column.boxes { draw(box, column.boxLeft) }
    }

    private mutating func draw(_ box: Box, _ left: Int) {
        let (fill, stroke) = box.name.colours
        shapes.append(
            "<rect x=\"\(left)\" y=\"\(box.top)\" width=\"\(Layout.boxWidth)\" height=\"\(box.height)\" rx=\"7\" "
                + "fill=\"\(fill)\" stroke=\"\(stroke)\" stroke-width=\"1.2\"/>"
        )
        text(
            box.name.rawValue,
            x: left + 12,
            y: box.top + 19,
            size: 13,
            weight: "bold",
            colour: "#1f2328"
        )
        for (index, line) in box.lines.enumerated() {
            text(line, x: left + 12, y: box.top + 36 + index * Layout.line, size: 11, colour: "#424a53")
        }
    }

    private mutating func draw(_ edge: Edge, _ column: Column) {
        let (from, to) = (column.boxes[edge.from], column.boxes[edge.to])
        if edge.to == edge.from + 1 {
            let x = column.boxLeft + 36
            arrow("M \(x) \(from.bottom) L \(x) \(to.top - 1)", "#57606a")
            if let label = edge.label {
                text(label, x: x + 8, y: from.bottom + Layout.rowGap / 2 + 4, size: 10, colour: "#57606a")
            }
            return
        }
        if edge.to > edge.from {
            let lane = column.lanes[edge.to] ?? 0
            let colour = Layout.palette[edge.to % Layout.palette.count]
            let x = column.boxRight + Layout.labels + lane * Layout.lane
            let order = column.edges.filter { $0.from == edge.from && $0.to > edge.from + 1 }
            let place = order.firstIndex { $0.to == edge.to } ?? 0
            let y = from.top + 14 + place * Layout.stub
            let end = to.bottom - 9
            arrow(
                "M \(column.boxRight) \(y) L \(x - 6) \(y) Q \(x) \(y) \(x) \(y + 6) L \(x) \(end - 6) "
                    + "Q \(x) \(end) \(x - 6) \(end) L \(column.boxRight + 1) \(end)",
                colour
            )
            if let label = edge.label {
                text(label, x: column.boxRight + 8, y: y - 3, size: 10, colour: colour)
            }
            return
        }
        let lane = column.backLanes[edge.to] ?? 0
        let x = column.boxLeft - Layout.lane * (lane + 1)
        let (y, end) = (from.top + from.height / 2, to.top + to.height / 2)
        arrow(
            "M \(column.boxLeft) \(y) L \(x + 6) \(y) Q \(x) \(y) \(x) \(y - 6) L \(x) \(end + 6) "
                + "Q \(x) \(end) \(x + 6) \(end) L \(column.boxLeft - 1) \(end)",
            Layout.palette[edge.to % Layout.palette.count]
        )
    }

    private mutating func drawLegend() {
        let y = height - Layout.margin
        var x = Layout.margin
        let kinds = [
            ("#ddf4ff", "#0969da", "expects a message"),
            ("#fff8c5", "#9a6700", "awaits an answer of the driver"),
            ("#dafbe1", "#1a7f37", "the handshake is complete"),
        ]
        for (fill, stroke, meaning) in kinds {
            shapes.append(
                "<rect x=\"\(x)\" y=\"\(y - 10)\" width=\"14\" height=\"12\" rx=\"3\" fill=\"\(fill)\" "
                    + "stroke=\"\(stroke)\"/>"
            )
            text(meaning, x: x + 20, y: y, size: 11, colour: "#424a53")
            x += 210
        }
        text("↻  the state stays", x: x, y: y, size: 11, colour: "#424a53")
    }

    private mutating func arrow(_ path: String, _ colour: String) {
        shapes.append(
            "<path d=\"\(path)\" fill=\"none\" stroke=\"\(colour)\" stroke-width=\"1.4\" "
                + "marker-end=\"url(#arrow-\(colour.dropFirst()))\"/>"
        )
    }

    private mutating func text(
        _ text: String,
        x: Int,
        y: Int,
        size: Int,
        weight: String = "normal",
        colour: String
    ) {
        shapes.append(
            "<text x=\"\(x)\" y=\"\(y)\" font-size=\"\(size)\" font-weight=\"\(weight)\" fill=\"\(colour)\">\(text)</text>"
        )
    }

    /// The picture.
    var svg: String {
        let markers = (Layout.palette + ["#57606a"]).map { colour in
            "<marker id=\"arrow-\(colour.dropFirst())\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" "
                + "markerHeight=\"7\" orient=\"auto\"><path d=\"M 0 0 L 8 4 L 0 8 z\" fill=\"\(colour)\"/></marker>"
        }
        return """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(width)" height="\(height)" viewBox="0 0 \(width) \(height)" \
            font-family="Helvetica, Arial, 'DejaVu Sans', sans-serif">
            <!-- Drawn from StateGraph.swift by `make pictures`. -->
            <title>\(title)</title>
            <defs>
            \(markers.joined(separator: "\n"))
            </defs>
            <rect width="100%" height="100%" rx="10" fill="#ffffff"/>
            <text x="\(Layout.margin)" y="\(Layout.margin + 16)" font-size="18" font-weight="bold" \
            fill="#1f2328">\(title)</text>
            \(shapes.joined(separator: "\n"))
            </svg>

            """
    }
}

/// Sizes in pixels, and colours.
private enum Layout {
    static let margin = 24
    static let header = 60
    static let legend = 34
    static let boxWidth = 284
    static let title = 28
    static let line = 15
    static let stub = 16
    static let rowGap = 26
    static let labels = 160
    static let lane = 14
    static let columnGap = 40
    static let palette = [
        "#8250df", "#bf3989", "#0550ae", "#116329", "#bc4c00", "#6e5494", "#1b7c83",
    ]
}

extension StateName {
    fileprivate var colours: (fill: String, stroke: String) {
        if rawValue.hasPrefix("await") { return ("#fff8c5", "#9a6700") }
        return isConnected ? ("#dafbe1", "#1a7f37") : ("#ddf4ff", "#0969da")
    }
}

extension StateEvent {
    fileprivate var title: String {
        switch self {
        case .message(let type):
            type.name.split(separator: "_").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
        case .helloRetryRequest: "HelloRetryRequest"
        case .changeCipherSpec: "change_cipher_spec"
        case .applicationData: "application data"
        case .answer: "the driver answers"
        case .ask: "the driver asks"
        }
    }
}

extension String {
    /// Without the name of the RFC that most of a column is about.
    fileprivate var shortened: String {
        for prefix in ["RFC 9846 ", "RFC 5246 "] where hasPrefix(prefix) {
            return String(dropFirst(prefix.count))
        }
        return self
    }
}

extension Agreed {
    /// What several ways to the same state have in common, in few words.
    fileprivate static func title(_ conditions: [Agreed]) -> String {
        if conditions.contains([]) { return "otherwise" }
        let asks: [Agreed] = [.clientCertificate, .noClientCertificate]
        if asks.allSatisfy({ ask in conditions.contains { $0.contains(ask) } }) {
            let others = conditions.map { $0.subtracting([.clientCertificate, .noClientCertificate]) }
            return others.contains([]) ? "certificate wanted" : "certificate wanted, \(others[0])"
        }
        var names: [String] = []
        for condition in conditions where !names.contains(condition.description) { names.append(condition.description) }
        return names.joined(separator: " / ")
    }
}
