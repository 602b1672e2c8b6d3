// SPDX-License-Identifier: Apache-2.0

// Protocols of lines of text. Before a server is asked, it has to have offered: one that does not is not pressed.

extension PlainDialogue {
    /// SMTP (RFC 3207) and LMTP, which differ in their first word.
    mutating func smtp(hello: String) throws {
        try expect(try reply(), 220, "greeting")
        let literal = address.contains(":") ? "[IPv6:\(address)]" : "[\(address)]"
        try send("\(hello) \(literal)")
        let offers = try reply()
        try expect(offers, 250, hello)
        try require(offers.lines.dropFirst().contains { $0.uppercased() == "STARTTLS" }, "STARTTLS")
        try send("STARTTLS")
        try expect(try reply(), 220, "STARTTLS")
    }

    /// FTP (RFC 4217).
    mutating func ftp() throws {
        try expect(try reply(), 220, "greeting")
        try send("AUTH TLS")
        try expect(try reply(), 234, "AUTH TLS")
    }

    /// NNTP (RFC 4642).
    mutating func nntp() throws {
        let greeting = try reply()
        if greeting.code != 201 { try expect(greeting, 200, "greeting") }
        try send("CAPABILITIES")
        try expect(try reply(), 101, "CAPABILITIES")
        try require(try list().contains { $0.uppercased() == "STARTTLS" }, "STARTTLS")
        try send("STARTTLS")
        try expect(try reply(), 382, "STARTTLS")
    }

    /// POP3 (RFC 2595).
    mutating func pop3() throws {
        try expectOK(try line(), "greeting")
        try send("CAPA")
        let answer = try line()
        // RFC 2449: servers that do not know it have nothing to say of themselves, and may know STLS.
        if Self.begins(answer, with: "+OK") { try require(try list().contains { $0.uppercased() == "STLS" }, "STLS") }
        try send("STLS")
        try expectOK(try line(), "STLS")
    }

    /// IMAP (RFC 9051).
    mutating func imap() throws {
        let greeting = try line()
        guard !greeting.hasPrefix("* PREAUTH") else {
            throw StartTLSError("the server takes us for somebody already (PREAUTH), after which TLS cannot begin")
        }
        guard Self.begins(greeting, with: "* OK") else { throw Self.refused("greeting", greeting) }
        let offers = try tagged("a1", "CAPABILITY")
        let words = offers.filter { $0.uppercased().hasPrefix("* CAPABILITY ") }.flatMap { $0.split(separator: " ") }
        try require(words.contains { $0.uppercased() == "STARTTLS" }, "STARTTLS")
        _ = try tagged("a2", "STARTTLS")
    }

    /// Sends a command and returns the lines before its answer, which has to be OK.
    private mutating func tagged(_ tag: String, _ command: String) throws -> [String] {
        try send("\(tag) \(command)")
        var lines: [String] = []
        while true {
            let answer = try line()
            if answer.hasPrefix("* BYE") { throw Self.refused(command, answer) }
            if answer.hasPrefix("* ") {
                lines.append(answer)
                continue
            }
            let isOK = Self.begins(answer.uppercased(), with: "\(tag.uppercased()) OK")
            guard isOK else { throw Self.refused(command, answer) }
            return lines
        }
    }

    /// ManageSieve (RFC 5804): capabilities come first, each in quotes, then OK.
    mutating func sieve() throws {
        var offers: [String] = []
        while true {
            let answer = try line()
            if Self.isOK(answer) { break }
            guard answer.hasPrefix("\"") else { throw Self.refused("greeting", answer) }
            offers.append(answer.uppercased())
        }
        try require(offers.contains { $0 == "\"STARTTLS\"" }, "STARTTLS")
        try send("STARTTLS")
        let answer = try line()
        guard Self.isOK(answer) else { throw Self.refused("STARTTLS", answer) }
    }

    private static func isOK(_ line: String) -> Bool { begins(line.uppercased(), with: "OK") }

    /// Whether a line begins with these words, and not with longer ones.
    private static func begins(_ line: String, with words: String) -> Bool {
        line == words || line.hasPrefix(words + " ")
    }

    // MARK: Replies

    /// A reply with a code of three digits, as SMTP, FTP and NNTP have them.
    private struct Reply {
        let code: Int
        let lines: [String]
    }

    /// The next reply, of one line or of several: `250-` goes on, `250 ` ends it (RFC 5321 §4.2.1). In FTP lines between may
    /// have no code (RFC 959).
    private mutating func reply() throws -> Reply {
        let first = try line()
        let code = first.utf8.prefix(3)
        guard code.count == 3, code.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(first.prefix(3)),
            [nil, " ", "-"].contains(first.dropFirst(3).first)
        else {
            throw StartTLSError("the server sent no reply with a code: \u{201C}\(printable(first))\u{201D}")
        }
        var lines = [String(first.dropFirst(4))]
        guard first.dropFirst(3).first == "-" else { return Reply(code: number, lines: lines) }
        while true {
            let next = try line()
            let isLast = Self.begins(next, with: "\(number)")
            lines.append(next.hasPrefix("\(number)") ? String(next.dropFirst(4)) : next)
            if isLast { return Reply(code: number, lines: lines) }
        }
    }

    /// The lines up to one with a point alone.
    private mutating func list() throws -> [String] {
        var lines: [String] = []
        while true {
            let next = try line()
            if next == "." { return lines }
            lines.append(next)
        }
    }

    private func expect(_ reply: Reply, _ code: Int, _ what: String) throws {
        guard reply.code == code else { throw Self.refused(what, "\(reply.code) \(reply.lines.last ?? "")") }
    }

    private func expectOK(_ line: String, _ what: String) throws {
        guard Self.begins(line, with: "+OK") else { throw Self.refused(what, line) }
    }

    private func require(_ isOffered: Bool, _ word: String) throws {
        guard isOffered else { throw StartTLSError("the server does not offer \(word)") }
    }

    private static func refused(_ what: String, _ answer: String) -> StartTLSError {
        let question = what == "greeting" ? "the server greets with" : "the server answers \(what) with"
        return StartTLSError("\(question) \u{201C}\(printable(answer))\u{201D}")
    }
}
