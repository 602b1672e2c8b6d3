// SPDX-License-Identifier: Apache-2.0
import SafeTLS
import TLSCertificates

/// What mod_status shows of the certificates in use: those first that end first.
public struct CertificateAges {
    /// How many are shown: a page with thousands helps nobody.
    static let most = 100

    private struct Entry {
        let certificate: Certificate
        /// Who has it: the first host, and how many there are.
        let host: String
        var hosts = 1
        /// When its files are looked at again; nil for never.
        var nextLook: Int64?
    }

    private var entries: [Entry] = []
    private var places: [Certificate: Int] = [:]

    /// Shows nothing yet.
    public init() {}

    /// Adds the certificates of a virtual host.
    ///
    /// - Parameter nextLook: When their files are looked at again, in UNIX seconds; nil for never.
    public mutating func add(_ policy: ServerPolicy, host: String, nextLook: Int64?) {
        for certificate in policy.configuration.credentials.compactMap(\.certificateChain.first) {
            if let place = places[certificate] {
                entries[place].hosts += 1
                entries[place].nextLook = [entries[place].nextLook, nextLook].compactMap { $0 }.min()
            } else {
                places[certificate] = entries.count
                entries.append(Entry(certificate: certificate, host: host, nextLook: nextLook))
            }
        }
    }

    /// Lines for programs, in `?auto` pages.
    ///
    /// - Parameter now: In UNIX seconds.
    public func lines(at now: Int64) -> String {
        let words = shown.map { entry in
            let certificate = entry.certificate
            return "TLSCertificate: host=\(Self.word(entry.host)) hosts=\(entry.hosts) key=\(Self.key(certificate))"
                + " notBefore=\(CertificateDate.timestamp(certificate.notBefore))"
                + " notAfter=\(CertificateDate.timestamp(certificate.notAfter))"
                + " daysLeft=\(Self.days(until: certificate.notAfter, now))"
                + " nextLook=\(entry.nextLook.map { CertificateDate.timestamp(max($0, now)) } ?? "restart")\n"
        }
        return "TLSCertificates: \(entries.count)\n" + words.joined()
    }

    /// A table in HTML.
    ///
    /// - Parameters:
    ///   - now: In UNIX seconds.
    ///   - escape: Makes a text fit for HTML.
    public func table(at now: Int64, escape: (String) -> String) -> String {
        guard !entries.isEmpty else { return "" }
        let titles = ["Host", "Key", "Good since", "Good until", "Days left", "Next look"]
        var rows = [titles.map { "<th>\($0)</th>" }.joined()]
        for entry in shown {
            let certificate = entry.certificate
            let others = entry.hosts > 1 ? " and \(entry.hosts - 1) more" : ""
            let cells = [
                escape(entry.host) + others, Self.key(certificate), CertificateDate.timestamp(certificate.notBefore),
                CertificateDate.timestamp(certificate.notAfter), String(Self.days(until: certificate.notAfter, now)),
                entry.nextLook.map { CertificateDate.timestamp(max($0, now)) } ?? "restart",
            ]
            rows.append(cells.map { "<td>\($0)</td>" }.joined())
        }
        let rest = entries.count - shown.count
        return "<h3>Certificates</h3>\n<table border=\"0\">\n" + rows.map { "<tr>\($0)</tr>\n" }.joined() + "</table>\n"
            + (rest > 0 ? "<p>And \(rest) that end later.</p>\n" : "")
    }

    private var shown: ArraySlice<Entry> {
        entries.sorted { ($0.certificate.notAfter, $0.host) < ($1.certificate.notAfter, $1.host) }.prefix(Self.most)
    }

    /// Whole days; below 0 since the certificate has expired.
    private static func days(until end: Int64, _ now: Int64) -> Int64 {
        let seconds = end - now
        return seconds >= 0 ? seconds / 86_400 : -((86_399 - seconds) / 86_400)
    }

    private static func key(_ certificate: Certificate) -> String {
        KeyAlgorithm(subjectPublicKeyInfo: certificate.subjectPublicKeyInfo)?.rawValue ?? "other"
    }

    /// Something that is one word in a line.
    private static func word(_ text: String) -> String {
        String(decoding: text.utf8.map { (0x21...0x7E).contains($0) ? $0 : UInt8(ascii: "?") }, as: UTF8.self)
    }
}
