// SPDX-License-Identifier: Apache-2.0

extension Report {
    /// Tables for people, those that have rows.
    var tables: [Table] {
        [handshakes, percentiles, records, idle, threads, allocations, operations].filter { !$0.rows.isEmpty }
    }

    // MARK: Time

    private var handshakes: Table {
        var table = Table(
            title:
                "Handshakes per second of CPU time, by side; the ratio with the spread of its rounds; times the floor",
            heading: ["case", "side", "OpenSSL", "safetls", "libssl", "ratio", "p10-p90", "x floor"],
            words: 3
        )
        forEachSide(.nanoseconds) { outcome, place, series in
            guard case .handshake = outcome.benchmark.kind else { return }
            table.rows.append(
                [outcome.benchmark.name, series.side.rawValue, place.version]
                    + [place.ours, place.theirs].map { cell(outcome.distribution($0, series)) { 1e9 / $0 } }
                    + ratio(outcome, place, series)
                    + [outcome.floorRatio(place, series).map { decimal($0, digits: 2) } ?? "-"]
            )
        }
        return table
    }

    private var percentiles: Table {
        var table = Table(
            title: "CPU time of single handshakes (µs)",
            heading: [
                "case", "side", "OpenSSL", "safetls p50", "p90", "p99", "libssl p50", "p90", "p99", "floor",
            ],
            words: 3
        )
        forEachSide(.nanoseconds) { outcome, place, series in
            guard case .handshake = outcome.benchmark.kind else { return }
            func cells(_ entrant: Entrant, _ parts: [Double]) -> [String] {
                let values = outcome.distribution(entrant, series)
                return parts.map { values.isEmpty ? "-" : decimal(values.quantile($0) / 1000, digits: 1) }
            }
            table.rows.append(
                [outcome.benchmark.name, series.side.rawValue, place.version] + cells(place.ours, [0.5, 0.9, 0.99])
                    + cells(place.theirs, [0.5, 0.9, 0.99]) + cells(place.floor, [0.5])
            )
        }
        return table
    }

    private var records: Table {
        var table = Table(
            title: "Application data, in megabytes per second of CPU time; the floor is libcrypto's EVP alone",
            heading: ["case", "side", "OpenSSL", "safetls", "libssl", "ratio", "p10-p90", "floor", "of floor"],
            words: 3
        )
        forEachSide(.nanoseconds) { outcome, place, series in
            guard case .records(let records) = outcome.benchmark.kind else { return }
            func speed(_ entrant: Entrant) -> String {
                cell(outcome.distribution(entrant, series)) { outcome.megabytes(records, $0) }
            }
            table.rows.append(
                [outcome.benchmark.name, series.side.rawValue, place.version, speed(place.ours), speed(place.theirs)]
                    + ratio(outcome, place, series)
                    + [speed(place.floor), outcome.floorRatio(place, series).map { decimal(1 / $0, digits: 2) } ?? "-"]
            )
        }
        return table
    }

    private var threads: Table {
        var table = Table(
            title:
                "Handshakes per second of one configuration, both sides in each thread; and how many times one thread's",
            heading: ["case", "threads", "OpenSSL", "safetls", "libssl", "ratio", "p10-p90", "safetls x", "libssl x"],
            words: 3
        )
        forEachSide(.wallNanoseconds) { outcome, place, series in
            let entrants = [place.ours, place.theirs]
            table.rows.append(
                [outcome.benchmark.name, series.side.rawValue, place.version]
                    + entrants.map { cell(outcome.distribution($0, series)) { 1e9 / $0 } }
                    + ratio(outcome, place, series)
                    + entrants.map { outcome.scaling($0, series).map { decimal($0, digits: 2) } ?? "-" }
            )
        }
        return table
    }

    private var operations: Table {
        var table = Table(
            title: "Operations by themselves (µs)",
            heading: ["case", "operation", "OpenSSL", "safetls", "libcrypto"],
            words: 3
        )
        forEachSide(.nanoseconds) { outcome, place, series in
            switch outcome.benchmark.kind {
            case .kem, .operations: break
            default: return
            }
            table.rows.append(
                [outcome.benchmark.name, series.side.rawValue, place.version]
                    + [place.ours, place.floor].map { cell(outcome.distribution($0, series), digits: 1) { $0 / 1000 } }
            )
        }
        return table
    }

    // MARK: Memory

    private var idle: Table {
        var table = Table(
            title: "Heap of an idle server connection after its handshake (B)",
            heading: ["case", "OpenSSL", "safetls", "libssl", "ratio"],
            words: 2
        )
        forEachSide(.heldBytes) { outcome, place, series in
            let values = [place.ours, place.theirs].map { outcome.distribution($0, series) }
            let ratio =
                values[0].isEmpty || values[1].isEmpty ? "-" : decimal(values[1].median / values[0].median, digits: 2)
            table.rows.append([outcome.benchmark.name, place.version] + values.map { cell($0) { $0 } } + [ratio])
        }
        return table
    }

    private var allocations: Table {
        var table = Table(
            title: "Allocations per handshake or record: own without libcrypto's, all, and their bytes",
            heading: ["case", "side", "OpenSSL", "safetls own", "all", "B", "libssl all", "B"],
            words: 3
        )
        forEachSide(.allocations) { outcome, place, series in
            func cells(_ entrant: Entrant, _ quantities: [Quantity]) -> [String] {
                quantities.map { quantity in
                    cell(outcome.distribution(entrant, Series(side: series.side, quantity: quantity))) { $0 }
                }
            }
            table.rows.append(
                [outcome.benchmark.name, series.side.rawValue, place.version]
                    + cells(place.ours, [.ownAllocations, .allocations, .allocatedBytes])
                    + cells(place.theirs, [.allocations, .allocatedBytes])
            )
        }
        return table
    }

    // MARK: Cells

    /// Goes through what was counted, by case, side and place.
    private func forEachSide(_ quantity: Quantity, _ body: (Outcome, Place, Series) -> Void) {
        for outcome in outcomes {
            for series in outcome.series where series.quantity == quantity {
                for (site, place) in places.enumerated() {
                    let isThere = Stack.allCases.contains { stack in
                        !outcome.distribution(Entrant(site: site, stack: stack), series).isEmpty
                    }
                    if isThere { body(outcome, place, series) }
                }
            }
        }
    }

    private func cell(_ values: Distribution, digits: Int = 0, _ convert: (Double) -> Double) -> String {
        values.isEmpty ? "-" : decimal(convert(values.median), digits: digits)
    }

    private func ratio(_ outcome: Outcome, _ place: Place, _ series: Series) -> [String] {
        let ratios = outcome.ratios(place.ours, to: place.theirs, series)
        guard !ratios.isEmpty else { return ["-", "-"] }
        let spread = [0.1, 0.9].map { decimal(ratios.quantile($0), digits: 2) }
        return [decimal(ratios.median, digits: 2), spread.joined(separator: "-")]
    }
}
