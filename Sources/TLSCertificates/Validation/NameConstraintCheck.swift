// SPDX-License-Identifier: Apache-2.0

/// Compares the names of certificates with one issuer's name constraints (RFC 5280 §4.2.1.10).
///
/// DNS names, IP addresses and directory names are processed. If a critical extension constrains any other kind, the
/// issuer is not accepted, whether or not such a name occurs: stricter than the RFC asks, and nothing is overlooked.
struct NameConstraintCheck {
    enum Verdict {
        case allowed
        /// The words continue a sentence about the certificate.
        case violated(String)
        case outOfWork
    }

    private let issuer: Certificate
    private let constraints: CertificateExtensions.NameConstraintPositions

    init(issuer: Certificate) {
        self.issuer = issuer
        constraints = issuer.storage.fields.extensions.nameConstraints ?? .init()
    }

    /// Checks all names of a certificate below the issuer, whose constraints have no ``flaw``.
    func run(on certificate: Certificate, comparisonsLeft: inout Int) -> Verdict {
        let names = certificate.storage.fields.extensions.subjectAlternativeNames
        if let verdict = checkOtherKinds(names) { return verdict }
        if let verdict = check(
            GeneralNameTag.dnsName,
            names,
            of: certificate,
            &comparisonsLeft,
            permits: DNSName.isPermitted,
            excludes: DNSName.isExcluded
        ) {
            return verdict
        }
        if let verdict = check(
            GeneralNameTag.ipAddress,
            names,
            of: certificate,
            &comparisonsLeft,
            permits: Self.isInSubnet,
            excludes: Self.isInSubnet
        ) {
            return verdict
        }
        return checkDirectoryNames(names, of: certificate, &comparisonsLeft) ?? .allowed
    }

    /// Why the constraints cannot be applied, in words that continue a sentence about the issuer.
    var flaw: String? {
        let der = issuer.der
        let bytes = der.span
        for constraint in constraints.permitted + constraints.excluded {
            let value = bytes.extracting(constraint.content)
            switch constraint.tag {
            case GeneralNameTag.dnsName:
                guard DNSName.isConstraint(value) else { return "has a DNS name constraint that is not a DNS name" }
            case GeneralNameTag.ipAddress:
                let half = value.count / 2
                guard value.count == 8 || value.count == 32,
                    IPAddress.isPrefixMask(value.extracting(half..<value.count))
                else { return "has an IP address constraint that is not an address and a prefix mask" }
            case GeneralNameTag.directoryName:
                continue
            default:
                guard constraints.isCritical else { continue }
                return
                    "has a critical name constraint of a kind that is not supported (only DNS, IP and directory names)"
            }
        }
        return nil
    }

    /// Constraints of other kinds that aren't critical: a name of that kind is refused, none is fine.
    private func checkOtherKinds(_ names: [GeneralNamePosition]) -> Verdict? {
        let handled = [GeneralNameTag.dnsName, GeneralNameTag.ipAddress, GeneralNameTag.directoryName]
        let kinds = Set((constraints.permitted + constraints.excluded).map(\.tag)).subtracting(handled)
        guard !kinds.isEmpty, names.contains(where: { kinds.contains($0.tag) }) else { return nil }
        return .violated("has a name of a kind that “\(issuer)” constrains and that is not supported")
    }

    private func check(
        _ tag: UInt8,
        _ names: [GeneralNamePosition],
        of certificate: Certificate,
        _ comparisonsLeft: inout Int,
        permits: (_ name: Span<UInt8>, _ constraint: Span<UInt8>) -> Bool,
        excludes: (_ name: Span<UInt8>, _ constraint: Span<UInt8>) -> Bool
    ) -> Verdict? {
        let permitted = constraints.permitted.filter { $0.tag == tag }
        let excluded = constraints.excluded.filter { $0.tag == tag }
        guard !permitted.isEmpty || !excluded.isEmpty else { return nil }
        let (issuerDER, der) = (issuer.der, certificate.der)
        let constraintBytes = issuerDER.span
        let bytes = der.span
        for name in names where name.tag == tag {
            let value = bytes.extracting(name.content)
            var isPermitted = permitted.isEmpty
            for constraint in permitted where !isPermitted {
                guard Self.spend(value.count, &comparisonsLeft) else { return .outOfWork }
                isPermitted = permits(value, constraintBytes.extracting(constraint.content))
            }
            guard isPermitted else { return .violated(words(for: describe(name, of: certificate), isExcluded: false)) }
            for constraint in excluded {
                guard Self.spend(value.count, &comparisonsLeft) else { return .outOfWork }
                if excludes(value, constraintBytes.extracting(constraint.content)) {
                    return .violated(words(for: describe(name, of: certificate), isExcluded: true))
                }
            }
        }
        return nil
    }

