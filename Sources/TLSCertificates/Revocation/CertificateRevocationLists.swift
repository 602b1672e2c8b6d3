// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// Revocation lists of any number of issuers, indexed by issuer.
///
/// An issuer may have several: old and new ones, of which the newest of each scope counts, and lists for parts of its
/// certificates.
public struct CertificateRevocationLists: Sendable {
    /// The newest list of an issuer first.
    private let byIssuer: [DistinguishedName: [CertificateRevocationList]]

    /// How many different lists there are.
    public let count: Int

    /// Takes these lists; repeated ones count once.
    public init(_ lists: [CertificateRevocationList]) {
        var byIssuer: [DistinguishedName: [CertificateRevocationList]] = [:]
        var seen: Set<CertificateRevocationList> = []
        for list in lists where seen.insert(list).inserted {
            byIssuer[list.issuer, default: []].append(list)
        }
        self.byIssuer = byIssuer.mapValues { $0.sorted { $0.isNewer(than: $1) } }
        count = seen.count
    }

    /// Takes the lists of files, each with PEM blocks or one DER encoding, and of the files in directories.
    ///
    /// Files in a directory that hold something else than lists are passed over, and so are directories in it.
    ///
    /// - Throws: ``CertificateError`` that names the file or directory, if it cannot be read, holds no list, or one that
    ///   cannot be used.
    public init(files: [String] = [], directories: [String] = []) throws(CertificateError) {
        var lists: [CertificateRevocationList] = []
        for path in files {
            let found = try Self.lists(inFile: path)
            guard !found.isEmpty else { throw CertificateError("\(path): the file contains no X509 CRL block") }
            lists += found
        }
        for path in directories { lists += try Self.lists(inDirectory: path) }
        self.init(lists)
    }

    /// A PEM text is a third longer than what it encodes, and may hold several lists.
    private static let maximumFileByteCount = 4 * RevocationListParser.maximumByteCount

    private static func lists(inDirectory path: String) throws(CertificateError) -> [CertificateRevocationList] {
        let names: [String]
        do {
            names = try FileBytes.entries(ofDirectory: path)
        } catch {
            throw CertificateError("\(path): the directory cannot be read: \(error.reason)")
        }
        var lists: [CertificateRevocationList] = []
        for name in names where !isDirectory(path + "/" + name) {
            lists += try Self.lists(inFile: path + "/" + name)
        }
        guard !lists.isEmpty else { throw CertificateError("\(path): no file contains an X509 CRL block") }
        return lists
    }

    private static func isDirectory(_ path: String) -> Bool {
        (try? FileBytes.entries(ofDirectory: path)) != nil
    }

    private static func lists(inFile path: String) throws(CertificateError) -> [CertificateRevocationList] {
        let contents: [UInt8]
        do {
            contents = try FileBytes.read(path, limit: maximumFileByteCount)
        } catch {
            throw CertificateError("\(path): the file cannot be read: \(error.reason)")
        }
        do throws(CertificateError) {
            // A SEQUENCE of more than 127 bytes: the second byte is none of ASCII.
            if contents.count > 1, contents[0] == DERTag.sequence, contents[1] > 0x80 {
                return [try CertificateRevocationList(der: contents)]
            }
            return try CertificateRevocationList.listsIfAny(inPEM: contents.span)
        } catch {
            throw CertificateError("\(path): \(error)")
        }
    }

    /// Every list, in no order.
    public var all: [CertificateRevocationList] { byIssuer.values.flatMap { $0 } }

    /// The lists of this issuer, the newest first.
    func lists(of issuer: DistinguishedName) -> [CertificateRevocationList] {
        byIssuer[issuer] ?? []
    }
}
