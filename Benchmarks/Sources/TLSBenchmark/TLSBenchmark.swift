// SPDX-License-Identifier: Apache-2.0

import CBenchmarkPeer
import Glibc

@main
struct TLSBenchmark {
    static func main() {
        do {
            let options = try Options(arguments: Array(CommandLine.arguments.dropFirst()))
            guard !options.wantsHelp else { return print(Options.help) }
            guard !options.wantsLists else { return try ListReport.run() }
            if let repetition = options.repetition { return try repetition.run() }
            let report = try run(options)
            print(options.isJSON ? report.json : report.text)
        } catch let error as UsageError {
            stop("\(error.reason)\n\(Options.help)", status: 2)
        } catch let error as BenchmarkFailure {
            stop(error.reason, status: 1)
        } catch {
            stop("\(error)", status: 1)
        }
    }

    private static func run(_ options: Options) throws -> Report {
        let runner = Runner(isQuick: options.isQuick)
        var report = Report()
        for benchmark in HandshakeCase.all where options.includes(benchmark.name) {
            report.measurements += try runner.measure(benchmark)
        }
        for benchmark in RecordCase.all where options.includes(benchmark.name) {
            report.measurements += try runner.measure(benchmark)
        }
        for benchmark in KEMCase.all where options.includes(benchmark.name) {
            report.measurements += try runner.measure(benchmark)
        }
        return report
    }

    private static func stop(_ message: String, status: Int32) -> Never {
        _ = bench_write(2, Array("tls-benchmark: \(message)\n".utf8).span)
        exit(status)
    }
}
