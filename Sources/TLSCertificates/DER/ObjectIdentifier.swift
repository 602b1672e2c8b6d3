// SPDX-License-Identifier: Apache-2.0

/// An OBJECT IDENTIFIER as one integer: a 1 bit, then the contents of its encoding.
///
/// Every identifier known here fits; a longer one becomes `other` and equals no known one. Comparing and switching
/// cost one integer comparison, and nothing is allocated.
struct ObjectIdentifier: Hashable, Sendable {
    let packed: UInt128

    private init(_ packed: UInt128) {
        self.packed = packed
    }

    /// Packs the contents of an encoded identifier (X.690 §8.19), which must have minimal, complete arcs.
    init(_ content: Span<UInt8>) throws(DERError) {
        guard content.count > 0 else { throw .invalidObjectIdentifier }
        var packed: UInt128 = 1
        var startsArc = true
        for index in content.indices {
            let byte = content[index]
            if startsArc && byte == 0x80 { throw .invalidObjectIdentifier }
            startsArc = byte < 0x80
            packed = packed << 8 | UInt128(byte)
        }
        guard startsArc else { throw .invalidObjectIdentifier }
        self.packed = content.count <= 15 ? packed : 0
    }

    /// The contents of its encoding.
    var contents: [UInt8] {
        var result: [UInt8] = []
        var rest = packed
        while rest > 1 {
            result.insert(UInt8(truncatingIfNeeded: rest), at: 0)
            rest >>= 8
        }
        return result
    }

    /// Any identifier of more than fifteen bytes.
    static let other = ObjectIdentifier(0)

    // Extensions (RFC 5280 §4.2).
    static let subjectKeyIdentifier = ObjectIdentifier(0x1_55_1D_0E)
    static let keyUsage = ObjectIdentifier(0x1_55_1D_0F)
    static let subjectAlternativeName = ObjectIdentifier(0x1_55_1D_11)
    static let basicConstraints = ObjectIdentifier(0x1_55_1D_13)
    static let nameConstraints = ObjectIdentifier(0x1_55_1D_1E)
    static let crlDistributionPoints = ObjectIdentifier(0x1_55_1D_1F)
    static let certificatePolicies = ObjectIdentifier(0x1_55_1D_20)
    static let policyMappings = ObjectIdentifier(0x1_55_1D_21)
    static let policyConstraints = ObjectIdentifier(0x1_55_1D_24)
    static let inhibitAnyPolicy = ObjectIdentifier(0x1_55_1D_36)
    static let authorityKeyIdentifier = ObjectIdentifier(0x1_55_1D_23)
    static let extendedKeyUsage = ObjectIdentifier(0x1_55_1D_25)
    static let authorityInformationAccess = ObjectIdentifier(0x1_2B_06_01_05_05_07_01_01)

    // Extensions of revocation lists and of their entries (RFC 5280 §5.2, §5.3).
    static let crlNumber = ObjectIdentifier(0x1_55_1D_14)
    static let reasonCode = ObjectIdentifier(0x1_55_1D_15)
    static let deltaCRLIndicator = ObjectIdentifier(0x1_55_1D_1B)
    static let issuingDistributionPoint = ObjectIdentifier(0x1_55_1D_1C)
    static let certificateIssuer = ObjectIdentifier(0x1_55_1D_1D)

    // Qualifiers of certificate policies (RFC 5280 §4.2.1.4).
    static let certificationPracticeStatement = ObjectIdentifier(0x1_2B_06_01_05_05_07_02_01)
    static let userNotice = ObjectIdentifier(0x1_2B_06_01_05_05_07_02_02)

    // Key purposes (RFC 5280 §4.2.1.12).
    static let anyExtendedKeyUsage = ObjectIdentifier(0x1_55_1D_25_00)
    static let serverAuthentication = ObjectIdentifier(0x1_2B_06_01_05_05_07_03_01)
    static let clientAuthentication = ObjectIdentifier(0x1_2B_06_01_05_05_07_03_02)
    static let ocspSigning = ObjectIdentifier(0x1_2B_06_01_05_05_07_03_09)

