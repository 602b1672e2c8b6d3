// SPDX-License-Identifier: Apache-2.0

import CBenchmarkPeer

/// A process in which stacks are measured: a libssl, and SafeTLS on the same libcrypto.
protocol Site: AnyObject {
    /// The version of its libcrypto.
    var version: String { get }

    func turn(of stack: Stack, in benchmark: Case) throws -> Turn
}

/// This process.
final class LocalSite: Site {
    let version: String
    private var current: (name: String, subject: any Subject)?

    init() {
        var text = [UInt8](repeating: 0, count: 64)
        var span = text.mutableSpan
        let length = bench_libcrypto_version(&span)
        version = String(decoding: text.prefix(max(0, length)), as: UTF8.self)
    }

    func turn(of stack: Stack, in benchmark: Case) throws -> Turn {
        if let current, current.name == benchmark.name { return try current.subject.turn(of: stack) }
        // The C side has room for one.
        current = nil
        let subject = try benchmark.makeSubject()
        current = (benchmark.name, subject)
        return try subject.turn(of: stack)
    }
}

/// A process that was started for it: this program once more.
///
/// Lines go to and fro: a stack and a case, and `ok` with samples, `none` or `failed` with a sentence.
final class RemoteSite: Site {
    let version: String
    private let worker: Int32

    private static let longestLine = 1 << 20

    init(library path: String) throws {
        worker = bench_start_worker(Array(path.utf8).span)
        guard worker >= 0 else { throw BenchmarkFailure("there is no libssl beside a libcrypto in \(path)") }
        let answer = try Self.ask(worker, "version")
        guard answer.hasPrefix("ok ") else {
            throw BenchmarkFailure("with the libssl in \(path) the benchmark does not start: \(answer)")
        }
        version = String(answer.dropFirst(3))
    }

    private static func ask(_ worker: Int32, _ line: String) throws -> String {
        let isSent = bench_ask(worker, Array(line.utf8).span)
        var text = [UInt8](repeating: 0, count: longestLine)
        var span = text.mutableSpan
        let length = bench_answer(worker, &span)
        guard isSent, length >= 0 else { throw BenchmarkFailure("the process with another libssl is gone") }
        return String(decoding: text.prefix(length), as: UTF8.self)
    }

    func turn(of stack: Stack, in benchmark: Case) throws -> Turn {
        let answer = try Self.ask(worker, "\(stack.rawValue) \(benchmark.name)")
        if answer == "none" { throw Unavailable() }
        guard answer.hasPrefix("ok "), let turn = Turn(text: String(answer.dropFirst(3))) else {
            throw BenchmarkFailure("with OpenSSL \(version): \(answer)")
        }
        return turn
    }
}

/// The other end: answers lines until there are no more.
enum Worker {
    static func run() {
        let site = LocalSite()
        while let line = readLine() {
            let answer = answer(line, site) + "\n"
            guard bench_write(1, Array(answer.utf8).span) else { return }
        }
    }

    private static func answer(_ line: String, _ site: LocalSite) -> String {
        guard line != "version" else { return "ok \(site.version)" }
        let words = line.split(separator: " ")
        guard words.count == 2, let stack = Stack(rawValue: String(words[0])),
            let benchmark = Case.named(String(words[1]))
        else { return "failed to understand" }
        do {
            return "ok " + (try site.turn(of: stack, in: benchmark)).text
        } catch is Unavailable {
            return "none"
        } catch let error as BenchmarkFailure {
            return "failed: \(error.reason)"
        } catch {
            return "failed: \(error)"
        }
    }
}
