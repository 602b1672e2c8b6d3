// SPDX-License-Identifier: Apache-2.0

import SafeTLS
import SafeTLSSockets
import TLSCertificates

/// What is known of a connection so far, for `--json`. The names in the object are documented in `Documentation/Command.md`;
/// none goes away or changes its meaning, and new ones may come.
struct ConnectionReport {
    private let options: Connect
    private let name: ServerName
    /// Numeric address and port of the server.
    var peer: String?
    /// The chain as the server sent it.
    var certificates: [Certificate] = []
    /// Whether the certificate was judged good; nil when no verdict was given.
    var isTrusted: Bool?
    /// All that is wrong with it, the verdict's own reason first.
    var rejections: [String] = [] {
        didSet { if !rejections.isEmpty { isTrusted = false } }
    }
    private(set) var negotiated: NegotiatedParameters?
    private var hasOCSPResponse = false

    init(_ options: Connect, name: ServerName) {
        self.options = options
        self.name = name
    }

    /// Takes what a complete handshake has agreed on.
    mutating func take(_ session: borrowing ClientSession) {
        negotiated = session.negotiated
        certificates = session.peerCertificates
        hasOCSPResponse = session.ocspResponse != nil
    }

    /// The object.
    func json(failure: Failure?) -> String {
        let verdict: [(String, JSON)] = [
            ("trusted", isTrusted.map(JSON.bool) ?? .null),
            ("reason", JSON(rejections.first)),
            ("reasons", .array(rejections.map(JSON.string))),
            ("ignored", .bool(options.insecure && isTrusted == false)),
            ("ocspResponse", .string(hasOCSPResponse ? "stapled" : "none")),
        ]
        let object = JSON.object([
            ("format", .number(1)),
            ("host", .string(options.endpoint.host)),
            ("port", .number(Int64(options.endpoint.port))),
            ("address", JSON(peer)),
            ("serverName", .string("\(name)")),
            ("starttls", JSON(options.startTLS?.rawValue)),
            ("exitStatus", .number(Int64(failure?.status.rawValue ?? 0))),
            ("error", JSON(failure?.description)),
            ("negotiated", negotiated.map(Self.json) ?? .null),
            ("verification", .object(verdict)),
            ("certificates", .array(certificates.map { CertificateDetails(certificate: $0).json })),
        ])
        return object.text + "\n"
    }

    private static func json(_ negotiated: NegotiatedParameters) -> JSON {
        .object([
            ("version", .string(negotiated.version.name)),
            ("cipherSuite", .string(negotiated.cipherSuite.ianaName)),
            ("group", JSON(negotiated.group?.name)),
            ("signatureScheme", JSON(negotiated.signatureScheme?.name)),
            ("applicationProtocol", JSON(negotiated.applicationProtocol)),
            ("resumed", .bool(negotiated.isResumed)),
            ("helloRetryRequest", .bool(negotiated.usedHelloRetryRequest)),
        ])
    }
}
