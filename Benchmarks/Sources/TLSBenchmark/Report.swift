// SPDX-License-Identifier: Apache-2.0

/// What came of a run, for people or programs.
struct Report {
    enum Format {
        case text, markdown, json
    }

    var places: [Place]
    /// What the run was made on.
    var system: String
    var outcomes: [Outcome] = []

    init(places: [Place], system: String) {
        self.places = places
        self.system = system
    }

    func text(_ format: Format) -> String {
        switch format {
        case .json: return json
        case .text: return ([system] + tables.map(\.text)).joined(separator: "\n\n")
        case .markdown:
            let lines = system.split(separator: "\n").joined(separator: "  \n")
            return ([lines] + tables.map(\.markdown)).joined(separator: "\n\n")
        }
    }

    /// A stack as programs know it: by its name alone in this process, with the version of libcrypto in others.
    func name(_ entrant: Entrant) -> String {
        entrant.site == 0 ? entrant.stack.rawValue : "\(entrant.stack.rawValue)@\(places[entrant.site].version)"
    }

    /// One array of objects with the keys `case`, `side`, `stack`, `metric`, `value` and `unit`.
    private var json: String {
        let objects = measurements.map { measurement in
            """
              {"case": "\(measurement.benchmark)", "side": "\(measurement.side.rawValue)", \
            "stack": "\(measurement.stack)", "metric": "\(measurement.metric.rawValue)", \
            "value": \(decimal(measurement.value, digits: 2)), "unit": "\(measurement.metric.unit)"}
            """
        }
        return objects.isEmpty ? "[]" : "[\n" + objects.joined(separator: ",\n") + "\n]"
    }
}

/// Where SafeTLS is compared with libssl: the stacks of a site.
struct Place {
    /// libcrypto's version.
    var version: String
    var ours: Entrant
    var theirs: Entrant
    /// The bare primitives.
    var floor: Entrant

    static func all(of sites: [any Site]) -> [Place] {
        sites.indices.map { index in
            Place(
                version: sites[index].version,
                ours: Entrant(site: index, stack: .safetls),
                theirs: Entrant(site: index, stack: .libssl),
                floor: Entrant(site: index, stack: .libcrypto)
            )
        }
    }
}

/// Rows of text under a heading.
struct Table {
    var title: String
    var heading: [String]
    var rows: [[String]] = []
    /// How many columns are words, which are flush left.
    var words: Int

    var text: String {
        let all = [heading] + rows
        let widths = heading.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        let lines = all.map { row in
            row.indices.map { column in
                let padding = String(repeating: " ", count: widths[column] - row[column].count)
                return column < words ? row[column] + padding : padding + row[column]
            }.joined(separator: "  ")
        }
        return ([title] + lines).joined(separator: "\n")
    }

    var markdown: String {
        func line(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |" }
        let rule = heading.indices.map { $0 < words ? "---" : "---:" }
        return (["**\(title)**", ""] + ([heading, rule] + rows).map(line)).joined(separator: "\n")
    }
}

/// A non-negative number with a fixed count of decimal places.
func decimal(_ value: Double, digits: Int) -> String {
    var scale = 1
    for _ in 0..<digits { scale *= 10 }
    let scaled = Int((value * Double(scale)).rounded())
    guard digits > 0 else { return String(scaled) }
    let fraction = String(scaled % scale)
    return "\(scaled / scale)." + String(repeating: "0", count: digits - fraction.count) + fraction
}
