// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Foundation
import SafeTLSSockets
import Testing

@testable import SafeTLSCommand

/// Servers that break off, that send byte by byte, that say something else, too much, or more than they were asked: in every protocol, at
/// every step. Nothing of TLS is behind these.
@Suite struct HostileStartTLSTests {
    private typealias Step = ScriptedServer.Step

    /// What came of a dialogue: nil when TLS would begin, or why it would not.
    private static func outcome(_ name: String, _ steps: [Step]) throws -> String? {
        let startTLS = try #require(StartTLS(rawValue: name))
        let listener = try Socket.listen(on: Endpoint(host: "127.0.0.1", port: 0))
        let endpoint = try #require(Endpoint(listener.name(ofPeer: false)))
        let client = try Socket.connect(to: endpoint)
        let ends = Ends(try listener.acceptNext())
        try client.setBlocking(false)
        Thread.detachNewThread { ends.perform(steps) }
        defer {
            ends.isLeft.signal()
            ends.isDone.wait()
        }
        var dialogue = PlainDialogue(over: client, until: later(), observer: nil)
        do {
            try startTLS.talk(&dialogue, name: "localhost")
            _ = try dialogue.finish()
            return nil
        } catch {
            return "\(error)"
        }
    }

    /// Far beyond what anything here takes.
    private static func later() -> UInt64 { DispatchTime.now().uptimeNanoseconds / 1_000_000 + 300_000 }

    /// The server's end.
    private final class Ends: Sendable {
        private let socket: Socket
        let isLeft = DispatchSemaphore(value: 0)
        let isDone = DispatchSemaphore(value: 0)

        init(_ socket: consuming Socket) { self.socket = socket }

        func perform(_ steps: [Step]) {
            try? socket.setBlocking(true)
            // A client that has gone has seen enough.
            try? performAll(steps)
            isDone.signal()
        }

        private func performAll(_ steps: [Step]) throws {
            for step in steps {
                switch step {
                case .send(let bytes): _ = try socket.write(bytes.span)
                case .drip(let bytes):
                    for byte in bytes {
                        let one = [byte]
                        _ = try socket.write(one.span)
                        usleep(50)
                    }
                case .expect(let bytes):
                    var rest = bytes.count
                    while rest > 0 {
                        var part = zeros(rest)
                        guard let count = try socket.read(into: &part), count > 0 else { return }
                        rest -= count
                    }
                case .perform(let body): try body()
                case .close:
                    socket.shutdownWriting()
                    return
                }
            }
            isLeft.wait()
        }

