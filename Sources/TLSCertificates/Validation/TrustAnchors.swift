// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// The certificates that are trusted to issue others, indexed by subject.
///
/// An anchor gives its name, its key and the limits its certificate states: validity, basic constraints, key usages and
/// name constraints are honoured, as RFC 5937 describes. Its signature is not looked at. An intermediate certificate
/// can be an anchor; a leaf certificate can be one for itself.
public final class TrustAnchors: Sendable {
    private let bySubject: [DistinguishedName: [Certificate]]

    /// How many different certificates there are.
    public let count: Int

    /// Takes these certificates as anchors; repeated ones count once.
    public init(_ certificates: [Certificate]) {
        var bySubject: [DistinguishedName: [Certificate]] = [:]
        var seen: Set<Certificate> = []
        for certificate in certificates where seen.insert(certificate).inserted {
            bySubject[certificate.subject, default: []].append(certificate)
        }
        self.bySubject = bySubject
        self.count = seen.count
    }

    /// Takes the certificates of a PEM file, such as a CA bundle.
    ///
    /// - Throws: ``CertificateError`` that names the file, if it cannot be read, holds no certificate or a broken one.
    public convenience init(pemFile path: String) throws(CertificateError) {
        self.init(try Self.certificates(inFile: path))
    }

    /// Takes the certificates of the files in a directory, whatever their names.
    ///
    /// Files that hold something else than certificates are passed over.
    ///
    /// - Throws: ``CertificateError`` that names the directory, if it cannot be read or holds no certificate.
    public convenience init(directory path: String) throws(CertificateError) {
        let names: [String]
        do {
            names = try FileBytes.entries(ofDirectory: path)
        } catch {
            throw CertificateError("\(path): the directory cannot be read: \(error.reason)")
        }
        // A certificate and the symbolic link that names it by a hash are one anchor.
        var certificates: [Certificate] = []
        var seen: Set<[UInt8]> = []
        for name in names.sorted() {
            for certificate in Self.readableCertificates(inFile: path + "/" + name)
            where seen.insert(certificate.der).inserted {
                certificates.append(certificate)
            }
        }
        guard !certificates.isEmpty else { throw CertificateError("\(path): no file contains a certificate") }
        self.init(certificates)
    }

    /// The anchors of the operating system: the bundle that its CA certificate package keeps, or else the files of
    /// `/etc/ssl/certs`.
    ///
    /// Certificates that cannot be parsed are passed over: one odd root must not take all others away.
    ///
    /// - Throws: ``CertificateError`` if no place has a certificate.
    public static func system() throws(CertificateError) -> TrustAnchors {
        try stored(inBundles: systemBundles, directory: systemDirectory)
    }

    /// The certificates of the first bundle that has any, or else of the directory's files.
    static func stored(inBundles bundles: [String], directory: String) throws(CertificateError) -> TrustAnchors {
        for path in bundles {
            let certificates = readableCertificates(inFile: path)
            if !certificates.isEmpty { return TrustAnchors(certificates) }
        }
        var certificates: [Certificate] = []
        for name in (try? FileBytes.entries(ofDirectory: directory)) ?? [] {
            certificates += readableCertificates(inFile: directory + "/" + name)
        }
        guard !certificates.isEmpty else {
            let places = (bundles + [directory]).joined(separator: ", ")
            throw CertificateError("the system's CA certificates are in none of these places: \(places)")
        }
        return TrustAnchors(certificates)
    }

    /// Debian and its kin, Fedora and its kin, Alpine and macOS.
    private static let systemBundles = [
        "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem",
    ]
    private static let systemDirectory = "/etc/ssl/certs"
    /// Bundles have about 250 KiB; a file far beyond that is not one.
    private static let maximumFileByteCount = 16 * 1024 * 1024

    private static func contents(of path: String) throws(CertificateError) -> [UInt8] {
        do {
            return try FileBytes.read(path, limit: maximumFileByteCount)
        } catch {
            throw CertificateError("the file cannot be read: \(error.reason)")
        }
    }

    private static func certificates(inFile path: String) throws(CertificateError) -> [Certificate] {
        do throws(CertificateError) {
            let text = try contents(of: path)
            return try Certificate.certificates(fromPEM: text.span)
        } catch {
            throw CertificateError("\(path): \(error)")
        }
    }

    private static func readableCertificates(inFile path: String) -> [Certificate] {
        guard let text = try? contents(of: path),
            let blocks = try? PEM.blocks(in: text.span, where: { $0 == "CERTIFICATE" })
        else { return [] }
        var certificates: [Certificate] = []
        for block in blocks {
            if let certificate = try? Certificate(der: block.der) { certificates.append(certificate) }
        }
        return certificates
    }

    /// The anchors with this subject.
    func anchors(named subject: DistinguishedName) -> [Certificate] {
        bySubject[subject] ?? []
    }

    /// Every anchor, in no order.
    public var certificates: [Certificate] { bySubject.values.flatMap { $0 } }

    /// The names of the anchors, each once and always in the same order.
    public var subjects: [DistinguishedName] {
        bySubject.keys.filter { !$0.isEmpty }.sorted { precedes($0.bytes, $1.bytes) }
    }

    /// Whether this very certificate is an anchor.
    func contains(_ certificate: Certificate) -> Bool {
        anchors(named: certificate.subject).contains(certificate)
    }
}
