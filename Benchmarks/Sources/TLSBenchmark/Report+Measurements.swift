// SPDX-License-Identifier: Apache-2.0

extension Report {
    /// Every number, for programs.
    var measurements: [Measurement] { outcomes.flatMap { measurements(of: $0) } }

    private func measurements(of outcome: Outcome) -> [Measurement] {
        var result: [Measurement] = []
        for series in outcome.series {
            for entrant in entrants(of: outcome) where !outcome.distribution(entrant, series).isEmpty {
                let place = places[entrant.site]
                let values = outcome.values(entrant, series) + outcome.comparisons(entrant, at: place, series)
                result += values.map { metric, value in
                    Measurement(
                        benchmark: outcome.benchmark.name,
                        side: series.side,
                        stack: name(entrant),
                        metric: metric,
                        value: value
                    )
                }
            }
        }
        return result
    }

    /// The stacks of a case, those of a site beside each other.
    func entrants(of outcome: Outcome) -> [Entrant] {
        places.indices.flatMap { site in Stack.allCases.map { Entrant(site: site, stack: $0) } }
            .filter { outcome.rounds[$0] != nil }
    }
}

extension Outcome {
    /// What a series says by itself.
    fileprivate func values(_ entrant: Entrant, _ series: Series) -> [(Metric, Double)] {
        let values = distribution(entrant, series)
        switch series.quantity {
        case .nanoseconds:
            switch benchmark.kind {
            case .records(let records):
                return [(.megabytesPerSecond, megabytes(records, values.median))] + times(values)
            case .kem, .operations: return [(.microseconds, values.median / 1000)] + times(values)
            default: return [(.perSecond, 1e9 / values.median)] + times(values)
            }
        case .wallNanoseconds: return [(.perSecond, 1e9 / values.median)]
        case .allocations: return [(.allocations, values.median)]
        // What libssl allocates is libcrypto's.
        case .ownAllocations: return entrant.stack == .safetls ? [(.ownAllocations, values.median)] : []
        case .allocatedBytes: return [(.allocatedBytes, values.median)]
        case .heldBytes: return [(.bytes, values.median)]
        }
    }

    private func times(_ values: Distribution) -> [(Metric, Double)] {
        [(Metric.p50, 0.5), (.p90, 0.9), (.p99, 0.99)].map { ($0, values.quantile($1) / 1000) }
    }

    /// Bytes per nanosecond are gigabytes per second.
    func megabytes(_ records: RecordCase, _ nanoseconds: Double) -> Double {
        Double(records.size) / nanoseconds * 1000
    }

    /// What a series of SafeTLS says beside others.
    fileprivate func comparisons(_ entrant: Entrant, at place: Place, _ series: Series) -> [(Metric, Double)] {
        var result: [(Metric, Double)] = []
        if entrant == place.ours, series.quantity.isTime {
            let ratios = ratios(place.ours, to: place.theirs, series)
            if !ratios.isEmpty {
                result += [
                    (.ratio, ratios.median), (.ratioP10, ratios.quantile(0.1)), (.ratioP90, ratios.quantile(0.9)),
                ]
            }
        }
        if entrant == place.ours, let floor = floorRatio(place, series) { result.append((.floorRatio, floor)) }
        if let scaling = scaling(entrant, series) { result.append((.scaling, scaling)) }
        return result
    }

    /// How many times as long as bare libcrypto SafeTLS takes.
    func floorRatio(_ place: Place, _ series: Series) -> Double? {
        let ratios = ratios(place.floor, to: place.ours, series)
        return ratios.isEmpty ? nil : ratios.median
    }

    /// How many times as much as one thread several do.
    func scaling(_ entrant: Entrant, _ series: Series) -> Double? {
        let alone = Series(side: .threads(1), quantity: .wallNanoseconds)
        guard series.quantity == .wallNanoseconds, series != alone, let rounds = rounds[entrant],
            let one = rounds[alone], let several = rounds[series]
        else { return nil }
        return Distribution(zip(one, several).map { Distribution($0).median / Distribution($1).median }).median
    }
}

extension Quantity {
    fileprivate var isTime: Bool { self == .nanoseconds || self == .wallNanoseconds }
}
