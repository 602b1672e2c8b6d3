// SPDX-License-Identifier: Apache-2.0

/// A directive as something to do to the values that it sets: those of a server, or those for proxied servers.
struct Directive<Values>: Sendable {
    /// Sets the values; gives a sentence for what has no effect, or should be written otherwise.
    typealias Apply = @Sendable (inout Values, [String], SSLLine) throws(DirectiveError) -> String?

    /// How many arguments it takes.
    private let arguments: ClosedRange<Int>
    private let apply: Apply

    init(arguments: ClosedRange<Int>, apply: @escaping Apply) {
        self.arguments = arguments
        self.apply = apply
    }

    /// Carries it out; gives a sentence to be logged as a warning.
    func carryOut(
        on values: inout Values,
        _ arguments: [String],
        at line: SSLLine
    ) throws(DirectiveError) -> String? {
        guard self.arguments.contains(arguments.count) else {
            let (least, most) = (self.arguments.lowerBound, self.arguments.upperBound)
            throw DirectiveError(
                least == most
                    ? "takes \(least) argument\(least == 1 ? "" : "s")" : "takes \(least) to \(most) arguments"
            )
        }
        return try apply(&values, arguments, line)
    }
}

// MARK: - Kinds of directives

extension Directive {
    /// A directive with one argument.
    static func one(_ body: @escaping @Sendable (inout Values, String) throws(DirectiveError) -> Void) -> Self {
        Self(arguments: 1...1) { values, arguments, _ throws(DirectiveError) in
            try body(&values, arguments[0])
            return nil
        }
    }

    /// `on` or `off`.
    static func flag(_ path: any WritableKeyPath<Values, Bool?> & Sendable) -> Self {
        one { values, text throws(DirectiveError) in values[keyPath: path] = try isOn(text) }
    }

    /// A file or a directory.
    static func file(_ path: any WritableKeyPath<Values, String?> & Sendable) -> Self {
        .path { $0[keyPath: path] = $1 }
    }

    /// A file or a directory, as an absolute path.
    static func path(_ body: @escaping @Sendable (inout Values, String) throws(DirectiveError) -> Void) -> Self {
        Self(arguments: 1...1) { values, arguments, line throws(DirectiveError) in
            try body(&values, line.resolve(arguments[0]))
            return nil
        }
    }

    /// A number of seconds.
    static func seconds(
        _ path: any WritableKeyPath<Values, Int64?> & Sendable,
        _ range: ClosedRange<Int64>
    ) -> Self {
        one { values, text throws(DirectiveError) in
            guard let number = Int64(text), range.contains(number) else {
                let (least, most) = (range.lowerBound, range.upperBound)
                throw DirectiveError("'\(text)' is not a number of seconds from \(least) to \(most)")
            }
            values[keyPath: path] = number
        }
    }

    /// A directive that changes nothing, with a sentence where somebody could expect that it does.
    static func ignored(
        _ arguments: ClosedRange<Int>,
        _ warning: @escaping @Sendable ([String]) throws(DirectiveError) -> String?
    ) -> Self {
        Self(arguments: arguments) { _, arguments, _ throws(DirectiveError) in try warning(arguments) }
    }

    /// A directive whose feature is missing: with `off` it is satisfied, else httpd does not start.
    static func missing(_ feature: String, off: [String], instead: String) -> Self {
        Self(arguments: 1...8) { _, arguments, _ throws(DirectiveError) in
            guard !off.contains(arguments[0].lowercased()) else { return nil }
            throw DirectiveError("\(feature) is not supported: \(instead)")
        }
    }

    /// Reads `on` or `off`.
    static func isOn(_ text: String) throws(DirectiveError) -> Bool {
        switch text.lowercased() {
        case "on": return true
        case "off": return false
        default: throw DirectiveError("'\(text)' is neither on nor off")
        }
    }
}
