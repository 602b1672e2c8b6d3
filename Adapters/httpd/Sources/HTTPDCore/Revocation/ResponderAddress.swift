// SPDX-License-Identifier: Apache-2.0
import TLSCertificates

/// Where an OCSP responder is: an `http` address (RFC 6960 §A.1, RFC 9110 §4.2.1).
///
/// Responses are signed, so that TLS adds nothing; `https` would only lead in circles.
public struct ResponderAddress: Hashable, Sendable {
    /// A name, or an IP address, without brackets.
    public let host: String
    /// The TCP port.
    public let port: UInt16
    /// Path and query.
    let target: String

    /// More characters than this have no sensible address.
    private static let maximumLength = 2048

    /// Parses an address.
    public init(_ text: String) throws(DirectiveError) {
        let bytes = Array(text.utf8)
        guard bytes.count <= Self.maximumLength, bytes.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw DirectiveError("the address of the responder is too long or has characters that no address has")
        }
        let scheme = Array("http://".utf8)
        guard bytes.count > scheme.count,
            String(decoding: bytes.prefix(scheme.count), as: UTF8.self).lowercased() == "http://"
        else { throw DirectiveError("'\(text)' is no address that begins with http://") }
        let rest = bytes.dropFirst(scheme.count)
        let end = rest.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") }
        let authority = rest[..<(end ?? rest.endIndex)]
        var target = rest[(end ?? rest.endIndex)...]
        if let fragment = target.firstIndex(of: UInt8(ascii: "#")) { target = target[..<fragment] }
        guard !authority.contains(UInt8(ascii: "@")) else {
            throw DirectiveError("the address '\(text)' contains a user's name")
        }
        (host, port) = try Self.split(authority, of: text)
        let path = String(decoding: target, as: UTF8.self)
        self.target = path.hasPrefix("/") ? path : "/" + path
    }

    /// The first address that a certificate names and that can be asked; nil when it names none.
    ///
    /// - Throws: What is wrong with the first one when none is of use.
    static func first(of certificate: Certificate) throws(DirectiveError) -> ResponderAddress? {
        var failure: DirectiveError?
        for text in certificate.ocspResponders {
            do throws(DirectiveError) {
                return try ResponderAddress(text)
            } catch {
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
        return nil
    }

    private static func split(
        _ authority: ArraySlice<UInt8>,
        of text: String
    ) throws(DirectiveError) -> (String, UInt16) {
        var name = authority
        var digits: ArraySlice<UInt8>?
        if authority.first == UInt8(ascii: "[") {
            guard let end = authority.firstIndex(of: UInt8(ascii: "]")) else {
                throw DirectiveError("'\(text)' lacks a closing bracket")
            }
            name = authority[authority.startIndex + 1..<end]
            let behind = authority[(end + 1)...]
            guard behind.isEmpty || behind.first == UInt8(ascii: ":") else {
                throw DirectiveError("'\(text)' has something behind its bracket")
            }
            digits = behind.isEmpty ? nil : behind.dropFirst()
        } else if let colon = authority.firstIndex(of: UInt8(ascii: ":")) {
            name = authority[..<colon]
            digits = authority[(colon + 1)...]
        }
        guard !name.isEmpty else { throw DirectiveError("'\(text)' names no host") }
        var port: UInt16 = 80
        if let digits, !digits.isEmpty {
            guard let number = UInt16(String(decoding: digits, as: UTF8.self)), number > 0 else {
                throw DirectiveError("'\(text)' has no port from 1 to 65535")
            }
            port = number
        }
        return (String(decoding: name, as: UTF8.self), port)
    }

    /// Host and port as they stand in an address.
    private var authority: String {
        let name = host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host
        return port == 80 ? name : "\(name):\(port)"
    }
}

extension ResponderAddress: CustomStringConvertible {
    /// The whole address.
    public var description: String { "http://\(authority)\(target)" }
}

// MARK: - Requests

extension ResponderAddress {
    /// The HTTP request that asks the responder (RFC 6960 §A.1). HTTP/1.0: the end of the connection ends the response.
    ///
    /// - Parameter isThroughProxy: Whether it is sent to a proxy, which has to be told the whole address.
    public func request(_ body: [UInt8], isThroughProxy: Bool = false) -> [UInt8] {
        let head = """
            POST \(isThroughProxy ? description : target) HTTP/1.0\r
            Host: \(authority)\r
            Content-Type: application/ocsp-request\r
            Accept: application/ocsp-response\r
            Content-Length: \(body.count)\r
            Connection: close\r
            \r

            """
        return Array(head.utf8) + body
    }
}
