// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import SafeTLSCommand

/// Dialogues in the clear before TLS, with servers that keep to their protocol and with servers that do not.
@Suite struct StartTLSTests {
    /// A protocol's dialogue, and how its server refuses.
    struct Dialogue: Sendable, CustomTestStringConvertible {
        let name: String
        /// Up to the server's last answer.
        let steps: [ScriptedServer.Step]
        /// The answer after which TLS begins.
        let answer: [UInt8]
        /// What the server says in its place when it refuses, and what is said of that.
        let refusal: [UInt8]
        let words: String

        var testDescription: String { name }

        init(_ name: String, _ steps: [ScriptedServer.Step], _ answer: String, refusal: String, _ words: String) {
            self.init(name, steps, Array(answer.utf8), refusal: Array(refusal.utf8), words)
        }

        init(_ name: String, _ steps: [ScriptedServer.Step], _ answer: [UInt8], refusal: [UInt8], _ words: String) {
            self.name = name
            self.steps = steps
            self.answer = answer
            self.refusal = refusal
            self.words = words
        }
    }

    /// The greeting of a MySQL server with these capabilities in its lower half.
    private static func greeting(_ capabilities: UInt16) -> [UInt8] {
        let payload: [UInt8] =
            [10] + Array("8.0.36".utf8) + [0] + [1, 0, 0, 0] + [UInt8](repeating: 7, count: 8) + [0]
            + [UInt8(capabilities & 0xFF), UInt8(capabilities >> 8)] + [UInt8](repeating: 0, count: 31)
        return [UInt8(payload.count), 0, 0, 0] + payload
    }

    private static let sslRequest: [UInt8] =
        [32, 0, 0, 1, 0x00, 0x8A, 0, 0, 0, 0, 0, 1, 45] + [UInt8](repeating: 0, count: 23)

    /// An LDAP result; the message's length is written in four bytes, as Active Directory does.
    private static func ldapResult(_ code: UInt8) -> [UInt8] {
        [0x30, 0x84, 0, 0, 0, 12, 2, 1, 1, 0x78, 7, 10, 1, code, 4, 0, 4, 0]
    }

    private static let ldapRequest: [UInt8] =
        [0x30, 29, 2, 1, 1, 0x77, 24, 0x80, 22] + Array("1.3.6.1.4.1.1466.20037".utf8)

