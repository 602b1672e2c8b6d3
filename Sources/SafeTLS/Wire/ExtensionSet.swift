// SPDX-License-Identifier: Apache-2.0

/// The types of the extensions in one message, held without allocating.
///
/// Types below 64 are one bit each, and so are the two high ones that this library knows. Others (GREASE, private
/// use) go into a short list, whose length bounds the cost of finding a duplicate: real hellos have fewer than ten of
/// them. The list is for those who ask which type was not offered: a message that fills it has plenty to show.
struct ExtensionSet: Sendable {
    enum Insertion {
        case inserted, duplicate
        /// There is no room for one more type that nobody here knows: it is not kept.
        case full
    }

    static let maximumOfUncommonTypes = 64

    private var common: UInt64 = 0
    private var hasEncryptedClientHello = false
    private var hasRenegotiationInfo = false
    private var uncommon = [64 of UInt16](repeating: 0)
    private var uncommonCount = 0

    init() {}

    var isEmpty: Bool { common == 0 && uncommonCount == 0 && !hasEncryptedClientHello && !hasRenegotiationInfo }

    /// Whether a type that this library knows is in the set; of others the first ones are.
    func contains(_ type: ExtensionType) -> Bool {
        guard type.rawValue >= 64 else { return common & (1 << UInt64(type.rawValue)) != 0 }
        if type == .renegotiationInfo { return hasRenegotiationInfo }
        if type == .encryptedClientHello { return hasEncryptedClientHello }
        for index in 0..<uncommonCount where uncommon[index] == type.rawValue {
            return true
        }
        return false
    }

    /// Whether a type is one that a set always has room for.
    static func hasPlace(for type: ExtensionType) -> Bool {
        type.rawValue < 64 || type == .renegotiationInfo || type == .encryptedClientHello
    }

    mutating func insert(_ type: ExtensionType) -> Insertion {
        guard !contains(type) else { return .duplicate }
        if type.rawValue < 64 {
            common |= 1 << UInt64(type.rawValue)
        } else if type == .renegotiationInfo {
            hasRenegotiationInfo = true
        } else if type == .encryptedClientHello {
            hasEncryptedClientHello = true
        } else {
            guard uncommonCount < Self.maximumOfUncommonTypes else { return .full }
            uncommon[uncommonCount] = type.rawValue
            uncommonCount += 1
        }
        return .inserted
    }

    /// A type in this set that `offered` lacks: an answer to a question never asked, which a client refuses
    /// with unsupported_extension (RFC 9846 §4.3).
    func firstMissing(from offered: ExtensionSet) -> ExtensionType? {
        let extra = common & ~offered.common
        if extra != 0 {
            return ExtensionType(rawValue: UInt16(truncatingIfNeeded: extra.trailingZeroBitCount))
        }
        if hasRenegotiationInfo && !offered.hasRenegotiationInfo { return .renegotiationInfo }
        if hasEncryptedClientHello && !offered.hasEncryptedClientHello { return .encryptedClientHello }
        for index in 0..<uncommonCount {
            let type = ExtensionType(rawValue: uncommon[index])
            if !offered.contains(type) {
                return type
            }
        }
        return nil
    }
}
