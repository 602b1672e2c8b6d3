// SPDX-License-Identifier: Apache-2.0
public import SafeTLS
import TLSCertificates

/// What is asked of a certificate that mod_md has renewed before it is used: one of the processes that speak with clients has
/// written it.
public enum StagedRenewal {
    /// How far a renewal is.
    public enum Progress: Equatable, Sendable {
        case isUnderWay
        /// Everything is there, and is not to be used before a time as `Mon, 30 Nov 2026 03:27:25 GMT`
        /// (`MDActivationDelay`), where one is said.
        case isComplete(usableFrom: String?)
    }

    /// Reads what mod_md notes about a renewal.
    public static func progress(ofJob json: [UInt8]) -> Progress {
        let members = FlatJSON.members(["finished", "valid-from"], of: json.span)
        guard members["finished"] == Array("true".utf8) else { return .isUnderWay }
        return .isComplete(usableFrom: members["valid-from"].map { String(decoding: $0, as: UTF8.self) })
    }

    /// Reads the passphrase of the keys that wait in a store.
    ///
    /// - Parameter output: Takes it byte by byte, to memory that is wiped: there are fewer than `json` has.
    /// - Returns: Whether it is whole.
    public static func passphrase(ofStore json: Span<UInt8>, to output: (UInt8) -> Void) -> Bool {
        guard let place = FlatJSON.places(["key"], of: json)["key"] else { return false }
        return decode(json.extracting(place), to: output).map { $0 >= 16 } ?? false
    }

    /// Whether it may take the old one's place already.
    ///
    /// - Parameters:
    ///   - isFirst: Whether the old one stands in for it.
    ///   - names: The virtual host's.
    ///   - now: In UNIX seconds.
    /// - Returns: False before its time.
    /// - Throws: Why it may not.
    public static func mayUse(
        _ new: Credential,
        insteadOf old: Credential,
        isFirst: Bool,
        for names: VirtualHostNames,
        at now: Int64
    ) throws(DirectiveError) -> Bool {
        guard let leaf = new.certificateChain.first, let before = old.certificateChain.first else { return false }
        guard now >= leaf.notBefore else { return false }
        if !isFirst, leaf.notBefore < before.notBefore {
            throw DirectiveError("it is older than the certificate in use")
        }
        // Whatever the host is called: nobody gets a certificate here that is not for the names of the one in use.
        // Both lists may be long, and each is made anew when it is asked for.
        let shown = Set(leaf.dnsNames)
        if !isFirst, let missing = before.dnsNames.first(where: { !shown.contains($0) }) {
            throw DirectiveError("it is not for '\(missing)', which the certificate in use is for")
        }
        // What stands in is for nobody: then the ServerName has to be there.
        for name in isFirst ? Array(names.all.prefix(1)) : names.all {
            guard let server = ServerName(name), isFirst || before.matches(server, inCommonName: true) else { continue }
            guard leaf.matches(server, inCommonName: true) else { throw DirectiveError("it is not for '\(name)'") }
        }
        try verify(new.certificateChain, at: now)
        return true
    }

    /// Looks at dates, at what the certificates may be used for, and at the signatures: whether those that sign are trusted, a
    /// server does not know.
    private static func verify(_ chain: [Certificate], at now: Int64) throws(DirectiveError) {
        guard let last = chain.last else { return }
        // It is used once.
        var limits = CertificateVerifier.Limits()
        limits.knownCertificates = 0
        let verifier = CertificateVerifier(
            trustAnchors: TrustAnchors([last]),
            purpose: .serverAuthentication,
            limits: limits,
            leafKeyUsages: [.digitalSignature, .keyEncipherment, .keyAgreement]
        )
        do throws(CertificateRejection) {
            _ = try verifier.verify(chain, serverName: nil, at: now)
        } catch {
            throw DirectiveError("\(error)")
        }
    }

    /// Reads base64url without padding (RFC 4648 §5), and says how many bytes it was; nil for what is none.
    private static func decode(_ text: Span<UInt8>, to output: (UInt8) -> Void) -> Int? {
        var (length, bits, count): (Int, UInt32, UInt32) = (0, 0, 0)
        for index in text.indices where text[index] != UInt8(ascii: "=") {
            let byte = text[index]
            let value: UInt8
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = byte - UInt8(ascii: "A")
            case UInt8(ascii: "a")...UInt8(ascii: "z"): value = byte - UInt8(ascii: "a") + 26
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = byte - UInt8(ascii: "0") + 52
            case UInt8(ascii: "-"): value = 62
            case UInt8(ascii: "_"): value = 63
            default: return nil
            }
            bits = bits << 6 | UInt32(value)
            count += 6
            guard count >= 8 else { continue }
            count -= 8
            output(UInt8(truncatingIfNeeded: bits >> count))
            length += 1
        }
        return length
    }
}
