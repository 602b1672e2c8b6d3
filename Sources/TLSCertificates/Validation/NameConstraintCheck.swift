// SPDX-License-Identifier: Apache-2.0

/// Compares the names of certificates with one issuer's name constraints (RFC 5280 §4.2.1.10).
///
/// DNS names, IP addresses, e-mail addresses and directory names are processed. A certificate with a name of another
/// kind that is constrained isn't accepted, as the RFC has it for critical extensions; it makes no difference here
/// whether this one is.
struct NameConstraintCheck {
    /// The budget for comparisons is used up.
    struct OutOfWork: Error {}

    /// Makes the words for a violation, which continue a sentence about the certificate.
    ///
    /// Only made when they are wanted: names can be long, and dead ends many.
    typealias Words = () -> String

    private struct Subtrees {
        var permitted: [Range<Int>] = []
        var excluded: [Range<Int>] = []
    }

    private let issuer: Certificate
    /// By the tag of the kind of name, positions in the issuer's encoding.
    private var subtrees: [UInt8: Subtrees] = [:]
    private var permittedDirectories: [NormalizedName] = []
    private var excludedDirectories: [NormalizedName] = []
    /// Why the constraints cannot be applied, in words that continue a sentence about the issuer.
    private(set) var flaw: String?

    /// How many times longer than comparing a name it takes to bring it into the form for comparisons.
    private static let normalizingFactor = 8

    private static let processedKinds = [
        GeneralNameTag.dnsName, GeneralNameTag.ipAddress, GeneralNameTag.rfc822Name,
    ]

    /// Reads the issuer's constraints, which is work too: once for every path on which the issuer is tried.
    init(issuer: Certificate, comparisonsLeft: inout Int) throws(OutOfWork) {
        self.issuer = issuer
        guard let constraints = issuer.storage.fields.extensions.nameConstraints else { return }
        for position in constraints.permitted {
            try add(position, isPermitted: true, &comparisonsLeft)
        }
        for position in constraints.excluded {
            try add(position, isPermitted: false, &comparisonsLeft)
        }
    }

    private mutating func add(
        _ position: GeneralNamePosition,
        isPermitted: Bool,
        _ comparisonsLeft: inout Int
    ) throws(OutOfWork) {
        try Self.spend(position.content.count, &comparisonsLeft)
        let der = issuer.der
        if let words = Self.flaw(in: der.span.extracting(position.content), tag: position.tag) { flaw = flaw ?? words }
        if position.tag == GeneralNameTag.directoryName {
            try Self.spend(Self.normalizingFactor * position.content.count, &comparisonsLeft)
            let name = NormalizedName(issuer.name(at: position.content))
            if isPermitted { permittedDirectories.append(name) } else { excludedDirectories.append(name) }
        } else if isPermitted {
            subtrees[position.tag, default: Subtrees()].permitted.append(position.content)
        } else {
            subtrees[position.tag, default: Subtrees()].excluded.append(position.content)
        }
    }

    private static func flaw(in constraint: Span<UInt8>, tag: UInt8) -> String? {
        switch tag {
        case GeneralNameTag.dnsName where !DNSName.isConstraint(constraint):
            return "has a DNS name constraint that is not a DNS name"
        case GeneralNameTag.rfc822Name where !MailAddress.isConstraint(constraint):
            return "has an e-mail constraint that is neither an address nor a host nor a domain"
        case GeneralNameTag.ipAddress:
            let half = constraint.count / 2
            let isSubnet =
                (constraint.count == 8 || constraint.count == 32)
                && IPAddress.isPrefixMask(constraint.extracting(half..<constraint.count))
            return isSubnet ? nil : "has an IP address constraint that is not an address and a prefix mask"
        default:
            return nil
        }
    }

    /// Checks all names of a certificate below the issuer, whose constraints have no ``flaw``.
    ///
    /// - Parameter other: A name for which the certificate counts as well, a DNS name or an address.
    /// - Returns: What is wrong, nil if all names are allowed.
    func run(
        on certificate: Certificate,
        and other: GeneralName? = nil,
        comparisonsLeft: inout Int
    ) throws(OutOfWork) -> Words? {
        if let other, let words = try check(other, &comparisonsLeft) { return words }

        let names = AlternativeNames(certificate)
        let der = certificate.der
        let bytes = der.span
        for tag in Self.processedKinds {
            guard let subtrees = subtrees[tag] else { continue }
            for name in names where name.tag == tag {
                let value = bytes.extracting(name.content)
                if let isExcluded = try violation(of: value, tag, subtrees, &comparisonsLeft) {
                    return words(for: isExcluded) { Self.describe(certificate.bytes(name.content), tag: tag) }
                }
            }
        }
        if let subtrees = subtrees[GeneralNameTag.rfc822Name] {
            // RFC 5280 §4.2.1.10 wants this of subjects without alternative names; an application may look at the
            // subject anyway.
            try Self.spend(certificate.subject.bytes.count, &comparisonsLeft)
            for address in certificate.subject.mailAddresses {
                let tag = GeneralNameTag.rfc822Name
                if let isExcluded = try violation(of: address.span, tag, subtrees, &comparisonsLeft) {
                    return words(for: isExcluded) { Self.describe(address, tag: tag) }
                }
            }
        }
        if let words = try checkDirectoryNames(names, of: certificate, &comparisonsLeft) { return words }
        return checkOtherKinds(names)
    }

