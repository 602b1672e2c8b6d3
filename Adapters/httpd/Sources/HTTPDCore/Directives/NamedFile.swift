// SPDX-License-Identifier: Apache-2.0
import SafeTLS
import TLSCertificates

/// A file or directory that a directive names, to be looked at whether or not anything uses it.
public struct NamedFile: Hashable, Sendable {
    /// What has to be in it.
    public enum Kind: Sendable {
        /// Certificates that are sent: no more than a chain has.
        case chain
        /// Any number of certificates, at least one.
        case certificates, certificateDirectory
        /// Revocation lists, at least one.
        case lists, listDirectory
        /// A secret for session tickets.
        case secret
        /// Something that is read where it is used: a certificate or a key.
        case any
    }

    /// The directive, in the spelling of its line.
    public let directive: String
    /// The file, an absolute path.
    public let path: String
    /// Its line, as `line 5 of /etc/apache2/apache2.conf`.
    public let place: String
    private let kind: Kind

    /// Nil for directives that name no files, and for words that stand for none.
    public init?(directive: String, path: String, argument: String, place: String) {
        guard let kind = Self.kinds[directive.lowercased()] else { return nil }
        if directive.lowercased() == "tlsproxyca", argument.lowercased() == "default" { return nil }
        (self.directive, self.path, self.place, self.kind) = (directive, path, place, kind)
    }

    /// What is wrong with its contents; nil when nothing is.
    public var problem: String? {
        do {
            switch kind {
            case .chain:
                let count = try TrustAnchors(pemFile: path).certificates.count
                // The server's own stands before them.
                let most = TLSLimits.certificateChainLength - 1
                guard count <= most else {
                    return
                        "\(path): has \(count) certificates, and no chain has more than \(most) behind the server's: name "
                        + "the ones between that and the root's"
                }
            case .certificates: _ = try TrustAnchors(pemFile: path)
            case .certificateDirectory: _ = try TrustAnchors(directory: path)
            case .lists: _ = try CertificateRevocationLists(files: [path])
            case .listDirectory: _ = try CertificateRevocationLists(directories: [path])
            case .secret: _ = try TicketKeys(file: path, epochLength: 86_400)
            case .any: break
            }
            return nil
        } catch {
            return "\(error)"
        }
    }

    /// Whether it is a directory, which may be empty of bytes.
    public var isDirectory: Bool { kind == .certificateDirectory || kind == .listDirectory }

    private static let kinds: [String: Kind] = [
        "sslcertificatefile": .any, "sslcertificatekeyfile": .any, "sslcertificatechainfile": .chain,
        "sslcacertificatefile": .certificates, "sslcacertificatepath": .certificateDirectory,
        "sslcadnrequestfile": .certificates, "sslcadnrequestpath": .certificateDirectory,
        "sslcarevocationfile": .lists, "sslcarevocationpath": .listDirectory,
        "sslocsprespondercertificatefile": .certificates, "sslsessionticketkeyfile": .secret,
        "sslproxycacertificatefile": .certificates, "sslproxycacertificatepath": .certificateDirectory,
        "sslproxycarevocationfile": .lists, "sslproxycarevocationpath": .listDirectory,
        "sslproxymachinecertificatefile": .any, "sslproxymachinecertificatechainfile": .certificates,
        "tlsclientca": .certificates, "tlsclientcrl": .lists, "tlsticketkeys": .secret, "tlsproxyca": .certificates,
        "tlsproxymachinecertificate": .any,
    ]
}
