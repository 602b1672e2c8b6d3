// SPDX-License-Identifier: Apache-2.0

/// What the command line asks for.
struct Options {
    /// What a run is to do, other than measure.
    enum Task {
        case measure, help, list, lists, work
        case repeatCases
    }

    var task = Task.measure
    var isQuick = false
    var format = Report.Format.text
    var plot: String?
    var repetitions: [Repetition] = []
    /// Where further libssl are.
    var libraries: [String] = []
    private var seconds: Double?
    /// Names of the cases to run; empty for all.
    private var cases: Set<String> = []

    static let help = """
        usage: tls-benchmark [--quick] [--seconds N] [--case NAME]... [--libssl PATH]...
                             [--json | --markdown] [--plot FILE.svg]

        Measures SafeTLS beside libssl on the same libcrypto, over memory, in turns.
          --quick        shorter runs, under 40 seconds altogether, without 10,000 connections
          --seconds N    how long each case takes with each libssl; 2 by default
          --case NAME    only this case; may be repeated. * stands for anything: 'tls13-*-p256'
          --libssl PATH  besides: the same with the libssl and libcrypto of this directory, or of this file's, in
                         a process of its own; may be repeated
          --json         one array of objects: case, side, stack, metric, value, unit
          --markdown     tables in Markdown
          --plot FILE    also draws how many times as fast as libssl SafeTLS is
          --list         instead: the names of the cases
          --lists        instead: what the longest lists of a client cost a server; fails above the limits
          --repeat NAME COUNT
                         instead: SafeTLS alone does what the case measures, so often; what callgrind counts is
                         that alone. May be repeated. Prints allocations: case, side, own, all, bytes
        """

    init(arguments: [String]) throws(UsageError) {
        var rest = arguments[...]
        func value(of option: String) throws(UsageError) -> String {
            guard let value = rest.popFirst() else { throw UsageError("\(option) needs a value") }
            return value
        }
        while let argument = rest.popFirst() {
            switch argument {
            case "--quick": isQuick = true
            case "--json": format = .json
            case "--markdown": format = .markdown
            case "--list": task = .list
            case "--lists": task = .lists
            case "--worker": task = .work
            case "--help", "-h": task = .help
            case "--plot": plot = try value(of: argument)
            case "--libssl": libraries.append(try value(of: argument))
            case "--seconds":
                guard let number = Double(try value(of: argument)), number > 0, number < 3600 else {
                    throw UsageError("--seconds needs a number of seconds")
                }
                seconds = number
            case "--repeat":
                let name = try value(of: argument)
                guard let count = Int(try value(of: argument)), count > 0 else {
                    throw UsageError("--repeat needs a name and a count")
                }
                repetitions.append(Repetition(name: name, count: count))
                task = .repeatCases
            case "--case":
                let pattern = try value(of: argument)
                let matching = Case.all.map(\.name).filter { Self.matches($0[...], pattern[...]) }
                guard !matching.isEmpty else { throw UsageError("there is no case \(pattern); --list has their names") }
                cases.formUnion(matching)
            default: throw UsageError("unknown argument \(argument)")
            }
        }
    }

    /// The cases to run.
    var chosen: [Case] {
        Case.all.filter { cases.isEmpty ? !(isQuick && $0.isLong) : cases.contains($0.name) }
    }

    var secondsPerCase: Double { seconds ?? (isQuick ? 0.25 : 2) }

    private static func matches(_ name: Substring, _ pattern: Substring) -> Bool {
        guard let first = pattern.first else { return name.isEmpty }
        if first == "*" {
            return matches(name, pattern.dropFirst()) || (!name.isEmpty && matches(name.dropFirst(), pattern))
        }
        return name.first == first && matches(name.dropFirst(), pattern.dropFirst())
    }
}

/// A command line that makes no sense.
struct UsageError: Error {
    var reason: String

    init(_ reason: String) {
        self.reason = reason
    }
}
