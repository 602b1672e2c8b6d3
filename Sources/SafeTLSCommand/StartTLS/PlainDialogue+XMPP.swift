// SPDX-License-Identifier: Apache-2.0

extension PlainDialogue {
    fileprivate static var namespace: String { "urn:ietf:params:xml:ns:xmpp-tls" }

    /// XMPP (RFC 6120), of clients or between servers.
    mutating func xmpp(namespace: String, name: String) throws {
        try send(
            "<?xml version='1.0'?><stream:stream to='\(name)' xmlns='\(namespace)' "
                + "xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>"
        )
        var tag = try nextTag()
        guard tag.name == "stream", tag.kind == .start else { throw Self.unexpected(tag) }
        tag = try nextTag()
        guard tag.name == "features", tag.kind != .end else { throw Self.unexpected(tag) }
        guard try tag.kind == .start && featuresHaveTLS() else {
            throw StartTLSError("the server does not offer STARTTLS")
        }
        skipWhiteSpace()
        try send(Array("<starttls xmlns='\(Self.namespace)'/>".utf8), as: "<starttls xmlns='\(Self.namespace)'/>")
        tag = try nextTag()
        guard tag.name == "proceed", tag.kind != .end, tag.isOfTLS else {
            throw Self.unexpected(tag)
        }
        if tag.kind == .start {
            let end = try nextTag()
            guard end.kind == .end, end.name == "proceed" else { throw Self.unexpected(end) }
        }
    }

    /// Reads the features to their end.
    private mutating func featuresHaveTLS() throws -> Bool {
        var isOffered = false
        var depth = 1
        for _ in 0..<StartTLSLimits.tags {
            let tag = try nextTag()
            switch tag.kind {
            case .end: depth -= 1
            case .start, .empty:
                if depth == 1, tag.name == "starttls", tag.isOfTLS { isOffered = true }
                if tag.kind == .start { depth += 1 }
            }
            if depth == 0 { return isOffered }
        }
        throw StartTLSError("the server sent more than \(StartTLSLimits.tags) tags")
    }

    private static func unexpected(_ tag: Tag) -> StartTLSError {
        StartTLSError("the server sent \u{201C}\(printable(tag.text))\u{201D} where TLS should have begun")
    }

    // MARK: Tags

    private struct Tag {
        enum Kind {
            case start, end, empty
        }

        /// Without its prefix.
        let name: String
        let kind: Kind
        /// As they are written.
        let attributes: String
        /// All of it.
        let text: String

        /// Whether it is one of those that negotiate TLS.
        var isOfTLS: Bool {
            position(of: Array(PlainDialogue.namespace.utf8), in: Array(attributes.utf8)) != nil
        }
    }

    /// The next tag; text between tags is passed over. Streams have no comments, declarations or sections (RFC 6120).
    private mutating func nextTag() throws -> Tag {
        while true {
            let between = try bytes(through: UInt8(ascii: "<"))
            // Outside of the features nothing but white space stands between them; inside, names do.
            guard between.allSatisfy({ $0 >= 0x20 || [0x09, 0x0A, 0x0D].contains($0) }) else {
                throw StartTLSError("the server sent something that is no XML")
            }
            let content = try bytes(throughTag: ())
            let text = String(decoding: content, as: UTF8.self)
            observe(printable("<\(text)>"))
            if text.hasPrefix("?xml ") { continue }
            let isEnd = text.hasPrefix("/")
            let isEmpty = text.hasSuffix("/")
            let inner = text.dropFirst(isEnd ? 1 : 0).dropLast(isEmpty && !isEnd ? 1 : 0)
            let name = inner.prefix { !$0.isWhitespace }
            guard let first = name.unicodeScalars.first, first.properties.isAlphabetic else {
                throw StartTLSError("the server sent \u{201C}\(printable("<\(text)>"))\u{201D}, which no stream has")
            }
            let local = name.split(separator: ":", omittingEmptySubsequences: false).last ?? name
            return Tag(
                name: String(local),
                kind: isEnd ? .end : isEmpty ? .empty : .start,
                attributes: String(inner.dropFirst(name.count)),
                text: "<\(text)>"
            )
        }
    }

    /// The bytes of a tag up to its end, without that. A `>` may stand in quotes.
    private mutating func bytes(throughTag: Void) throws -> [UInt8] {
        var content: [UInt8] = []
        var quote: UInt8?
        while true {
            let part = try bytes(through: UInt8(ascii: ">"))
            for byte in part {
                if quote == nil, byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") {
                    quote = byte
                } else if byte == quote {
                    quote = nil
                }
            }
            content += part
            guard content.count <= StartTLSLimits.lineLength else {
                throw StartTLSError("the server sent a tag of more than \(StartTLSLimits.lineLength) bytes")
            }
            if quote == nil { return Array(content.dropLast()) }
        }
    }
}
