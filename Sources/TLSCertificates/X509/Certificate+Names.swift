// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

extension Certificate {
    /// The DNS names among the alternative names, wildcards included, in their order and spelling.
    ///
    /// The common name is never one (RFC 9525 §2).
    public var dnsNames: [String] { texts(GeneralNameTag.dnsName) }

    /// All alternative names, in their order.
    public var alternativeNames: [GeneralName] {
        AlternativeNames(self).map(generalName)
    }

    /// The IP addresses among the alternative names, each of 4 or 16 bytes.
    public var ipAddresses: [[UInt8]] {
        AlternativeNames(self).compactMap { name in
            guard name.tag == GeneralNameTag.ipAddress, name.content.count == 4 || name.content.count == 16 else {
                return nil
            }
            return bytes(name.content)
        }
    }

    /// The URIs among the alternative names (uniformResourceIdentifier), in their order and spelling: a SPIFFE ID is one.
    ///
    /// Those with other bytes than the visible ones of ASCII are left out: who counts them looks at ``alternativeNames``,
    /// where they are those of tag 6.
    public var uniformResourceIdentifiers: [String] { texts(GeneralNameTag.uniformResourceIdentifier) }

    /// The e-mail addresses among the alternative names (rfc822Name), in their order and spelling. Those of the subject are
    /// none.
    public var mailAddresses: [String] { texts(GeneralNameTag.rfc822Name) }

    /// Whether a URI among the alternative names is this one, byte for byte.
    ///
    /// Schemes and hosts in other spellings are other URIs here: who compares them has to write them in their normal form, which
    /// for SPIFFE IDs is the only one. The empty text is no URI.
    public func matches(uniformResourceIdentifier uri: String) -> Bool {
        let wanted = Array(uri.utf8)
        guard !wanted.isEmpty else { return false }
        return anyAlternativeName(GeneralNameTag.uniformResourceIdentifier) { isEqual($0, wanted.span) }
    }

    /// Whether an e-mail address among the alternative names is this one: the part before the "@" byte for byte, the host
    /// without regard to case (RFC 5280 §7.5).
    ///
    /// Addresses are in ASCII and of the unquoted form; what is none matches nothing.
    public func matches(mailAddress: String) -> Bool {
        let wanted = Array(mailAddress.utf8)
        return anyAlternativeName(GeneralNameTag.rfc822Name) { MailAddress.equals($0, wanted.span) }
    }

    /// The alternative names of a kind that is text in ASCII.
    private func texts(_ tag: UInt8) -> [String] {
        AlternativeNames(self).compactMap { name in
            guard name.tag == tag else { return nil }
            let bytes = bytes(name.content)
            // Control characters or foreign ones are no such name, and a caller may print what it gets.
            guard bytes.allSatisfy({ (0x21...0x7E).contains($0) }) else { return nil }
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    /// Whether an alternative name stands for this server (RFC 9525 §6, RFC 5280 §4.2.1.6).
    ///
    /// A wildcard stands for one whole label, the left-most, before at least two others. Addresses match addresses
    /// only. The common name is not looked at.
    public func matches(_ name: ServerName) -> Bool {
        switch name {
        case .dns(let host):
            let host = Array(host.utf8)
            return anyAlternativeName(GeneralNameTag.dnsName) { DNSName.matches(presented: $0, host: host.span) }
        case .ipv4(let address):
            return anyAlternativeName(GeneralNameTag.ipAddress) { value in
                guard value.count == 4 else { return false }
                var presented: UInt32 = 0
                for index in value.indices { presented = presented << 8 | UInt32(value[index]) }
                return presented == address
            }
        case .ipv6(let address):
            return anyAlternativeName(GeneralNameTag.ipAddress) { value in
                guard value.count == 16 else { return false }
                var presented: UInt128 = 0
                for index in value.indices { presented = presented << 8 | UInt128(value[index]) }
                return presented == address
            }
        }
    }

    private func anyAlternativeName(_ tag: UInt8, _ matches: (Span<UInt8>) -> Bool) -> Bool {
        let der = der
        let bytes = der.span
        for name in AlternativeNames(self)
        where name.tag == tag && matches(bytes.extracting(name.content)) {
            return true
        }
        return false
    }
}

// MARK: - Common names

extension Certificate {
    /// Whether the certificate stands for this server by an alternative name, or else by a common name of its subject, as
    /// OpenSSL has it and RFC 9525 §2 no longer does.
    ///
    /// Common names count where no alternative name is a DNS name, nor an address if one is asked for. They are compared
    /// as alternative names are: in ASCII, without case, by the rules for wildcards. ``CertificateVerifier`` does this, and
    /// has name constraints bind the name, with ``CertificateVerifier/allowsCommonName``.
    public func matches(_ name: ServerName, inCommonName: Bool) -> Bool {
        matches(name) || inCommonName && commonName(matching: name) != nil
    }

    /// The common name by which the certificate stands for a server, as it had to stand among the alternative names.
    func commonName(matching name: ServerName) -> GeneralName? {
        guard !hasAlternativeName(GeneralNameTag.dnsName) else { return nil }
        switch name {
        case .dns(let host):
            let host = Array(host.utf8)
            return subject.commonNames.first { common in
                let common = Array(common.utf8)
                return DNSName.matches(presented: common.span, host: host.span)
            }.map { .dnsName($0) }
        case .ipv4(let address):
            let bytes = (0..<4).map { UInt8(truncatingIfNeeded: address >> (24 - 8 * $0)) }
            return hasCommonName(of: name) ? .ipAddress(bytes) : nil
        case .ipv6(let address):
            let bytes = (0..<16).map { UInt8(truncatingIfNeeded: address >> (120 - 8 * $0)) }
            return hasCommonName(of: name) ? .ipAddress(bytes) : nil
        }
    }

    private func hasCommonName(of address: ServerName) -> Bool {
        !hasAlternativeName(GeneralNameTag.ipAddress) && subject.commonNames.contains { ServerName($0) == address }
    }

    private func hasAlternativeName(_ tag: UInt8) -> Bool {
        AlternativeNames(self).contains { $0.tag == tag }
    }
}