    private func check(_ name: GeneralName, _ comparisonsLeft: inout Int) throws(OutOfWork) -> Words? {
        switch name {
        case .dnsName(let text): return try check(Array(text.utf8), GeneralNameTag.dnsName, &comparisonsLeft)
        case .ipAddress(let address): return try check(address, GeneralNameTag.ipAddress, &comparisonsLeft)
        case .directoryName, .other: return nil
        }
    }

    private func check(
        _ value: [UInt8],
        _ tag: UInt8,
        _ comparisonsLeft: inout Int
    ) throws(OutOfWork) -> Words? {
        guard let subtrees = subtrees[tag] else { return nil }
        guard let isExcluded = try violation(of: value.span, tag, subtrees, &comparisonsLeft) else { return nil }
        return words(for: isExcluded) { Self.describe(value, tag: tag) }
    }

    /// Whether a name is excluded (true) or not permitted (false), nil if neither.
    private func violation(
        of name: Span<UInt8>,
        _ tag: UInt8,
        _ subtrees: Subtrees,
        _ comparisonsLeft: inout Int
    ) throws(OutOfWork) -> Bool? {
        let der = issuer.der
        let constraints = der.span
        var isPermitted = subtrees.permitted.isEmpty
        for constraint in subtrees.permitted where !isPermitted {
            try Self.spend(name.count, &comparisonsLeft)
            isPermitted = Self.permits(tag, name, constraints.extracting(constraint))
        }
        guard isPermitted else { return false }
        for constraint in subtrees.excluded {
            try Self.spend(name.count, &comparisonsLeft)
            if Self.excludes(tag, name, constraints.extracting(constraint)) { return true }
        }
        return nil
    }

    private static func permits(_ tag: UInt8, _ name: Span<UInt8>, _ constraint: Span<UInt8>) -> Bool {
        switch tag {
        case GeneralNameTag.dnsName: DNSName.isPermitted(presented: name, constraint: constraint)
        case GeneralNameTag.rfc822Name: MailAddress.isPermitted(name, constraint: constraint)
        default: isInSubnet(name, constraint)
        }
    }

    private static func excludes(_ tag: UInt8, _ name: Span<UInt8>, _ constraint: Span<UInt8>) -> Bool {
        switch tag {
        case GeneralNameTag.dnsName: DNSName.isExcluded(presented: name, constraint: constraint)
        case GeneralNameTag.rfc822Name: MailAddress.isExcluded(name, constraint: constraint)
        default: isInSubnet(name, constraint)
        }
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

    private func checkDirectoryNames(
        _ names: AlternativeNames,
        of certificate: Certificate,
        _ comparisonsLeft: inout Int
    ) throws(OutOfWork) -> Words? {
        guard !permittedDirectories.isEmpty || !excludedDirectories.isEmpty else { return nil }
        let tag = GeneralNameTag.directoryName
        var distinguishedNames = names.filter { $0.tag == tag }.map { certificate.name(at: $0.content) }
        if !certificate.subject.isEmpty { distinguishedNames.append(certificate.subject) }
        for name in distinguishedNames {
            try Self.spend(Self.normalizingFactor * name.bytes.count, &comparisonsLeft)
            let normalized = NormalizedName(name)
            var isPermitted = permittedDirectories.isEmpty
            for constraint in permittedDirectories where !isPermitted {
                try Self.spend(name.bytes.count, &comparisonsLeft)
                isPermitted = normalized.isWithin(constraint)
            }
            guard isPermitted else { return words(for: false) { name.description } }
            for constraint in excludedDirectories {
                try Self.spend(name.bytes.count, &comparisonsLeft)
                // An excluded subtree must not be left by writing a name differently.
                guard normalized.mayBeWithin(constraint) else { continue }
                let isCertain = normalized.isWithin(constraint)
                return words(for: true, isCertain: isCertain) { name.description }
            }
        }
        return nil
    }

    /// RFC 5280 §4.2.1.10: either the constraint is processed, or a certificate with such a name is refused.
    private func checkOtherKinds(_ names: AlternativeNames) -> Words? {
        let kinds = subtrees.keys.filter { !Self.processedKinds.contains($0) }
        guard !kinds.isEmpty, names.contains(where: { kinds.contains($0.tag) }) else { return nil }
        let issuer = issuer
        return { "has a name of a kind that “\(issuer)” constrains and that is not supported" }
    }

    /// Takes one comparison from the budget, and one more for every 64 bytes of a name.
    private static func spend(_ byteCount: Int, _ comparisonsLeft: inout Int) throws(OutOfWork) {
        let cost = 1 + byteCount / 64
        guard comparisonsLeft >= cost else { throw OutOfWork() }
        comparisonsLeft -= cost
    }

    private func words(
        for isExcluded: Bool,
        isCertain: Bool = true,
        _ name: @escaping () -> String
    ) -> Words {
        let issuer = issuer
        return {
            let how = isExcluded ? "exclude" : "do not permit"
            let why = isCertain ? "" : ", as text beyond ASCII may stand for what they name"
            return "has the name \(name().shortened(to: 100)), which the name constraints of “\(issuer)” \(how)\(why)"
        }
    }

    private static func describe(_ name: [UInt8], tag: UInt8) -> String {
        if tag == GeneralNameTag.ipAddress { return IPAddress.describe(name) }
        let isPrintable = name.allSatisfy { (0x21...0x7E).contains($0) }
        return isPrintable ? String(decoding: name, as: UTF8.self) : "0x" + name.map(hexadecimal).joined()
    }
}
