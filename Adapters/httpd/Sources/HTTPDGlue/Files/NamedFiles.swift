// SPDX-License-Identifier: Apache-2.0
import CHTTPD
import HTTPDCore

/// What is found wrong with a configuration while it is checked: all of it is said, not the first of it.
struct Findings {
    private(set) var failures: [String] = []

    mutating func add(_ failure: DirectiveError) { failures.append("\(failure)") }

    /// Carries out a part of the check.
    mutating func collect(_ body: () throws(DirectiveError) -> Void) {
        do throws(DirectiveError) { try body() } catch { add(error) }
    }

    /// Writes everything to the log; whether httpd may start.
    func log() -> Bool {
        for failure in failures {
            unsafe tlsd_log_server(nil, tlsd_startup_error, APR_SUCCESS, Event.configuration.line(failure))
        }
        return failures.isEmpty
    }
}

/// The line of a directive, for sentences.
func place(of command: UnsafeMutablePointer<cmd_parms>) -> String {
    guard let line = unsafe command.pointee.directive else { return "an unknown line" }
    let file = unsafe line.pointee.filename.map { unsafe String(cString: $0) } ?? "?"
    return unsafe "line \(line.pointee.line_num) of \(file)"
}

/// The files that directives name, read on every check of the configuration: also those of servers whose engine is off, and
/// lists that nothing uses yet.
struct NamedFiles {
    /// What is known of each, as many hosts name the same.
    private var known: [String: String?] = [:]

    /// Keeps the files of a directive for the check.
    static func note(_ name: String, _ words: [String], _ command: UnsafeMutablePointer<cmd_parms>) {
        guard let state = unsafe ServerState.of(command.pointee.server) else { return }
        let place = unsafe HTTPDGlue.place(of: command)
        for word in words {
            let path = unsafe word.withCString { unsafe HTTPDGlue.path(command, $0) }
            guard let file = NamedFile(directive: name, path: path, argument: word, place: place) else { continue }
            state.namedFiles.append(file)
        }
    }

    /// Looks at all files of a server.
    mutating func check(_ state: ServerState, of server: UnsafeMutablePointer<server_rec>, _ findings: inout Findings) {
        let (name, line) = unsafe describe(server)
        for problem in state.problems {
            findings.add(DirectiveError("\(name)\(line): \(problem)"))
        }
        for file in state.namedFiles {
            let sentence: (String) -> String = { "\(name)\(line): \(file.directive) \($0) (\(file.place))" }
            if let missing = missing(file) {
                findings.add(DirectiveError(sentence(missing)))
                state.isBroken = true
                continue
            }
            let key = "\(file.directive.lowercased()) \(file.path)"
            let problem = known[key] ?? file.problem
            known[key] = .some(problem)
            guard let problem else { continue }
            if tlsd_is_ssl_face(), !state.isEngineOn, !ProxySettings.knows(file.directive) {
                let warning = sentence("\(problem). It is not used, as SSLEngine is not on")
                unsafe tlsd_log_server(server, tlsd_startup_warning, APR_SUCCESS, Event.configuration.line(warning))
            } else {
                findings.add(DirectiveError(sentence(problem)))
                state.isBroken = true
            }
        }
    }

    private func missing(_ file: NamedFile) -> String? {
        guard let stamp = Stamp(file.path) else {
            return "\(file.path): cannot be read (\(unsafe String(cString: strerror(tlsd_errno()))))"
        }
        if stamp.value.is_directory != file.isDirectory {
            return "\(file.path): is \(file.isDirectory ? "no directory" : "a directory")"
        }
        return stamp.value.size == 0 && !file.isDirectory ? "\(file.path): is empty" : nil
    }
}
