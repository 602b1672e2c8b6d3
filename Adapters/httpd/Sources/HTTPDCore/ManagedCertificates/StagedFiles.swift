// SPDX-License-Identifier: Apache-2.0

/// Where mod_md leaves a certificate that it has renewed, until a restart moves it to where it is used.
///
/// Its store has a directory for each group of files, and in these one for each managed domain. The certificates in use are
/// in `domains`, which only the parent can write; a thread of one of the processes that speak with clients writes to
/// `staging`, with keys that are encrypted.
public struct StagedFiles: Hashable, Sendable {
    /// The chain, the certificate first.
    public let chain: String
    /// Its key.
    public let key: String
    /// What mod_md notes about the renewal, see ``StagedRenewal``.
    public let job: String
    /// The file of the whole store, which has the passphrase of the keys, see ``StagedRenewal/passphrase(ofStore:)``.
    public let store: String
    /// Whether what is in use stands in for a certificate that is still to come.
    public let isFirst: Bool

    /// Longest chain and longest key that are read, in bytes: three certificates for ML-DSA-87 take 30 KB.
    public static let longest = 65_536

    /// How many rounds the passphrase of a key takes at most, 30 to 130 ms by the hash: a process that was taken over may have
    /// chosen them, and a connection waits for them. mod_md has OpenSSL's usual 2048.
    public static let derivationRounds = 100_000

    /// What mod_md writes before the names of files that stand in for others.
    private static let standIn = "fallback-"

    /// What belongs to a certificate in use; nil when that one is not in a store of mod_md's.
    ///
    /// - Parameters:
    ///   - chainFile: `…/domains/NAME/pubcert.pem`, or with the kind of the key before `.pem`.
    ///   - keyFile: `privkey.pem` beside it.
    public init?(chainFile: String, keyFile: String) {
        guard let chain = Place(chainFile), let key = Place(keyFile), chain.directory == key.directory,
            chain.base == key.base, chain.isStandIn == key.isStandIn, chain.file.hasPrefix("pubcert"),
            key.file.hasPrefix("privkey")
        else { return nil }
        let staging = "\(chain.base)/staging/\(chain.directory)"
        self.chain = "\(staging)/\(chain.file)"
        self.key = "\(staging)/\(key.file)"
        job = "\(staging)/job.json"
        store = "\(chain.base)/md_store.json"
        isFirst = chain.isStandIn
    }

    /// A path below `domains`, in parts.
    private struct Place {
        let base: String
        let directory: String
        let file: String
        let isStandIn: Bool

        init?(_ path: String) {
            let parts = path.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count >= 4, parts[parts.count - 3] == "domains" else { return nil }
            let (directory, name) = (parts[parts.count - 2], parts[parts.count - 1])
            guard !directory.isEmpty, directory != ".", directory != "..", name.hasSuffix(".pem") else { return nil }
            base = parts.dropLast(3).joined(separator: "/")
            self.directory = String(directory)
            isStandIn = name.hasPrefix(standIn)
            file = String(isStandIn ? name.dropFirst(standIn.count) : name)
        }
    }
}
