// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import SafeTLSSockets
import Testing

@testable import SafeTLSCommand

struct TargetTests {
    @Test(arguments: [
        ("example.org", "example.org", nil),
        ("example.org:8443", "example.org", 8443),
        ("192.0.2.1:1", "192.0.2.1", 1),
        ("2001:db8::1", "2001:db8::1", nil),
        ("::1", "::1", nil),
        ("[::1]", "::1", nil),
        ("[::1]:443", "::1", 443),
        ("[fe80::1%lo]:443", "fe80::1%lo", 443),
        ("fe80::1%lo", "fe80::1%lo", nil),
    ])
    func parses(text: String, host: String, port: UInt16?) throws {
        #expect(try Target.parse(text) == Target(host: host, port: port))
    }

    @Test(arguments: [
        ("::1:443", "write [::1]:443, or [::1:443] if all of it is the address"),
        ("2001:db8::1:8443", "write [2001:db8::1]:8443"),
        ("fe80::1%lo:25010", "write [fe80::1%lo]:25010."),
        ("1:2:3:4:5:6:7:8:443", "write [1:2:3:4:5:6:7:8]:443."),
        ("https://example.org/index", "Write host and port: example.org:443"),
        ("a:b:c", "as in example.org:443"),
        ("example.org:http", "from 0 to 65535"),
        ("example.org:65536", "from 0 to 65535"),
        (":443", "from 0 to 65535"),
        ("", "from 0 to 65535"),
    ])
    func explains(text: String, words: String) {
        let error = #expect(throws: ValidationError.self) { try Target.parse(text) }
        #expect(error?.message.contains(words) == true, "\(String(describing: error))")
    }
}

struct EndpointTests {
    @Test(arguments: [
        ("example.org", "example.org", 443),
        ("example.org:8443", "example.org", 8443),
        ("192.0.2.1:1", "192.0.2.1", 1),
        ("2001:db8::1", "2001:db8::1", 443),
        ("[2001:db8::1]", "2001:db8::1", 443),
        ("[2001:db8::1]:65535", "2001:db8::1", 65535),
    ])
    func parses(text: String, host: String, port: UInt16) throws {
        let endpoint = try #require(Endpoint(argument: text))
        #expect(endpoint.host == host)
        #expect(endpoint.port == port)
    }

    @Test(arguments: ["", ":443", "example.org:", "example.org:65536", "example.org:http", "[]:443"])
    func refuses(text: String) {
        #expect(Endpoint(argument: text) == nil)
    }

    @Test func bracketsAnAddressBeforeItsPort() {
        #expect(Endpoint(host: "::1", port: 443).description == "[::1]:443")
        #expect(Endpoint(host: "localhost", port: 443).description == "localhost:443")
    }
}
