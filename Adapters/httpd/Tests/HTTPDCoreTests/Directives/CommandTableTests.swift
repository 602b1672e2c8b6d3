// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@testable import HTTPDCore

/// httpd knows directives by the tables in C; what they mean is in the tables in Swift.
@Suite struct CommandTableTests {
    /// Those that are not values of a server: read where they are used, in the glue.
    private static let elsewhere: Set<String> = [
        "ssloptions", "sslrequire", "sslrequiressl", "sslrenegbuffersize", "sslpassphrasedialog", "sslsessioncache",
        "sslstaplingcache", "sslvhostsnipolicy",
    ]
    private static let known = Set(SSLDirectiveTable.all.keys).union(ProxyDirectiveTable.all.keys).union(elsewhere)

    /// The names in a table of commands.
    private static func names(in file: String) throws -> Set<String> {
        let package = URL(filePath: #filePath).appending(path: "../../../..").standardized
        let text = try String(contentsOf: package.appending(path: file), encoding: .utf8)
        return Set(text.matches(of: /^ +[A-Z_]+\(\s*"([A-Za-z]+)"/.anchorsMatchLineEndings()).map { $0.1.lowercased() })
    }

    @Test func modSSL() throws {
        let names = try Self.names(in: "Sources/ModSSL/mod_ssl.c")
        #expect(names.subtracting(Self.known).sorted() == [])
        #expect(Self.known.filter { !$0.hasPrefix("tls") }.subtracting(names).sorted() == [])
    }

    @Test func modTLS() throws {
        let names = try Self.names(in: "Sources/ModTLS/mod_tls.c")
        #expect(Self.known.filter { $0.hasPrefix("tls") }.subtracting(names).sorted() == [])
    }
}
