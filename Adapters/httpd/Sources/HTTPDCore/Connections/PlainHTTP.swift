// SPDX-License-Identifier: Apache-2.0

/// What to do with a client that speaks HTTP without TLS to a TLS port: see ``FirstBytes``.
public enum PlainHTTP {
    /// The request that httpd gets to see instead of the client's: it leads to the error page, and nothing the
    /// client sent outside TLS is ever treated as a request.
    public static let substitute = Array("GET / HTTP/1.0\r\n\r\n".utf8)

    /// The reason that httpd's 400 page gives.
    public static let note = """
        Reason: You're speaking plain HTTP to an SSL-enabled server port.<br />
         Instead use the HTTPS scheme to access this URL, please.<br />

        """
}