    private static func xmpp(_ namespace: String) -> [ScriptedServer.Step] {
        [
            .expect(
                "<?xml version='1.0'?><stream:stream to='localhost' xmlns='\(namespace)' "
                    + "xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>\r\n"
            ),
            .send(
                "<?xml version='1.0'?>\n<stream:stream xmlns='\(namespace)' from='localhost' id='a>b' version='1.0'>"
            ),
            .send(
                "<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism>"
                    + "</mechanisms><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>"
            ),
            .expect("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
        ]
    }

    private static let proceed = "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
    private static let failure = "<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:stream>"

    static let dialogues = [
        Dialogue(
            "smtp",
            [
                .send("220-mail.example ESMTP\r\n220 ready\r\n"), .expect("EHLO [127.0.0.1]\r\n"),
                .send("250-mail.example\r\n250-SIZE 1000\r\n250-STARTTLS\r\n250 HELP\r\n"), .expect("STARTTLS\r\n"),
            ],
            "220 go ahead\r\n",
            refusal: "454 TLS not available\r\n",
            "answers STARTTLS with “454 TLS not available”"
        ),
        Dialogue(
            "lmtp",
            [
                .send("220 ready\r\n"), .expect("LHLO [127.0.0.1]\r\n"), .send("250-here\r\n250 STARTTLS\r\n"),
                .expect("STARTTLS\r\n"),
            ],
            "220 go ahead\r\n",
            refusal: "502 no\r\n",
            "answers STARTTLS with “502 no”"
        ),
        Dialogue(
            "imap",
            [
                .send("* OK IMAP4rev2 ready\r\n"), .expect("a1 CAPABILITY\r\n"),
                .send("* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\r\na1 OK done\r\n"), .expect("a2 STARTTLS\r\n"),
            ],
            "a2 OK begin\r\n",
            refusal: "a2 BAD no\r\n",
            "answers STARTTLS with “a2 BAD no”"
        ),
        Dialogue(
            "pop3",
            [
                .send("+OK ready\r\n"), .expect("CAPA\r\n"), .send("+OK\r\nTOP\r\nSTLS\r\n.\r\n"),
                .expect("STLS\r\n"),
            ],
            "+OK begin\r\n",
            refusal: "-ERR no\r\n",
            "answers STLS with “-ERR no”"
        ),
        Dialogue(
            "ftp",
            [.send("220-Welcome\r\n to this server\r\n220 ready\r\n"), .expect("AUTH TLS\r\n")],
            "234 begin\r\n",
            refusal: "500 unknown\r\n",
            "answers AUTH TLS with “500 unknown”"
        ),
        Dialogue(
            "nntp",
            [
                .send("201 ready\r\n"), .expect("CAPABILITIES\r\n"),
                .send("101 list\r\nVERSION 2\r\nSTARTTLS\r\n.\r\n"), .expect("STARTTLS\r\n"),
            ],
            "382 begin\r\n",
            refusal: "580 no\r\n",
            "answers STARTTLS with “580 no”"
        ),
        Dialogue(
            "sieve",
            [
                .send("\"IMPLEMENTATION\" \"a\"\r\n\"STARTTLS\"\r\nOK \"ready\"\r\n"), .expect("STARTTLS\r\n"),
            ],
            "OK \"begin\"\r\n",
            refusal: "NO \"no\"\r\n",
            "answers STARTTLS with “NO \"no\"”"
        ),
        Dialogue(
            "ldap",
            [.expect(ldapRequest)],
            ldapResult(0),
            refusal: ldapResult(52),
            "answers StartTLS with result 52"
        ),
        Dialogue("postgres", [.expect([0, 0, 0, 8, 4, 210, 22, 47])], "S", refusal: "N", "does not offer TLS"),
        Dialogue("mysql", [], greeting(0xFFFF), refusal: greeting(0xF7FF), "does not offer TLS"),
        Dialogue("xmpp", xmpp("jabber:client"), proceed, refusal: failure, "sent “<failure"),
        Dialogue("xmpp-server", xmpp("jabber:server"), proceed, refusal: failure, "sent “<failure"),
    ]

    @Test func areAllHere() {
        #expect(Set(Self.dialogues.map(\.name)) == Set(StartTLS.allCases.map(\.rawValue)))
    }

    @Test(arguments: dialogues) func goOverToTLS(_ dialogue: Dialogue) throws {
        let request: [ScriptedServer.Step] = dialogue.name == "mysql" ? [.expect(Self.sslRequest)] : []
        let server = try ScriptedServer(dialogue.steps + [.send(dialogue.answer)] + request)
        let outcome = try Tool.connect(server.port, ["--starttls", dialogue.name, "--check"])
        #expect(outcome.status == 0 && outcome.says("verdict", "trusted for localhost"), "\(outcome)")
        #expect(server.result() == "TLS")
    }

    @Test(arguments: dialogues) func areRefused(_ dialogue: Dialogue) throws {
        let server = try ScriptedServer(dialogue.steps + [.send(dialogue.refusal)])
        let outcome = try Tool.connect(server.port, ["--starttls", dialogue.name, "--check"])
        #expect(outcome.status == 4 && outcome.errors.contains(dialogue.words), "\(outcome)")
        #expect(server.result() != "TLS")
    }

    /// What stands behind the answer came before TLS: from anybody (CVE-2011-0411, CVE-2021-23222).
    @Test(arguments: dialogues) func doNotTakeWhatIsInjected(_ dialogue: Dialogue) throws {
        let server = try ScriptedServer(dialogue.steps + [.send(dialogue.answer + Array("250 injected\r\n".utf8))])
        let outcome = try Tool.connect(server.port, ["--starttls", dialogue.name, "--check"])
        #expect(
            outcome.status == 4 && outcome.errors.contains("somebody may have injected it: “250 inject"),
            "\(outcome)"
        )
        #expect(server.result() != "TLS")
    }

    /// Nobody answers a question that was not asked: all answers at once may be somebody else's.
    @Test(arguments: dialogues.filter { !["ldap", "postgres", "mysql"].contains($0.name) })
    func doNotTakeAnswersThatComeFirst(_ dialogue: Dialogue) throws {
        var steps: [ScriptedServer.Step] = []
        var answers: [UInt8] = []
        for step in dialogue.steps + [.send(dialogue.answer)] {
            if case .send(let bytes) = step { answers += bytes } else if answers.isEmpty { steps.append(step) }
        }
        let server = try ScriptedServer(steps + [.send(answers), .close])
        let outcome = try Tool.connect(server.port, ["--starttls", dialogue.name, "--check"])
        #expect(outcome.status == 4 && outcome.errors.contains("sent more before it was asked"), "\(outcome)")
    }

    @Test(arguments: dialogues) func endWithTheConnection(_ dialogue: Dialogue) throws {
        let server = try ScriptedServer(dialogue.steps + [.close])
        let outcome = try Tool.connect(server.port, ["--starttls", dialogue.name, "--check"])
        #expect(outcome.status == 4 && outcome.errors.contains("closed the connection before TLS"), "\(outcome)")
    }

    /// A byte now and then keeps nobody waiting beyond the time that all of it has.
    @Test(arguments: ["smtp", "mysql", "xmpp", "ldap"]) func doNotWaitForDrops(name: String) throws {
        let drops: [UInt8] =
            switch name {
            case "mysql": [0xFF, 0x0F, 0] + [UInt8](repeating: 1, count: 4096)
            case "ldap": [0x30, 0x82, 0x0F, 0xFF]
            default: Array("220-".utf8)
            }
        let server = try ScriptedServer([.drip(drops)])
        let outcome = try Tool.connect(server.port, ["--starttls", name, "--check", "--timeout", "3"])
        #expect(outcome.status == 4, "\(outcome)")
        #expect(outcome.errors.contains("did not go over to TLS in time"), "\(outcome)")
    }

