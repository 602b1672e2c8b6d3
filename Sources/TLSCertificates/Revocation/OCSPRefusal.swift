// SPDX-License-Identifier: Apache-2.0

/// Why a responder gave no answer (RFC 6960 §4.2.1, OCSPResponseStatus). Nobody signs a refusal.
public enum OCSPRefusal: Int, Hashable, Sendable {
    /// The request broke the syntax.
    case malformedRequest = 1
    /// The responder is in trouble.
    case internalError = 2
    /// The responder has no time now.
    case tryLater = 3
    /// The request had to be signed.
    case signatureRequired = 5
    /// The responder does not answer this client, or does not know the certificate (RFC 5019 §2.2.3).
    case unauthorized = 6

    /// Reads a response without an answer. Nil for everything else.
    public init?(der: [UInt8]) {
        var outer = DERReader(der.span)
        guard let element = try? outer.nextSequence(), outer.isAtEnd else { return nil }
        var response = outer.reader(in: element)
        guard let status = try? response.nextSmallInteger(DERTag.enumerated), response.isAtEnd else { return nil }
        self.init(rawValue: status)
    }

    /// The encoding: five bytes.
    public var der: [UInt8] {
        DERWriter.sequence(DERWriter.value(DERTag.enumerated, [UInt8(rawValue)]))
    }
}

extension OCSPRefusal: CustomStringConvertible {
    /// The RFC's name.
    public var description: String {
        switch self {
        case .malformedRequest: "malformedRequest"
        case .internalError: "internalError"
        case .tryLater: "tryLater"
        case .signatureRequired: "sigRequired"
        case .unauthorized: "unauthorized"
        }
    }
}
