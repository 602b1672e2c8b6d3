// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// An AlgorithmIdentifier of a signature, as far as it is accepted (RFC 4055, RFC 5758, RFC 8410, RFC 9881).
enum SignatureAlgorithmIdentifier {
    case supported(SignatureAlgorithm)
    /// Refused; the words name the algorithm or what is wrong with its parameters.
    case unsupported(String)

    /// Reads the contents of an AlgorithmIdentifier.
    init(contentsOf identifier: DERElement, in outer: borrowing DERReader) throws(DERError) {
        var reader = outer.reader(in: identifier)
        let algorithm = try reader.nextObjectIdentifier()
        let parameters = reader.isAtEnd ? nil : try reader.next()
        try reader.finish()

        switch algorithm.identifier {
        // RFC 4055 §5 wants NULL parameters and tells readers to accept absent ones.
        case .sha256WithRSA: self = Self.rsa(.rsaPKCS1(.sha256), parameters)
        case .sha384WithRSA: self = Self.rsa(.rsaPKCS1(.sha384), parameters)
        case .sha512WithRSA: self = Self.rsa(.rsaPKCS1(.sha512), parameters)
        case .rsaPSS:
            guard let parameters else {
                self = .unsupported("RSA-PSS with SHA-1 by default")
                return
            }
            switch try RSAPSSParameters(parameters, in: reader) {
            case .supported(let hash, let saltLength) where saltLength == hash.digestLength:
                self = .supported(.rsaPSS(hash))
            case .supported(_, let saltLength):
                self = .unsupported("RSA-PSS with a salt of \(saltLength) bytes, which is not the hash’s length")
            case .unsupported(let why):
                self = .unsupported("RSA-PSS \(why)")
            }
        // RFC 5758 §3.2 and RFC 8410 §3: no parameters.
        case .ecdsaWithSHA256: self = Self.bare(.ecdsa(.sha256), parameters)
        case .ecdsaWithSHA384: self = Self.bare(.ecdsa(.sha384), parameters)
        case .ecdsaWithSHA512: self = Self.bare(.ecdsa(.sha512), parameters)
        case .ed25519: self = Self.bare(.ed25519, parameters)
        // RFC 9881 §2: no parameters either.
        case .mlDSA44: self = Self.bare(.mlDSA(.mlDSA44), parameters)
        case .mlDSA65: self = Self.bare(.mlDSA(.mlDSA65), parameters)
        case .mlDSA87: self = Self.bare(.mlDSA(.mlDSA87), parameters)
        case .sha1WithRSA: self = .unsupported("RSA with SHA-1")
        case .md5WithRSA: self = .unsupported("RSA with MD5")
        case .ecdsaWithSHA1: self = .unsupported("ECDSA with SHA-1")
        default: self = .unsupported("the algorithm \(ObjectIdentifier.dotted(reader.span(algorithm.content)))")
        }
    }

    /// Whether the contents of an AlgorithmIdentifier name a signature over a SHA-1 digest.
    static func usesSHA1(contentsOf identifier: DERElement, in outer: borrowing DERReader) throws(DERError) -> Bool {
        var reader = outer.reader(in: identifier)
        switch try reader.nextObjectIdentifier().identifier {
        case .sha1WithRSA, .ecdsaWithSHA1: return true
        case .rsaPSS:
            // RFC 4055 §3.1: SHA-1 is what is meant where no hash is named.
            guard !reader.isAtEnd else { return true }
            var parameters = reader.reader(in: try reader.nextSequence())
            guard let field = try parameters.nextIfPresent(DERTag.constructedContext(0)) else { return true }
            var explicit = parameters.reader(in: field)
            var hash = explicit.reader(in: try explicit.nextSequence())
            return try hash.nextObjectIdentifier().identifier == .sha1
        default: return false
        }
    }

    private static func rsa(_ algorithm: SignatureAlgorithm, _ parameters: DERElement?) -> Self {
        isNullOrAbsent(parameters) ? .supported(algorithm) : .unsupported("an RSA signature with parameters")
    }

    private static func bare(_ algorithm: SignatureAlgorithm, _ parameters: DERElement?) -> Self {
        parameters == nil ? .supported(algorithm) : .unsupported("an algorithm with parameters that it must not have")
    }
}

/// Whether an AlgorithmIdentifier's parameters are NULL or absent.
func isNullOrAbsent(_ parameters: DERElement?) -> Bool {
    guard let parameters else { return true }
    return parameters.tag == DERTag.null && parameters.content.isEmpty
}

/// The parameters of RSASSA-PSS (RFC 4055 §3.1), as far as they are accepted: one hash for the message and for MGF1 and
/// the only trailer there is, as TLS has it (RFC 9846 §4.3.3).
enum RSAPSSParameters {
    /// The salt's length is in bytes; in a key, it is the shortest salt allowed.
    case supported(HashAlgorithm, saltLength: Int)
    case unsupported(String)

    init(_ parameters: DERElement, in outer: borrowing DERReader) throws(DERError) {
        guard parameters.tag == DERTag.sequence else {
            throw .unexpectedTag(expected: DERTag.sequence, found: parameters.tag)
        }
        var reader = outer.reader(in: parameters)
        var hash: HashAlgorithm?
        if let field = try reader.nextIfPresent(DERTag.constructedContext(0)) {
            hash = try Self.hash(reader.bytes, in: field.content)
        }
        var maskHash: HashAlgorithm?
        if let field = try reader.nextIfPresent(DERTag.constructedContext(1)) {
            var explicit = reader.reader(in: field)
            var identifier = explicit.reader(in: try explicit.nextSequence())
            try explicit.finish()
            let function = try identifier.nextObjectIdentifier().identifier
            guard function == .mgf1 else {
                self = .unsupported("with another mask generation function than MGF1")
                return
            }
            maskHash = try Self.hash(reader.bytes, in: identifier.offset..<field.content.upperBound)
        }
        // The defaults are SHA-1, MGF1 with SHA-1 and 20 bytes of salt: all refused.
        var saltLength = 20
        if let field = try reader.nextIfPresent(DERTag.constructedContext(2)) {
            var explicit = reader.reader(in: field)
            saltLength = try explicit.nextSmallInteger()
            try explicit.finish()
        }
        var trailer = 1
        if let field = try reader.nextIfPresent(DERTag.constructedContext(3)) {
            var explicit = reader.reader(in: field)
            trailer = try explicit.nextSmallInteger()
            try explicit.finish()
        }
        try reader.finish()

        guard let hash else {
            self = .unsupported("with another hash than SHA-256, SHA-384 or SHA-512")
            return
        }
        guard maskHash == hash else {
            self = .unsupported("whose mask generation uses another hash than the message")
            return
        }
        guard trailer == 1 else {
            self = .unsupported("with an unknown trailer field")
            return
        }
        self = .supported(hash, saltLength: saltLength)
    }

    /// The hash that the AlgorithmIdentifier at these positions names, nil if it is none of those accepted.
    private static func hash(_ bytes: Span<UInt8>, in range: Range<Int>) throws(DERError) -> HashAlgorithm? {
        var explicit = DERReader(bytes, in: range)
        var identifier = explicit.reader(in: try explicit.nextSequence())
        try explicit.finish()
        let algorithm = try identifier.nextObjectIdentifier().identifier
        let parameters = identifier.isAtEnd ? nil : try identifier.next()
        try identifier.finish()
        guard isNullOrAbsent(parameters) else { return nil }
        return switch algorithm {
        case .sha256: .sha256
        case .sha384: .sha384
        case .sha512: .sha512
        default: nil
        }
    }
}