    /// The same for the handshake: its records may come in drops, and not for ever.
    @Test func handshakesInDropsHaveAnEnd() throws {
        let server = try ScriptedServer([.drip([22, 3, 3, 0x3F, 0xFF] + [UInt8](repeating: 2, count: 16_383))])
        let outcome = try Tool.connect(server.port, ["--check", "--timeout", "3"])
        #expect(outcome.status == 3, "\(outcome)")
        #expect(outcome.errors.contains("the handshake did not end within 3 s"), "\(outcome)")
    }

    @Test(arguments: [
        ("smtp", "220 \(String(repeating: "a", count: 9000))\r\n", "a line of more than 8192 bytes"),
        ("smtp", String(repeating: "a", count: 20_000), "a line of more than 8192 bytes"),
        ("smtp", String(repeating: "220-a\r\n", count: 300), "more than 200 lines"),
        ("smtp", "220 ready\n", "a line that is no text"),
        ("smtp", "220 \u{1B}[2Jready\r\n", "a line that is no text: “220 \\u{1b}[2Jready"),
        ("smtp", "hello\r\n", "no reply with a code"),
        ("smtp", "554 go away\r\n", "greets with “554 go away”"),
        ("imap", "* PREAUTH welcome\r\n", "PREAUTH"),
        ("imap", "* BYE\r\n", "greets with “* BYE”"),
        ("pop3", "-ERR\r\n", "greets with “-ERR”"),
        ("ldap", "HTTP/1.1 400 Bad Request\r\n\r\n", "does not answer in LDAP"),
        ("ldap", "\u{30}\u{7F}\u{02}\u{7F}" + String(repeating: "a", count: 130), "no LDAP"),
        ("postgres", "x", "does not answer as PostgreSQL does"),
        ("postgres", "E", "answers SSLRequest with an error"),
        ("mysql", "\u{20}\u{20}\u{00}\u{00}", "more than 4096 bytes"),
        ("mysql", "\u{02}\u{00}\u{00}\u{00}\u{0A}a", "does not greet as MySQL does"),
        ("xmpp", "<stream:stream><!-- no -->", "which no stream has"),
        ("xmpp", "<stream:stream><stream:features></stream:features>", "does not offer STARTTLS"),
        ("xmpp", "<stream:stream><stream:features>\(String(repeating: "<a>", count: 300))", "more than 256 tags"),
        ("xmpp", "<a " + String(repeating: "b", count: 9000), "8192 bytes"),
        ("sieve", "NO\r\n", "greets with “NO”"),
    ]) func areStrict(name: String, words: String, complaint: String) throws {
        let server = try ScriptedServer([.send(words), .expect(String(repeating: "\u{0}", count: 10_000))])
        let outcome = try Tool.connect(server.port, ["--starttls", name, "--check"])
        #expect(outcome.status == 4 && outcome.errors.contains(complaint), "\(outcome)")
    }

    /// A server that does not offer it is not asked: nobody can have taken the offer away unnoticed.
    @Test(
        arguments: [
            ("smtp", [.send("220 a\r\n"), .expect("EHLO [127.0.0.1]\r\n"), .send("250 HELP\r\n")]),
            ("imap", [.send("* OK\r\n"), .expect("a1 CAPABILITY\r\n"), .send("* CAPABILITY IMAP4rev1\r\na1 OK\r\n")]),
            ("pop3", [.send("+OK\r\n"), .expect("CAPA\r\n"), .send("+OK\r\nTOP\r\n.\r\n")]),
            ("nntp", [.send("200 a\r\n"), .expect("CAPABILITIES\r\n"), .send("101 a\r\n.\r\n")]),
            ("sieve", [.send("\"IMPLEMENTATION\" \"a\"\r\nOK\r\n")]),
        ] as [(String, [ScriptedServer.Step])]
    )
    func needTheOffer(name: String, steps: [ScriptedServer.Step]) throws {
        let server = try ScriptedServer(steps)
        let outcome = try Tool.connect(server.port, ["--starttls", name, "--check"])
        #expect(outcome.status == 4 && outcome.errors.contains("the server does not offer ST"), "\(outcome)")
        #expect(server.result() != "TLS")
    }

    @Test func areTraced() throws {
        let smtp = Self.dialogues[0]
        let server = try ScriptedServer(smtp.steps + [.send(smtp.answer)])
        let outcome = try Tool.connect(server.port, ["--starttls", "smtp", "--check", "--trace"])
        #expect(outcome.errors.contains("< 250-STARTTLS\n"), "\(outcome)")
        #expect(outcome.errors.contains("> STARTTLS\n< 220 go ahead\n> record handshake, "), "\(outcome)")
    }

    @Test func haveTheirPorts() throws {
        let outcome = try Tool.run(["connect", "127.0.0.1", "--starttls", "sieve", "--check"])
        #expect(outcome.errors.contains("127.0.0.1:4190"), "\(outcome)")
    }
}