    // Keys (RFC 3279 §2.3, RFC 4055 §3, RFC 5480 §2.1, RFC 8410 §3).
    static let rsaEncryption = ObjectIdentifier(0x1_2A_86_48_86_F7_0D_01_01_01)
    static let rsaPSS = ObjectIdentifier(0x1_2A_86_48_86_F7_0D_01_01_0A)
    static let ecPublicKey = ObjectIdentifier(0x1_2A_86_48_CE_3D_02_01)
    static let ed25519 = ObjectIdentifier(0x1_2B_65_70)
    static let secp256r1 = ObjectIdentifier(0x1_2A_86_48_CE_3D_03_01_07)
    static let secp384r1 = ObjectIdentifier(0x1_2B_81_04_00_22)
    static let secp521r1 = ObjectIdentifier(0x1_2B_81_04_00_23)

    // Signatures (RFC 4055 §5, RFC 5758 §3.2), and what is refused by name.
    static let md5WithRSA = ObjectIdentifier(0x1_2A_86_48_86_F7_0D_01_01_04)
    static let sha1WithRSA = ObjectIdentifier(0x1_2A_86_48_86_F7_0D_01_01_05)
    static let sha256WithRSA = ObjectIdentifier(0x1_2A_86_48_86_F7_0D_01_01_0B)
    static let sha384WithRSA = ObjectIdentifier(0x1_2A_86_48_86_F7_0D_01_01_0C)
    static let sha512WithRSA = ObjectIdentifier(0x1_2A_86_48_86_F7_0D_01_01_0D)
    static let ecdsaWithSHA1 = ObjectIdentifier(0x1_2A_86_48_CE_3D_04_01)
    static let ecdsaWithSHA256 = ObjectIdentifier(0x1_2A_86_48_CE_3D_04_03_02)
    static let ecdsaWithSHA384 = ObjectIdentifier(0x1_2A_86_48_CE_3D_04_03_03)
    static let ecdsaWithSHA512 = ObjectIdentifier(0x1_2A_86_48_CE_3D_04_03_04)

    // Keys and signatures alike (RFC 9881 §2).
    static let mlDSA44 = ObjectIdentifier(0x1_60_86_48_01_65_03_04_03_11)
    static let mlDSA65 = ObjectIdentifier(0x1_60_86_48_01_65_03_04_03_12)
    static let mlDSA87 = ObjectIdentifier(0x1_60_86_48_01_65_03_04_03_13)

    // OCSP (RFC 6960 §3.1, §4.2.1, §4.4.1), TLS features (RFC 7633 §4) and the hash of their certificate identifiers.
    static let ocspAccess = ObjectIdentifier(0x1_2B_06_01_05_05_07_30_01)
    static let basicOCSPResponse = ObjectIdentifier(0x1_2B_06_01_05_05_07_30_01_01)
    static let ocspNonce = ObjectIdentifier(0x1_2B_06_01_05_05_07_30_01_02)
    static let ocspNoCheck = ObjectIdentifier(0x1_2B_06_01_05_05_07_30_01_05)
    static let tlsFeature = ObjectIdentifier(0x1_2B_06_01_05_05_07_01_18)
    static let sha1 = ObjectIdentifier(0x1_2B_0E_03_02_1A)

    // Hashes (RFC 4055 §2.1) and the mask generation function (§2.2).
    static let sha256 = ObjectIdentifier(0x1_60_86_48_01_65_03_04_02_01)
    static let sha384 = ObjectIdentifier(0x1_60_86_48_01_65_03_04_02_02)
    static let sha512 = ObjectIdentifier(0x1_60_86_48_01_65_03_04_02_03)
    static let mgf1 = ObjectIdentifier(0x1_2A_86_48_86_F7_0D_01_01_08)
}

extension ObjectIdentifier {
    /// The dotted form of the contents of an encoded identifier, for messages.
    static func dotted(_ content: Span<UInt8>) -> String {
        var arcs: [String] = []
        var value: UInt64 = 0
        for index in content.indices {
            let byte = content[index]
            // An arc of more than 63 bits is nobody's; its low bits name it well enough for a message.
            value = value << 7 | UInt64(byte & 0x7F)
            guard byte < 0x80 else { continue }
            if arcs.isEmpty {
                let first = min(value / 40, 2)
                arcs = [String(first), String(value - first * 40)]
            } else {
                arcs.append(String(value))
            }
            value = 0
            // Sixteen arcs identify; a name of thousands would only fill a log.
            if arcs.count == 16 { return arcs.joined(separator: ".") + "…" }
        }
        return arcs.joined(separator: ".")
    }
}
