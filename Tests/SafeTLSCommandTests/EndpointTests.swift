// SPDX-License-Identifier: Apache-2.0

import SafeTLSSockets
import Testing

@testable import SafeTLSCommand

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
