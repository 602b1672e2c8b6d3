// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What the program is asked to do.
struct Options {
    static let help = """
        nio-benchmark: SafeTLS beside BoringSSL of swift-nio-ssl, in one process, in turns.

          --case PATTERN      only cases of such a name; * stands for anything; may be given several times
          --seconds N         at least so long for each case; 3 by default
          --rounds N          at least so many rounds for each case; 15 by default
          --quick             half a second and five rounds for each case
          --markdown, --json  in another form
          --list              only the names of the cases
          --repeat CASE STACK COUNT
                              only turns of one stack (nio, session, safetls, boringssl), for a profiler
          --keys DIRECTORY    chain.pem, leaf.key and root.pem that are there already; valgrind lets nobody start openssl
        """

    enum Format { case text, markdown, json }

    struct Repetition {
        var name: String
        var stack: Stack
        var count: Int
    }

    var format = Format.text
    var seconds = 3.0
    var rounds = 15
    var listsOnly = false
    var showsHelp = false
    var repetition: Repetition?
    /// Where the certificates and the key are; nil to have them made.
    var keys: String?
    private var patterns: [String] = []

    init(_ arguments: some Sequence<String>) throws {
        var words = Array(arguments)[...]
        while let word = words.popFirst() {
            switch word {
            case "--case": patterns.append(try Self.next(&words, word))
            case "--seconds": seconds = try Self.number(&words, word)
            case "--rounds": rounds = Int(try Self.number(&words, word))
            case "--quick": (seconds, rounds) = (0.5, 5)
            case "--markdown": format = .markdown
            case "--json": format = .json
            case "--list": listsOnly = true
            case "--help", "-h": showsHelp = true
            case "--repeat":
                let name = try Self.next(&words, word)
                guard let stack = Stack(rawValue: try Self.next(&words, word)) else {
                    throw Failure("a stack is nio, session, safetls or boringssl")
                }
                repetition = Repetition(name: name, stack: stack, count: Int(try Self.number(&words, word)))
            case "--keys": keys = try Self.next(&words, word)
            default: throw Failure("unknown option '\(word)'; --help shows them")
            }
        }
    }

    private static func next(_ words: inout ArraySlice<String>, _ option: String) throws -> String {
        guard let word = words.popFirst() else { throw Failure("\(option) needs a value") }
        return word
    }

    private static func number(_ words: inout ArraySlice<String>, _ option: String) throws -> Double {
        guard let number = Double(try next(&words, option)), number >= 0, number <= 1_000_000_000 else {
            throw Failure("\(option) needs a number")
        }
        return number
    }

    func selects(_ name: String) -> Bool { patterns.isEmpty || patterns.contains { Self.matches(name[...], $0[...]) } }

    private static func matches(_ name: Substring, _ pattern: Substring) -> Bool {
        guard let first = pattern.first else { return name.isEmpty }
        if first == "*" {
            return matches(name, pattern.dropFirst()) || (!name.isEmpty && matches(name.dropFirst(), pattern))
        }
        return name.first == first && matches(name.dropFirst(), pattern.dropFirst())
    }
}
