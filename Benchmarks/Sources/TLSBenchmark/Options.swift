// SPDX-License-Identifier: Apache-2.0

/// What the command line asks for.
struct Options {
    var isQuick = false
    var isJSON = false
    var wantsHelp = false
    var wantsLists = false
    var repetition: Repetition?
    /// Names of the cases to run; empty for all.
    var cases: [String] = []

    static let help = """
        usage: tls-benchmark [--quick] [--json] [--case NAME]...

        Measures SafeTLS beside libssl on the same libcrypto, in this process, over memory, in turns.
          --quick      shorter runs, under 20 seconds altogether
          --json       one array of objects: case, side, stack, metric, value, unit
          --lists      instead: what the longest lists of a client cost a server; fails above the limits
          --case NAME  only this case; may be repeated
          --repeat NAME COUNT
                       instead: SafeTLS alone does what the case measures, so often, for a profiler
        cases: \(allNames.joined(separator: " "))
        """

    static let allNames = HandshakeCase.all.map(\.name) + RecordCase.all.map(\.name) + KEMCase.all.map(\.name)

    init(arguments: [String]) throws(UsageError) {
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            switch argument {
            case "--quick": isQuick = true
            case "--json": isJSON = true
            case "--lists": wantsLists = true
            case "--repeat":
                guard let name = rest.popFirst(), let count = rest.popFirst().flatMap({ Int($0) }), count > 0 else {
                    throw UsageError("--repeat needs a name and a count")
                }
                repetition = Repetition(name: name, count: count)
            case "--help", "-h": wantsHelp = true
            case "--case":
                guard let name = rest.popFirst() else { throw UsageError("--case needs a name") }
                guard Self.allNames.contains(name) else { throw UsageError("there is no case \(name)") }
                cases.append(name)
            default: throw UsageError("unknown argument \(argument)")
            }
        }
    }

    func includes(_ name: String) -> Bool {
        cases.isEmpty || cases.contains(name)
    }
}

/// A command line that makes no sense.
struct UsageError: Error {
    var reason: String

    init(_ reason: String) {
        self.reason = reason
    }
}
