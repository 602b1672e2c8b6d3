// SPDX-License-Identifier: Apache-2.0

import CBenchmarkPeer
import Glibc

@main
struct TLSBenchmark {
    static func main() {
        let countsLibcrypto = bench_count_libcrypto()
        do {
            guard countsLibcrypto else { throw BenchmarkFailure("libcrypto has allocated before it could be counted") }
            let options = try Options(arguments: Array(CommandLine.arguments.dropFirst()))
            switch options.task {
            case .help: print(Options.help)
            case .list: for benchmark in Case.all { print(benchmark.name) }
            case .lists: try ListReport.run()
            case .work: Worker.run()
            case .repeatCases: for repetition in options.repetitions { try repetition.run() }
            case .measure: try measure(options)
            }
        } catch let error as UsageError {
            stop("\(error.reason)\n\(Options.help)", status: 2)
        } catch let error as BenchmarkFailure {
            stop(error.reason, status: 1)
        } catch {
            stop("\(error)", status: 1)
        }
    }

    private static func measure(_ options: Options) throws {
        var sites: [any Site] = [LocalSite()]
        for path in options.libraries { sites.append(try RemoteSite(library: path)) }
        let runner = Runner(sites: sites, seconds: options.secondsPerCase)
        var report = Report(places: Place.all(of: sites), system: SystemDescription().text(sites))
        for benchmark in options.chosen {
            report.outcomes.append(try runner.measure(benchmark))
        }
        print(report.text(options.format))
        if let path = options.plot { try write(Plot(report).svg, to: path) }
    }

    private static func write(_ text: String, to path: String) throws {
        let file = bench_create(Array(path.utf8).span)
        guard file >= 0, bench_write(file, Array(text.utf8).span) else {
            throw BenchmarkFailure("\(path) cannot be written")
        }
    }

    private static func stop(_ message: String, status: Int32) -> Never {
        _ = bench_write(2, Array("tls-benchmark: \(message)\n".utf8).span)
        exit(status)
    }
}
