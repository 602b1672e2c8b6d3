// SPDX-License-Identifier: Apache-2.0
import HTTPDCore
import Testing

/// Where OCSP responders are, and what they say over HTTP.
@Suite struct ResponderTests {
    @Test(arguments: [
        ("http://a.example", "a.example", 80, "/", "a.example"),
        ("HTTP://a.example/", "a.example", 80, "/", "a.example"),
        ("http://a.example:8080/x/y?z=1#f", "a.example", 8080, "/x/y?z=1", "a.example:8080"),
        ("http://a.example:/x", "a.example", 80, "/x", "a.example"),
        ("http://a.example?q", "a.example", 80, "/?q", "a.example"),
        ("http://[2001:db8::1]:81/o", "2001:db8::1", 81, "/o", "[2001:db8::1]:81"),
        ("http://[::1]", "::1", 80, "/", "[::1]"),
    ])
    func addresses(text: String, host: String, port: UInt16, target: String, field: String) throws {
        let address = try ResponderAddress(text)
        #expect(address.host == host)
        #expect(address.port == port)
        #expect("\(address)" == "http://\(field)\(target)")
        let head = """
            POST \(target) HTTP/1.0\r\nHost: \(field)\r\nContent-Type: application/ocsp-request\r
            Accept: application/ocsp-response\r\nContent-Length: 3\r\nConnection: close\r\n\r\n
            """
        #expect(address.request([1, 2, 3]) == Array(head.utf8) + [1, 2, 3])
        let proxied = String(decoding: address.request([], isThroughProxy: true), as: UTF8.self)
        #expect(proxied.hasPrefix("POST http://\(field)\(target) HTTP/1.0\r\nHost: \(field)\r\n"))
    }

    @Test(arguments: [
        "", "http://", "http:///x", "https://a.example/", "ldap://a/", "a.example", "http://u@a.example/",
        "http://a b/",
        "http://a:0/", "http://a:65536/", "http://a:b/", "http://[::1/", "http://[::1]x/", "http://ä.example/",
        "http://a/\r\nX: y", "http://" + String(repeating: "a", count: 3000),
    ])
    func wrongAddresses(text: String) {
        #expect(throws: DirectiveError.self) { try ResponderAddress(text) }
    }

    /// Reads a reply that comes in pieces of so many bytes.
    private func reply(_ bytes: [UInt8], isClosed: Bool, pieces: Int) throws -> [UInt8]? {
        var reply = ResponderReply()
        for start in stride(from: 0, to: bytes.count, by: pieces) {
            let piece = Array(bytes[start..<min(start + pieces, bytes.count)])
            try reply.take(piece.span)
        }
        if isClosed { try reply.close() }
        return reply.body
    }

    private func reply(_ text: String, isClosed: Bool = true) throws -> String? {
        let whole = try reply(Array(text.utf8), isClosed: isClosed, pieces: 100_000)
        #expect(try reply(Array(text.utf8), isClosed: isClosed, pieces: 1) == whole)
        return whole.map { String(decoding: $0, as: UTF8.self) }
    }

    @Test func replies() throws {
        #expect(try reply("HTTP/1.0 200 OK\r\nContent-Type: x\r\n\r\nbody") == "body")
        #expect(try reply("HTTP/1.1 200 OK\nA: b\n\nbody") == "body")
        #expect(try reply("HTTP/1.1 200\r\n\r\n") == "")
        #expect(try reply("HTTP/1.0 200 OK\r\ncontent-LENGTH: 4\r\n\r\nbody", isClosed: false) == "body")
        // What follows is not the response.
        #expect(try reply("HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nbodyrest") == "body")
        for incomplete in [
            "", "HTTP/1.0 200 OK\r\n", "HTTP/1.0 200 OK\r\n\r\n", "HTTP/1.0 200 OK\r\n\r\nbody",
            "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nbody",
        ] {
            #expect(try reply(incomplete, isClosed: false) == nil, "\(incomplete)")
        }
    }

    @Test(arguments: [
        ("", "no complete HTTP head"),
        ("HTTP/1.0 200 OK\r\nA: b\r\n", "no complete HTTP head"),
        ("SSH-2.0-OpenSSH\r\n\r\n", "does not speak HTTP"),
        ("HTTP/2 200 OK\r\n\r\n", "does not speak HTTP"),
        ("HTTP/1.1 302 Found\r\nLocation: http://b/\r\n\r\n", "the HTTP status 302"),
        ("HTTP/1.1 404 Not Found\r\n\r\nbody", "the HTTP status 404"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "transfer coding 'chunked'"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nbody", "ends after 4 of 5 bytes"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 65537\r\n\r\n", "more than 64 KiB"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n", "unclear length"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nbody", "unclear length"),
        ("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nbody", "unclear length"),
    ])
    func wrongReplies(text: String, words: String) throws {
        let error = #expect(throws: DirectiveError.self) { try reply(text) }
        #expect("\(try #require(error))".contains(words))
    }

    @Test func longReplies() {
        let head = Array("HTTP/1.0 200 OK\r\n".utf8)
        let endless = head + [UInt8](repeating: UInt8(ascii: "a"), count: 20_000)
        #expect(throws: DirectiveError.self) { try reply(endless, isClosed: false, pieces: 1000) }
        let body = head + Array("\r\n".utf8) + [UInt8](repeating: 0, count: 70_000)
        #expect(throws: DirectiveError.self) { try reply(body, isClosed: false, pieces: 1000) }
        #expect(body.count < ResponderReply.maximumByteCount)
    }

    /// Looking at everything again for each piece would be looking at two gigabytes.
    @Test(.timeLimit(.minutes(1))) func aResponderThatDripsBytes() throws {
        let head = Array("HTTP/1.0 200 OK\r\nContent-Length: 65536\r\n\r\n".utf8)
        let body = (0..<65_536).map { UInt8(truncatingIfNeeded: $0) }
        #expect(try reply(head + body, isClosed: false, pieces: 1) == body)
    }
}
