// SPDX-License-Identifier: Apache-2.0
import TLSCertificates

/// What a responder sends over HTTP (RFC 9112 §2.1), taken piece by piece.
///
/// Each byte is looked at once, however small the pieces are, and the head is read when it is complete.
public struct ResponderReply {
    /// A reply of more bytes than this is not read to its end: its head may have 16 KiB.
    public static let maximumByteCount = maximumHead + OCSPResponse.maximumByteCount

    private static let maximumHead = 16_384

    /// The OCSP response, once it is complete.
    public private(set) var body: [UInt8]?

    /// What of the head, and then of the body, has come.
    private var bytes: [UInt8] = []
    /// Where the head's last line begins.
    private var lineStart = 0
    private var lines: [String] = []
    private var isInBody = false
    /// How long the body is said to be.
    private var length: Int?

    /// A reply of which nothing has come.
    public init() {}

    /// Takes the next bytes; what comes behind a complete body is nobody's.
    ///
    /// - Throws: A sentence that says why this is no answer.
    public mutating func take(_ piece: Span<UInt8>) throws(DirectiveError) {
        guard body == nil else { return }
        for index in piece.indices {
            if isInBody, let length, bytes.count >= length { break }
            bytes.append(piece[index])
            if !isInBody {
                if piece[index] == UInt8(ascii: "\n") { try endLine() }
                guard isInBody || bytes.count <= Self.maximumHead else { throw Self.noHead }
            } else if bytes.count > OCSPResponse.maximumByteCount {
                throw DirectiveError("the responder's reply has more than 64 KiB")
            }
        }
        if isInBody, let length, bytes.count >= length { body = bytes }
    }

    /// Takes note that nothing else comes.
    ///
    /// - Throws: A sentence that says why this is no answer.
    public mutating func close() throws(DirectiveError) {
        guard body == nil else { return }
        guard isInBody else { throw Self.noHead }
        if let length {
            throw DirectiveError("the responder's reply ends after \(bytes.count) of \(length) bytes")
        }
        body = bytes
    }

    private static let noHead = DirectiveError("the responder's reply has no complete HTTP head")

    private mutating func endLine() throws(DirectiveError) {
        var line = bytes[lineStart..<bytes.count - 1]
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        lineStart = bytes.count
        guard line.isEmpty, !lines.isEmpty else {
            lines.append(String(decoding: line, as: UTF8.self))
            return
        }
        try readHead()
        (isInBody, bytes, lines) = (true, [], [])
    }

    private mutating func readHead() throws(DirectiveError) {
        try Self.checkStatus(lines.first ?? "")
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
                    "the responder's reply has the transfer coding '\(value.prefix(100))', which was not asked for"
                )
            default:
                break
            }
        }
    }

    private static func checkStatus(_ line: String) throws(DirectiveError) {
        let parts = line.split(separator: " ", maxSplits: 2)
        guard parts.count >= 2, parts[0].hasPrefix("HTTP/1."), parts[1].count == 3, let status = Int(parts[1]) else {
            throw DirectiveError("the responder does not speak HTTP")
        }
        guard status == 200 else { throw DirectiveError("the responder answers with the HTTP status \(status)") }
    }
}
