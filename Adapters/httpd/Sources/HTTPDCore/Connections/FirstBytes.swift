// SPDX-License-Identifier: Apache-2.0

/// What a connection to a TLS port begins with.
public enum FirstBytes: Equatable, Sendable {
    /// TLS, or something that the session knows best how to refuse.
    case tls
    /// A request of HTTP, without TLS.
    case http
    /// Another protocol, by its name where that is known.
    case other(String?)
    /// Too few bytes to tell.
    case undecided

    /// How many bytes are looked at: the longest method with the space behind it.
    public static let longest = 18

    /// Tells by the first ``longest`` bytes, or as many as have come. TLS records begin with a content type from 20 to 24
    /// (RFC 9846 §5.1) and SSL 2.0 with its high bit set, so what begins with a letter is neither.
    public init(_ bytes: [UInt8]) {
        guard let first = bytes.first else {
            self = .undecided
            return
        }
        guard Self.isLetter(first) else {
            self = .tls
            return
        }
        var isUndecided = false
        for method in Self.methods {
            let word = Array(method.utf8) + [UInt8(ascii: " ")]
            if bytes.starts(with: word) {
                self = .http
                return
            }
            isUndecided = isUndecided || word.starts(with: bytes)
        }
        for (beginning, name) in Self.protocols {
            let word = Array(beginning.utf8)
            if bytes.starts(with: word) {
                self = .other(name)
                return
            }
            isUndecided = isUndecided || word.starts(with: bytes)
        }
        self = isUndecided ? .undecided : .other(nil)
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
    }

    /// The methods that IANA has registered, as they are written: case matters (RFC 9110 §9.1). `PRI` is none that a client
    /// uses (RFC 9113 §3.4).
    private static let methods = [
        "ACL", "BASELINE-CONTROL", "BIND", "CHECKIN", "CHECKOUT", "CONNECT", "COPY", "DELETE", "GET", "HEAD", "LABEL",
        "LINK", "LOCK", "MERGE", "MKACTIVITY", "MKCALENDAR", "MKCOL", "MKREDIRECTREF", "MKWORKSPACE", "MOVE", "OPTIONS",
        "ORDERPATCH", "PATCH", "POST", "PROPFIND", "PROPPATCH", "PUT", "QUERY", "REBIND", "REPORT", "SEARCH", "TRACE",
        "UNBIND", "UNCHECKOUT", "UNLINK", "UNLOCK", "UPDATE", "UPDATEREDIRECTREF", "VERSION-CONTROL",
    ]

    /// What else comes to a wrong port, and how it begins.
    private static let protocols = [
        ("SSH-", "SSH"), ("EHLO", "SMTP"), ("HELO", "SMTP"), ("LHLO", "LMTP"), ("ehlo", "SMTP"), ("helo", "SMTP"),
        ("PRI * HTTP/2.0", "HTTP/2 without TLS"), ("PROXY ", "the PROXY protocol"),
    ]
}