        private func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }
    }

    /// All that the server says, and what it waits for between.
    private static func steps(_ dialogue: StartTLSTests.Dialogue) -> [Step] {
        dialogue.steps + [.send(dialogue.answer)]
    }

    private static func sent(_ step: Step) -> [UInt8]? {
        if case .send(let bytes) = step { bytes } else { nil }
    }

    private static let all = StartTLSTests.dialogues

    private static let ofLines = all.filter { !["ldap", "postgres", "mysql", "xmpp", "xmpp-server"].contains($0.name) }

    @Test(arguments: all) fileprivate func breakOffAtEachByte(_ dialogue: StartTLSTests.Dialogue) throws {
        let steps = Self.steps(dialogue)
        for (index, step) in steps.enumerated() {
            for count in 0..<(Self.sent(step)?.count ?? 0) {
                let part = Step.send(Array(Self.sent(step)?.prefix(count) ?? []))
                let outcome = try Self.outcome(dialogue.name, steps[..<index] + [part, .close])
                #expect(
                    outcome?.contains("has closed the connection before TLS") == true,
                    "step \(index), \(count) bytes: \(outcome ?? "TLS")"
                )
            }
        }
    }

    @Test(arguments: all) fileprivate func sendByteByByte(_ dialogue: StartTLSTests.Dialogue) throws {
        let steps = Self.steps(dialogue).map { step in Self.sent(step).map { .drip($0) } ?? step }
        let outcome = try Self.outcome(dialogue.name, steps)
        #expect(outcome == nil)
        // In two parts, wherever it is divided.
        let answer = dialogue.answer
        for count in 1..<max(answer.count, 2) where count < answer.count {
            let parts: [Step] = [
                .send(Array(answer[..<count])), .perform { usleep(200) }, .send(Array(answer[count...])),
            ]
            #expect(try Self.outcome(dialogue.name, dialogue.steps + parts) == nil, "\(count) bytes")
        }
    }

    /// Behind each answer after which the client would say something, or begin with TLS.
    @Test(arguments: all) fileprivate func sayMoreThanTheyAreAsked(_ dialogue: StartTLSTests.Dialogue) throws {
        let steps = Self.steps(dialogue)
        for (index, step) in steps.enumerated() {
            guard let bytes = Self.sent(step) else { continue }
            if index + 1 < steps.count, Self.sent(steps[index + 1]) != nil { continue }
            var hostile = steps
            hostile[index] = .send(bytes + Array("250 injected\r\n".utf8))
            let outcome = try Self.outcome(dialogue.name, hostile)
            #expect(
                outcome?.contains("somebody may have injected it: “250 inject") == true,
                "step \(index): \(outcome ?? "TLS")"
            )
        }
    }

    /// In the place of each of its answers.
    @Test(arguments: ofLines) fileprivate func sendTooMuch(_ dialogue: StartTLSTests.Dialogue) throws {
        let more: [String: String] = [
            "smtp": "220-a\r\n", "lmtp": "250-a\r\n", "imap": "* OK\r\n", "pop3": "+OK\r\n", "ftp": "220-\r\n",
            "nntp": "101 \r\n", "sieve": "\"A\"\r\n",
        ]
        let line = try #require(more[dialogue.name])
        let steps = Self.steps(dialogue)
        for (index, step) in steps.enumerated() where Self.sent(step) != nil {
            for count in [8193, 20_000] {
                for end in ["", "\r\n"] {
                    let long = Step.send(Array((String(repeating: "a", count: count) + end).utf8))
                    let outcome = try Self.outcome(dialogue.name, steps[..<index] + [long, .close])
                    #expect(
                        outcome?.contains("a line of more than 8192 bytes") == true,
                        "step \(index): \(outcome ?? "TLS")"
                    )
                }
            }
            for word in ["a\n", "a\u{0}\r\n", "\u{7F}\r\n", "\r\r\n"] {
                let outcome = try Self.outcome(dialogue.name, steps[..<index] + [.send(word), .close])
                #expect(
                    outcome?.contains("a line that is no text") == true,
                    "step \(index), \(word.debugDescription): \(outcome ?? "TLS")"
                )
            }
            // Whatever comes of so many, it is not TLS, and it comes to an end.
            let lines = Step.send(Array(String(repeating: line, count: 300).utf8))
            #expect(try Self.outcome(dialogue.name, steps[..<index] + [lines, .close]) != nil)
        }
        let lists: [String: [Step]] = [
            "imap": [.send("* OK\r\n"), .expect("a1 CAPABILITY\r\n")], "pop3": [.send("+OK\r\n"), .expect("CAPA\r\n")],
            "nntp": [.send("200 \r\n"), .expect("CAPABILITIES\r\n"), .send("101 \r\n")],
        ]
        let flood = Step.send(Array(String(repeating: line, count: 300).utf8))
        let outcome = try Self.outcome(dialogue.name, (lists[dialogue.name] ?? []) + [flood, .close])
        #expect(outcome?.contains("more than 200 lines") == true, "\(outcome ?? "TLS")")
    }

    /// What a server says in the place of one of its answers, and what is said of that.
    struct Answer: Sendable, CustomTestStringConvertible {
        let name: String
        let step: Int
        let bytes: [UInt8]
        let complaint: String

        var testDescription: String { "\(name), step \(step): \(printable(bytes))" }

        init(_ name: String, _ step: Int, _ bytes: [UInt8], _ complaint: String) {
            (self.name, self.step, self.bytes, self.complaint) = (name, step, bytes, complaint)
        }

        init(_ name: String, _ step: Int, _ text: String, _ complaint: String) {
            self.init(name, step, Array(text.utf8), complaint)
        }
    }

    private static let lines: [Answer] = [
        Answer("smtp", 0, "250 hello\r\n", "greets with “250 hello”"),
        Answer("smtp", 0, "2200 hello\r\n", "no reply with a code"),
        Answer("smtp", 0, "22 hello\r\n", "no reply with a code"),
        Answer("smtp", 0, "２２０ hello\r\n", "no reply with a code"),
        Answer("smtp", 2, "220-here\r\n220 STARTTLS\r\n", "answers EHLO with “220 STARTTLS”"),
        Answer("smtp", 2, "250-here\r\n250 XSTARTTLS\r\n", "does not offer STARTTLS"),
        // The first line has the server's name.
        Answer("smtp", 2, "250 STARTTLS\r\n", "does not offer STARTTLS"),
        Answer("smtp", 2, "250-here\r\n220 STARTTLS\r\n", "closed the connection"),
        Answer("smtp", 4, "250 fine\r\n", "answers STARTTLS with “250 fine”"),
        Answer("smtp", 4, "2200 fine\r\n", "no reply with a code"),
        Answer("smtp", 4, "220-fine\r\n", "closed the connection"),
        Answer("lmtp", 2, "220-a\r\n220 STARTTLS\r\n", "answers LHLO with “220 STARTTLS”"),
        Answer("lmtp", 4, "250 fine\r\n", "answers STARTTLS with “250 fine”"),
        Answer("imap", 0, "* OKAY\r\n", "greets with “* OKAY”"),
        Answer("imap", 0, "a1 OK\r\n", "greets with “a1 OK”"),
        Answer("imap", 2, "* CAPABILITY STARTTLS\r\na2 OK\r\n", "answers CAPABILITY with “a2 OK”"),
        Answer("imap", 2, "* CAPABILITY STARTTLS\r\na1 OKAY\r\n", "answers CAPABILITY with “a1 OKAY”"),
        Answer("imap", 2, "* CAPABILITY STARTTLS\r\na1 NO\r\n", "answers CAPABILITY with “a1 NO”"),
        Answer("imap", 2, "* CAPABILITYSTARTTLS STARTTLS\r\na1 OK\r\n", "does not offer STARTTLS"),
        Answer("imap", 2, "* OK STARTTLS\r\na1 OK\r\n", "does not offer STARTTLS"),
        Answer("imap", 2, "+ go on\r\n", "answers CAPABILITY with “+ go on”"),
        Answer("imap", 4, "a1 OK\r\n", "answers STARTTLS with “a1 OK”"),
        Answer("imap", 4, "a22 OK\r\n", "answers STARTTLS with “a22 OK”"),
        Answer("imap", 4, "a2 OKAY\r\n", "answers STARTTLS with “a2 OKAY”"),
        Answer("imap", 4, "* BYE\r\na2 OK\r\n", "answers STARTTLS with “* BYE”"),
        Answer("pop3", 0, "OK\r\n", "greets with “OK”"),
        Answer("pop3", 0, "+OKAY\r\n", "greets with “+OKAY”"),
        Answer("pop3", 2, "+OK\r\nXSTLS\r\n.\r\n", "does not offer STLS"),
        Answer("pop3", 2, "+OK\r\nSTLS\r\n..\r\n", "closed the connection"),
        Answer("pop3", 4, "+OKAY\r\n", "answers STLS with “+OKAY”"),
        Answer("ftp", 0, "120 wait\r\n", "greets with “120 wait”"),
        Answer("ftp", 2, "334 go on\r\n", "answers AUTH TLS with “334 go on”"),
        Answer("ftp", 2, "2340 go on\r\n", "no reply with a code"),
        Answer("nntp", 0, "400 no\r\n", "greets with “400 no”"),
        Answer("nntp", 0, "2010 a\r\n", "no reply with a code"),
        Answer("nntp", 2, "500 what\r\n", "answers CAPABILITIES with “500 what”"),
        Answer("nntp", 2, "101 list\r\nSTARTTLS now\r\n.\r\n", "does not offer STARTTLS"),
        Answer("nntp", 4, "381 no\r\n", "answers STARTTLS with “381 no”"),
        Answer("sieve", 0, "\"STARTTLS\"\r\nBYE\r\n", "greets with “BYE”"),
        Answer("sieve", 0, "\"STARTTLS\"\r\nOKAY\r\n", "greets with “OKAY”"),
        Answer("sieve", 0, "\"X\" \"STARTTLS\"\r\nOK\r\n", "does not offer STARTTLS"),
        Answer("sieve", 2, "OKAY\r\n", "answers STARTTLS with “OKAY”"),
        Answer("sieve", 2, "\"A\"\r\nOK\r\n", "answers STARTTLS with “\"A\"”"),
    ]

    /// A message of LDAP with these contents.
    private static func ldap(_ contents: [UInt8]) -> [UInt8] { [0x30, UInt8(contents.count)] + contents }

    private static let binary: [Answer] = [
        Answer("ldap", 1, [0x31, 12, 2, 1, 1], "does not answer in LDAP"),
        // Lengths: as long as they may be, of no form that LDAP has, and longer than what follows.
        Answer("ldap", 1, [0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF], "more than 4096 bytes"),
        Answer("ldap", 1, [0x30, 0x82, 0x10, 0x01], "more than 4096 bytes"),
        Answer("ldap", 1, [0x30, 0x80], "a length that LDAP does not have"),
        Answer("ldap", 1, [0x30, 0x85, 0, 0, 0, 0, 12], "a length that LDAP does not have"),
        Answer("ldap", 1, [0x30, 0xFF], "a length that LDAP does not have"),
        Answer("ldap", 1, [0x30, 0], "no LDAP"),
        Answer("ldap", 1, ldap([2]), "no LDAP"),
        Answer("ldap", 1, ldap([2, 1]), "no LDAP"),
        Answer("ldap", 1, ldap([2, 0x84, 0xFF, 0xFF, 0xFF, 0xFF]), "no LDAP"),
        Answer("ldap", 1, ldap([2, 0x84, 0xFF, 0xFF, 0xFF]), "no LDAP"),
        Answer("ldap", 1, ldap([2, 0x80]), "no LDAP"),
        Answer("ldap", 1, ldap([2, 1, 2, 0x78, 7, 10, 1, 0, 4, 0, 4, 0]), "does not answer the question"),
        Answer("ldap", 1, ldap([2, 2, 0, 1, 0x78, 7, 10, 1, 0, 4, 0, 4, 0]), "does not answer the question"),
        Answer("ldap", 1, ldap([2, 1, 1]), "does not answer the question"),
        Answer("ldap", 1, ldap([2, 1, 1, 0x65, 7, 10, 1, 0, 4, 0, 4, 0]), "does not answer the question"),
        Answer("ldap", 1, ldap([2, 1, 1, 0x78, 8, 10, 1, 0, 4, 0, 4, 0]), "no LDAP"),
        Answer("ldap", 1, ldap([2, 1, 1, 0x78, 3, 10, 1, 0]), "no LDAP"),
        Answer("ldap", 1, ldap([2, 1, 1, 0x78, 7, 2, 1, 0, 4, 0, 4, 0]), "no LDAP"),
        Answer("ldap", 1, ldap([2, 1, 1, 0x78, 7, 10, 1, 0, 4, 0, 4, 1]), "no LDAP"),
        Answer("ldap", 1, ldap([2, 1, 1, 0x78, 6, 10, 0, 4, 0, 4, 0]), "answers StartTLS with result 0"),
        Answer("ldap", 1, ldap([2, 1, 1, 0x78, 8, 10, 2, 1, 0, 4, 0, 4, 0]), "answers StartTLS with result 0"),
        Answer("ldap", 1, ldap([2, 1, 1, 0x78, 9, 10, 1, 2, 4, 0, 4, 2, 0x1B, 0x41]), "result 2: “\\u{1b}A”"),
        Answer("postgres", 1, [0], "does not answer as PostgreSQL does"),
        Answer("postgres", 1, "s", "does not answer as PostgreSQL does"),
        Answer("postgres", 1, "SS", "injected"),
        // Lengths of three bytes, and what they leave of a greeting.
        Answer("mysql", 0, [0xFF, 0xFF, 0xFF, 0], "more than 4096 bytes"),
        Answer("mysql", 0, [0x01, 0x10, 0, 0], "more than 4096 bytes"),
        Answer("mysql", 0, [0, 0, 0, 0], "does not greet as MySQL does"),
        Answer("mysql", 0, [1, 0, 0, 0, 10], "does not greet as MySQL does"),
        Answer("mysql", 0, [2, 0, 0, 0, 10, 0], "does not greet as MySQL does"),
        // One byte less than the capabilities take.
        Answer("mysql", 0, [16, 0, 0, 0, 10, 0] + [UInt8](repeating: 0xFF, count: 14), "does not greet as MySQL does"),
        Answer("mysql", 0, [17, 0, 0, 0, 10, 0] + [UInt8](repeating: 0, count: 15), "does not offer TLS"),
        Answer("mysql", 0, [3, 0, 0, 0, 10, 65, 65], "does not greet as MySQL does"),
        Answer("mysql", 0, [17, 0, 0, 1, 10, 0] + [UInt8](repeating: 0xFF, count: 15), "does not greet as MySQL does"),
        Answer("mysql", 0, [17, 0, 0, 0, 9, 0] + [UInt8](repeating: 0xFF, count: 15), "does not greet as MySQL does"),
        Answer("mysql", 0, [1, 0, 0, 0, 0xFF], "greets with an error: “”"),
        Answer("mysql", 0, [5, 0, 0, 0, 0xFF, 1, 2, 0x1B, 0x41], "greets with an error: “\\u{1b}A”"),
    ]

    private static let tls = "xmlns='urn:ietf:params:xml:ns:xmpp-tls'"

    /// What both kinds of XMPP have in common, and their step.
    private static let tags: [(step: Int, text: String, complaint: String)] = [
        (1, "<features>", "sent “<features>” where TLS should have begun"),
        (1, "</stream:stream>", "sent “</stream:stream>”"),
        (1, "<stream:stream/>", "sent “<stream:stream/>”"),
        (1, "<!DOCTYPE a [<!ENTITY b 'c'>]>", "which no stream has"),
        (1, "\u{0}<stream:stream>", "something that is no XML"),
        (1, "<" + String(repeating: "a", count: 9000), "8192 bytes"),
        // No mark within the longest text, and a quote that has no end.
        (1, String(repeating: "a", count: 9000), "8192 bytes"),
        (1, "<a b='" + String(repeating: ">", count: 9000), "8192 bytes"),
        (1, "<>", "which no stream has"),
        (2, "<stream:features/>", "does not offer STARTTLS"),
        (2, "<stream:error>", "sent “<stream:error>”"),
        (2, "</stream:features>", "sent “</stream:features>”"),
        (2, "<stream:features><starttls/></stream:features>", "does not offer STARTTLS"),
        (2, "<stream:features><starttls xmlns='a'/></stream:features>", "does not offer STARTTLS"),
        (2, "<stream:features><a><starttls \(tls)/></a></stream:features>", "does not offer STARTTLS"),
        (2, "<stream:features><![CDATA[<starttls \(tls)/>]]></stream:features>", "which no stream has"),
        (2, "<stream:features><!-- <starttls \(tls)/> --></stream:features>", "which no stream has"),
        (2, "<stream:features>" + String(repeating: "<a>", count: 300), "more than 256 tags"),
        (4, "<proceed/>", "sent “<proceed/>”"),
        (4, "<proceed xmlns='a'/>", "sent “<proceed xmlns='a'/>”"),
        (4, "</proceed \(tls)>", "sent “</proceed"),
        (4, "<proceed \(tls)><a></proceed>", "sent “<a>”"),
        (4, "<proceed \(tls)></failure>", "sent “</failure>”"),
        (4, "<starttls \(tls)/>", "sent “<starttls"),
    ]

    private static let answers: [Answer] =
        lines + binary
        + ["xmpp", "xmpp-server"].flatMap { name in tags.map { Answer(name, $0.step, $0.text, $0.complaint) } }

    @Test(arguments: answers) func saySomethingElse(_ answer: Answer) throws {
        let dialogue = try #require(Self.all.first { $0.name == answer.name })
        let steps = Self.steps(dialogue)
        #expect(Self.sent(steps[answer.step]) != nil)
        let outcome = try Self.outcome(answer.name, steps[..<answer.step] + [.send(answer.bytes), .close])
        #expect(outcome?.contains(answer.complaint) == true, "\(outcome ?? "TLS")")
    }
}
