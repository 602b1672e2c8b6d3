// SPDX-License-Identifier: Apache-2.0
import SafeTLS

/// Lists of signature schemes in OpenSSL's spelling.
enum NameLists {
    /// `ECDSA+SHA256:RSA-PSS+SHA256:ed25519:rsa_pkcs1_sha256`.
    static func signatureSchemes(_ text: String) throws(DirectiveError) -> [SignatureScheme] {
        var schemes: [SignatureScheme] = []
        var obstacle: String?
        for word in text.split(whereSeparator: { ":,".contains($0) || $0.isWhitespace }) {
            // A question mark is OpenSSL's for what may be unknown.
            for scheme in Self.schemes(word.drop { $0 == "?" }.lowercased()) where !schemes.contains(scheme) {
                // What libcrypto lacks counts as unknown.
                if let reason = scheme.obstacle { obstacle = obstacle ?? ": \(reason)" } else { schemes.append(scheme) }
            }
        }
        guard !schemes.isEmpty else {
            throw DirectiveError("'\(text)' names no signature algorithm that is supported\(obstacle ?? "")")
        }
        return schemes
    }

    static func schemes(_ name: String) -> [SignatureScheme] {
        switch name {
        case "ecdsa+sha256": [.ecdsaSECP256R1SHA256]
        case "ecdsa+sha384": [.ecdsaSECP384R1SHA384]
        case "ecdsa+sha512": [.ecdsaSECP521R1SHA512]
        case "rsa+sha256": [.rsaPKCS1SHA256]
        case "rsa+sha384": [.rsaPKCS1SHA384]
        case "rsa+sha512": [.rsaPKCS1SHA512]
        case "rsa-pss+sha256", "pss+sha256": [.rsaPSSRSAESHA256, .rsaPSSPSSSHA256]
        case "rsa-pss+sha384", "pss+sha384": [.rsaPSSRSAESHA384, .rsaPSSPSSSHA384]
        case "rsa-pss+sha512", "pss+sha512": [.rsaPSSRSAESHA512, .rsaPSSPSSSHA512]
        default: SignatureScheme(name: name).map { [$0] } ?? []
        }
    }
}
