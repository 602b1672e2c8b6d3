// SPDX-License-Identifier: Apache-2.0
import TLSCertificates

/// What a responder sends over HTTP (RFC 9112 §2.1), as far as it has come.
public struct ResponderReply {
    /// A reply of more bytes than this is not read to its end: its head may have 16 KiB.
    public static let maximumByteCount = maximumHead + OCSPResponse.maximumByteCount

    private static let maximumHead = 16_384

    /// The OCSP response, once it is complete.
    public private(set) var body: [UInt8]?

    /// Looks at what has come.
    ///
    /// - Parameter isClosed: Whether nothing else comes.
    /// - Throws: A sentence that says why this is no answer.
    public init(_ bytes: [UInt8], isClosed: Bool) throws(DirectiveError) {
        guard let (lines, bodyStart) = Self.head(bytes) else {
            guard !isClosed, bytes.count <= Self.maximumHead else {
                throw DirectiveError("the responder's reply has no complete HTTP head")
            }
            return
        }
        try Self.checkStatus(lines.first ?? "")
        var length: Int?
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            switch line[..<colon].lowercased() {
            case "content-length":
                let digits = String(value.prefix { $0.isASCII && $0.isNumber })
                guard let number = Int(digits), number <= OCSPResponse.maximumByteCount, length ?? number == number
                else {
                    throw DirectiveError("the responder's reply has more than 64 KiB, or an unclear length")
                }
                length = number
            case "transfer-encoding":
                throw DirectiveError(
                    "the responder's reply has the transfer coding '\(value)', which was not asked for"
                )
            default:
                break
            }
        }
        let count = bytes.count - bodyStart
        guard count <= OCSPResponse.maximumByteCount || length != nil else {
            throw DirectiveError("the responder's reply has more than 64 KiB")
        }
        if let length {
            if count >= length {
                body = Array(bytes[bodyStart..<bodyStart + length])
            } else if isClosed {
                throw DirectiveError("the responder's reply ends after \(count) of \(length) bytes")
            }
        } else if isClosed {
            body = Array(bytes[bodyStart...])
        }
    }

    /// Status line and header fields, and where the body begins; nil while they are incomplete.
    private static func head(_ bytes: [UInt8]) -> ([String], Int)? {
        var lines: [String] = []
        var start = 0
        for index in bytes.indices.prefix(maximumHead) where bytes[index] == UInt8(ascii: "\n") {
            var line = bytes[start..<index]
            if line.last == UInt8(ascii: "\r") { line.removeLast() }
            if line.isEmpty, !lines.isEmpty { return (lines, index + 1) }
            lines.append(String(decoding: line, as: UTF8.self))
            start = index + 1
        }
        return nil
    }

    private static func checkStatus(_ line: String) throws(DirectiveError) {
        let parts = line.split(separator: " ", maxSplits: 2)
        guard parts.count >= 2, parts[0].hasPrefix("HTTP/1."), parts[1].count == 3, let status = Int(parts[1]) else {
            throw DirectiveError("the responder does not speak HTTP")
        }
        guard status == 200 else { throw DirectiveError("the responder answers with the HTTP status \(status)") }
    }
}
