// SPDX-License-Identifier: Apache-2.0

// Protocols of messages with lengths.

extension PlainDialogue {
    /// LDAP: the extended operation StartTLS (RFC 4511).
    mutating func ldap() throws {
        let identifier = Array("1.3.6.1.4.1.1466.20037".utf8)
        // LDAPMessage { messageID 1, extendedReq { requestName } }
        try send(
            [0x30, UInt8(identifier.count + 7), 0x02, 0x01, 0x01, 0x77, UInt8(identifier.count + 2), 0x80]
                + [UInt8(identifier.count)] + identifier,
            as: "ExtendedRequest StartTLS"
        )
        guard try bytes(1) == [0x30] else { throw StartTLSError("the server does not answer in LDAP") }
        var message = BERReader(try bytes(try berLength()))
        // messageID 1, then an ExtendedResponse with its resultCode.
        guard try message.value(0x02) == [1], message.next == 0x78 else {
            throw StartTLSError("the server does not answer the question that it was asked")
        }
        var response = BERReader(try message.value(0x78))
        let code = try response.value(0x0A)
        _ = try response.value(0x04)
        let words = try response.value(0x04)
        observe("ExtendedResponse \(code.map { String($0) }.joined(separator: "."))")
        guard code == [0] else {
            let text = words.isEmpty ? "" : ": \u{201C}\(printable(words))\u{201D}"
            throw StartTLSError("the server answers StartTLS with result \(code.last ?? 0)\(text)")
        }
    }

    /// A length of BER, in any form: servers write long ones where short ones would do.
    private mutating func berLength() throws -> Int {
        let first = Int(try bytes(1)[0])
        guard first >= 0x80 else { return first }
        guard (0x81...0x84).contains(first) else {
            throw StartTLSError("the server sent a length that LDAP does not have")
        }
        return try bytes(first - 0x80).reduce(0) { $0 << 8 | Int($1) }
    }

    /// PostgreSQL: an SSLRequest, answered with a single byte.
    mutating func postgres() throws {
        // Length 8 and the code 80877103, in place of a version.
        try send([0, 0, 0, 8, 0x04, 0xD2, 0x16, 0x2F], as: "SSLRequest")
        let answer = try bytes(1)
        observe(printable(answer))
        switch answer[0] {
        case UInt8(ascii: "S"): return
        case UInt8(ascii: "N"): throw StartTLSError("the server does not offer TLS")
        case UInt8(ascii: "E"): throw StartTLSError("the server answers SSLRequest with an error")
        default: throw StartTLSError("the server does not answer as PostgreSQL does")
        }
    }

    /// MySQL: the server greets, and is answered with an SSL request where its greeting has that capability.
    mutating func mysql() throws {
        let header = try bytes(4)
        let greeting = try bytes(Int(header[0]) | Int(header[1]) << 8 | Int(header[2]) << 16)
        guard header[3] == 0, let version = greeting.first else {
            throw StartTLSError("the server does not greet as MySQL does")
        }
        if version == 0xFF {
            throw StartTLSError(
                "the server greets with an error: \u{201C}\(printable(Array(greeting.dropFirst(3))))\u{201D}"
            )
        }
        // The protocol's version, the server's with a zero, 4 bytes of a thread's number, 8 of a challenge, a zero, capabilities.
        guard version == 10, let end = greeting.dropFirst().firstIndex(of: 0), greeting.count >= end + 16 else {
            throw StartTLSError("the server does not greet as MySQL does")
        }
        observe("greeting of \(printable(Array(greeting[1..<end])))")
        let capabilities = UInt16(greeting[end + 14]) | UInt16(greeting[end + 15]) << 8
        let ssl: UInt16 = 0x0800
        guard capabilities & ssl != 0 else { throw StartTLSError("the server does not offer TLS") }
        // CLIENT_PROTOCOL_41, CLIENT_SSL and CLIENT_SECURE_CONNECTION; packets of at most 16 MiB; utf8mb4; the rest zeros.
        try send(
            [32, 0, 0, 1, 0x00, 0x8A, 0, 0, 0, 0, 0, 1, 45] + [UInt8](repeating: 0, count: 23),
            as: "SSL request"
        )
    }
}

/// Reads the values of a message in BER, one after the other.
private struct BERReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    /// The tag of the next value.
    var next: UInt8? { rest.first }

    /// The contents of the next value, which has to have a tag.
    mutating func value(_ tag: UInt8) throws -> [UInt8] {
        let damaged = StartTLSError("the server sent a message that is no LDAP")
        guard rest.popFirst() == tag, let first = rest.popFirst() else { throw damaged }
        var length = Int(first)
        if first >= 0x80 {
            guard (0x81...0x84).contains(first), rest.count >= Int(first) - 0x80 else { throw damaged }
            length = rest.prefix(Int(first) - 0x80).reduce(0) { $0 << 8 | Int($1) }
            rest = rest.dropFirst(Int(first) - 0x80)
        }
        guard length <= rest.count else { throw damaged }
        defer { rest = rest.dropFirst(length) }
        return Array(rest.prefix(length))
    }
}
