// SPDX-License-Identifier: Apache-2.0
import SafeTLS
import Testing

@testable import HTTPDCore

/// What becomes of a ClientHello such as browsers send, in the variables.
@Suite struct ClientHelloVariablesTests {
    private static func bytes(_ text: String) -> [UInt8] {
        let digits = text.filter { !$0.isWhitespace }
        return stride(from: 0, to: digits.count, by: 2).compactMap { offset in
            UInt8(digits.dropFirst(offset).prefix(2), radix: 16)
        }
    }

    private static func vector(_ content: [UInt8], _ lengthBytes: Int) -> [UInt8] {
        (0..<lengthBytes).reversed().map { UInt8(truncatingIfNeeded: content.count >> (8 * $0)) } + content
    }

    private static let groups = "1a1a 001d 0017 0018"
    private static let schemes = "0403 0804 0401 0503 0805 0501 0806 0601"
    private static let suites = "0a0a 1301 1302 1303 c02b c02f c02c c030 cca9 cca8 c013 c014 009c 009d 002f 0035"

    /// The extensions of the example in JA4's description, with GREASE around them.
    private static let extensions: [(UInt16, [UInt8])] = [
        (0x2A2A, []), (0x001B, bytes("02 0002")), (0x0000, bytes("000c 00 0009") + Array("host.test".utf8)),
        (0x0033, bytes("0024 001d 0020") + [UInt8](repeating: 9, count: 32)),
        (0x0010, bytes("000c") + vector(Array("h2".utf8), 1) + vector(Array("http/1.1".utf8), 1)),
        (0x4469, bytes("0003 026832")), (0x0017, []), (0x002D, bytes("01 01")), (0x000D, vector(bytes(schemes), 2)),
        (0x0005, bytes("01 0000 0000")), (0x0023, []), (0x0012, []), (0x002B, vector(bytes("4a4a 0304 0303"), 1)),
        (0xFF01, [0]), (0x000B, bytes("01 00")), (0x000A, vector(bytes(groups), 2)), (0x0015, [0, 0, 0]),
        (0x3A3A, [0]),
    ]

    /// The variables of a ClientHello with other suites or extensions.
    private static func variables(
        suites: [UInt8] = bytes(suites),
        extensions: [(UInt16, [UInt8])]? = extensions
    ) throws -> ClientHelloVariables {
        var body = bytes("0303") + [UInt8](repeating: 1, count: 32) + vector([], 1) + vector(suites, 2) + [1, 0]
        if let extensions {
            body += vector(extensions.flatMap { vector([UInt8($0 >> 8), UInt8($0 & 255)], 0) + vector($1, 2) }, 2)
        }
        var message = [1] + vector(body, 3)
        var records: [UInt8] = []
        while !message.isEmpty {
            records += [22, 3, 1] + vector(Array(message.prefix(16_384)), 2)
            message.removeFirst(min(16_384, message.count))
        }
        let policy = try Fixture.settings()
        try policy.makePolicy(names: VirtualHostNames(exact: ["host.test"], patterns: []))
        let configuration = try #require(policy.policy).configuration
        var session = ServerSession(configuration: configuration, deferring: .clientHello)
        var span = records.mutableSpan
        _ = try session.receive(&span)
        guard case .clientHello(let hello) = session.request else { throw DirectiveError("no ClientHello waits") }
        return ClientHelloVariables(hello)
    }

    @Test func ofABrowser() throws {
        let variables = try Self.variables()
        let expected = [
            "VERSION": "0303", "CIPHERS": Self.suites, "GROUPS": Self.groups, "EC_FORMATS": "00",
            "SIG_ALGOS": Self.schemes, "ALPN": "02 6832 08 687474702f312e31", "VERSIONS": "4a4a 0304 0303",
            "EXTENSIONS": "001b 0000 0033 0010 4469 0017 002d 000d 0005 0023 0012 002b ff01 000b 000a 0015",
            "JA4": "t13d1516h2_8daaf6152771_e5627efa2ab1",
        ]
        for (name, value) in expected {
            #expect(variables.value(of: "SSL_CLIENTHELLO_\(name)") == value.filter { $0 != " " }, "\(name)")
        }
        #expect(Set(variables.names) == Set(expected.keys.map { "SSL_CLIENTHELLO_\($0)" }))
        #expect(variables.value(of: "SSL_CLIENTHELLO_") == nil && variables.value(of: "JA4") == nil)
    }

    @Test func ofAnOldClient() throws {
        let variables = try Self.variables(suites: [0xC0, 0x2B], extensions: nil)
        #expect(variables.names == ["CIPHERS", "JA4", "VERSION"].map { "SSL_CLIENTHELLO_\($0)" })
        #expect(variables.value(of: "SSL_CLIENTHELLO_JA4")?.hasPrefix("t12i010000_") == true)
    }

    @Test func longListsAreLeftOut() throws {
        let variables = try Self.variables(suites: [UInt8](repeating: 7, count: 4098))
        #expect(variables.value(of: "SSL_CLIENTHELLO_CIPHERS") == nil)
        #expect(variables.value(of: "SSL_CLIENTHELLO_GROUPS") != nil)
        // No software sends more than 512 suites: they have no fingerprint.
        #expect(variables.value(of: "SSL_CLIENTHELLO_JA4") == nil)
        #expect(try Self.variables(suites: [UInt8](repeating: 7, count: 4096)).names.count == 8)
        let most = try Self.variables(suites: [UInt8](repeating: 7, count: 1024))
        #expect(most.names.count == 9)
        #expect(most.value(of: "SSL_CLIENTHELLO_JA4")?.hasPrefix("t13d9916h2_") == true)
    }

    @Test(arguments: ["SSLClientHelloVars", "TLSClientHelloVars"]) func directive(name: String) throws {
        for (word, keeps) in [("on", true), ("off", false)] {
            let settings = try Fixture.settings { _ = try $0.apply(ssl: name, [word], at: SSLLine { $0 }) }
            try settings.makePolicy(names: VirtualHostNames(exact: ["host.test"], patterns: []))
            #expect(settings.policy?.keepsClientHello == keeps)
        }
    }
}