    private func checkDirectoryNames(
        _ names: [GeneralNamePosition],
        of certificate: Certificate,
        _ comparisonsLeft: inout Int
    ) -> Verdict? {
        let tag = GeneralNameTag.directoryName
        let permittedNames = constraints.permitted.filter { $0.tag == tag }.compactMap { directoryName($0, of: issuer) }
        let excludedNames = constraints.excluded.filter { $0.tag == tag }.compactMap { directoryName($0, of: issuer) }
        guard !permittedNames.isEmpty || !excludedNames.isEmpty else { return nil }
        // Bringing a constraint into the form for comparisons is work as well.
        for name in permittedNames + excludedNames {
            guard Self.spend(name.der.count, &comparisonsLeft) else { return .outOfWork }
        }
        let permitted = permittedNames.map(\.normalizedRelativeNames)
        let excluded = excludedNames.map(\.normalizedRelativeNames)
        var distinguishedNames = names.filter { $0.tag == tag }.compactMap { directoryName($0, of: certificate) }
        if !certificate.subject.isEmpty { distinguishedNames.append(certificate.subject) }
        for name in distinguishedNames {
            guard Self.spend(name.der.count, &comparisonsLeft) else { return .outOfWork }
            let relativeNames = name.normalizedRelativeNames
            var isPermitted = permitted.isEmpty
            for constraint in permitted where !isPermitted {
                guard Self.spend(name.der.count, &comparisonsLeft) else { return .outOfWork }
                isPermitted = relativeNames.starts(with: constraint)
            }
            guard isPermitted else { return .violated(words(for: name.description, isExcluded: false)) }
            for constraint in excluded {
                guard Self.spend(name.der.count, &comparisonsLeft) else { return .outOfWork }
                if relativeNames.starts(with: constraint) {
                    return .violated(words(for: name.description, isExcluded: true))
                }
            }
        }
        return nil
    }

    private func directoryName(_ position: GeneralNamePosition, of certificate: Certificate) -> DistinguishedName? {
        // Checked by the parser.
        try? DistinguishedName(der: certificate.bytes(position.content))
    }

    /// Whether an address lies in the subnet: address and mask, both of the address's length.
    private static func isInSubnet(_ address: Span<UInt8>, _ subnet: Span<UInt8>) -> Bool {
        guard subnet.count == address.count * 2 else { return false }
        for index in address.indices {
            let mask = subnet[address.count + index]
            if address[index] & mask != subnet[index] & mask { return false }
        }
        return true
    }

    /// Takes one comparison from the budget, and one more for every 64 bytes of a name.
    private static func spend(_ byteCount: Int, _ comparisonsLeft: inout Int) -> Bool {
        let cost = 1 + byteCount / 64
        guard comparisonsLeft >= cost else { return false }
        comparisonsLeft -= cost
        return true
    }

    private func words(for name: String, isExcluded: Bool) -> String {
        let shown = name.shortened(to: 100)
        return isExcluded
            ? "has the name \(shown), which the name constraints of “\(issuer)” exclude"
            : "has the name \(shown), which the name constraints of “\(issuer)” do not permit"
    }

    private func describe(_ name: GeneralNamePosition, of certificate: Certificate) -> String {
        let bytes = certificate.bytes(name.content)
        if name.tag == GeneralNameTag.ipAddress { return IPAddress.describe(bytes) }
        let isPrintable = bytes.allSatisfy { (0x21...0x7E).contains($0) }
        return isPrintable ? String(decoding: bytes, as: UTF8.self) : "0x" + bytes.map(hexadecimal).joined()
    }
}
