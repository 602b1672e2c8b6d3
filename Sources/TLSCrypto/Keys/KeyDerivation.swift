// SPDX-License-Identifier: Apache-2.0

/// How a key is made of a passphrase to decrypt another one, read before any of it is done: what it costs is up to who has
/// written the file.
enum KeyDerivation: Equatable {
    /// It takes so many rounds, of 0.3 to 1.3 µs each: those of PBKDF2 and of what came before it as they are counted,
    /// those of scrypt N·r·p. Numbers too large to multiply are `Int.max`.
    case takes(rounds: Int)
    /// None that is known, or not well-formed.
    case isUnknown

    /// - Parameter der: An EncryptedPrivateKeyInfo (RFC 5958 §3).
    init(of der: Span<UInt8>) {
        var fields = KeyFields(der)
        guard let whole = fields.next(KeyFields.sequence) else {
            self = .isUnknown
            return
        }
        fields = KeyFields(der, in: whole)
        self = Self.algorithm(der, fields.next(KeyFields.sequence)) ?? .isUnknown
    }

    /// The algorithm that a key is encrypted with.
    private static func algorithm(_ der: Span<UInt8>, _ range: Range<Int>?) -> KeyDerivation? {
        guard let range else { return nil }
        var fields = KeyFields(der, in: range)
        guard let identifier = fields.nextIdentifier(), let parameters = fields.next(KeyFields.sequence) else {
            return nil
        }
        let name = der.extracting(identifier)
        fields = KeyFields(der, in: parameters)
        if isEqual(name, pbes2.span) { return function(der, fields.next(KeyFields.sequence)) }
        guard name.count > 1, oldSchemes.contains(where: { isEqual(name.extracting(0..<name.count - 1), $0.span) })
        else { return nil }
        return salted(&fields)
    }

    /// The function of PBES2, with a cipher behind it that costs what the key's length does.
    private static func function(_ der: Span<UInt8>, _ range: Range<Int>?) -> KeyDerivation? {
        guard let range else { return nil }
        var fields = KeyFields(der, in: range)
        guard let identifier = fields.nextIdentifier(), let parameters = fields.next(KeyFields.sequence) else {
            return nil
        }
        let name = der.extracting(identifier)
        fields = KeyFields(der, in: parameters)
        if isEqual(name, pbkdf2.span) { return salted(&fields) }
        guard isEqual(name, scrypt.span), fields.next(KeyFields.octetString) != nil else { return nil }
        var rounds = 1
        for _ in 0..<3 {
            guard let number = fields.nextNumber() else { return nil }
            let (product, isTooLarge) = rounds.multipliedReportingOverflow(by: number)
            rounds = isTooLarge ? .max : product
        }
        return .takes(rounds: rounds)
    }

    /// Parameters that begin with a salt and a count.
    private static func salted(_ fields: inout KeyFields) -> KeyDerivation? {
        guard fields.next(KeyFields.octetString) != nil, let rounds = fields.nextNumber() else { return nil }
        return .takes(rounds: rounds)
    }

    /// 1.2.840.113549.1.5.13, of PKCS #5.
    private static let pbes2: [UInt8] = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x05, 0x0D]
    /// 1.2.840.113549.1.5.12, of PKCS #5.
    private static let pbkdf2: [UInt8] = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x05, 0x0C]
    /// 1.3.6.1.4.1.11591.4.11.
    private static let scrypt: [UInt8] = [0x2B, 0x06, 0x01, 0x04, 0x01, 0xDA, 0x47, 0x04, 0x0B]
    /// All but the last byte: PBES1 of PKCS #5, 1.2.840.113549.1.5, and what PKCS #12 has, 1.2.840.113549.1.12.1. Parameters
    /// have one form in both.
    private static let oldSchemes: [[UInt8]] = [
        [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x05], [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x0C, 0x01],
    ]
}
