// SPDX-License-Identifier: Apache-2.0

/// What to do with a client that speaks HTTP without TLS to a TLS port.
public enum PlainHTTP {
    /// Whether a connection that begins with this byte is HTTP: methods begin with a letter, while TLS records
    /// begin with a content type from 20 to 24 (RFC 8446 §5.1) and SSL 2.0 with its high bit set.
    public static func begins(with byte: UInt8) -> Bool {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
    }

    /// The request that httpd gets to see instead of the client's: it leads to the error page, and nothing the
    /// client sent outside TLS is ever treated as a request.
    public static let substitute = Array("GET / HTTP/1.0\r\n\r\n".utf8)

    /// The reason that httpd's 400 page gives.
    public static let note = """
        Reason: You're speaking plain HTTP to an SSL-enabled server port.<br />
         Instead use the HTTPS scheme to access this URL, please.<br />

        """
}
