// SPDX-License-Identifier: Apache-2.0

import Synchronization
import TLSCrypto

/// A complete certificate revocation list (RFC 5280 §5), parsed once and shared without copying.
///
/// Parsing checks the structure, and not the signature: that takes the issuer's key, which ``CertificateVerifier`` finds
/// on the path. Delta lists, indirect lists, lists for some reasons only and lists or entries with unknown critical
/// extensions are refused, for what they don't say can be taken for a good certificate.
///
/// Parsing takes time, and the list memory, in proportion to the encoding; looking up a serial number takes constant
/// time and allocates nothing.
public struct CertificateRevocationList: Sendable {
    let storage: Storage

    /// The parsed list, and for which keys its signature has been verified.
    final class Storage: Sendable {
        let der: [UInt8]
        let fields: RevocationListFields
        let index: SerialNumberIndex
        let entryCount: Int
        let verdicts = Mutex<[SignatureVerdict]>([])

        init(der: [UInt8], fields: RevocationListFields) {
            self.der = der
            index = SerialNumberIndex(entriesAt: fields.entries, in: der.span)
            entryCount = fields.entries.count
            var fields = fields
            // The index has the positions from now on.
            fields.entries = []
            self.fields = fields
        }
    }

    /// Whether the signature was made with a key, given by its SubjectPublicKeyInfo.
    struct SignatureVerdict: Sendable {
        let key: [UInt8]
        let isValid: Bool
    }

    /// A revoked certificate.
    public struct Entry: Hashable, Sendable {
        /// When the issuer revoked the certificate, in seconds since 1970-01-01T00:00:00Z.
        public let revocationDate: Int64
        /// Why, nil if the entry doesn't say.
        public let reason: RevocationReason?
    }

    /// Reads a list of at most 64 MiB from its DER encoding.
    ///
    /// - Throws: ``CertificateError`` that names the field that isn't well-formed or isn't supported.
    public init(der: [UInt8]) throws(CertificateError) {
        var parser = RevocationListParser(der.span)
        let fields: RevocationListFields
        do throws(DERError) {
            fields = try parser.parse()
        } catch {
            throw CertificateError("the revocation list cannot be used for \(parser.field): \(error)")
        }
        storage = Storage(der: der, fields: fields)
    }

    /// Reads the lists of a PEM text (RFC 7468 §6), in their order; other kinds of blocks are passed over.
    ///
    /// - Throws: ``CertificateError`` if the text holds no list, or one that cannot be used.
    public static func lists(fromPEM text: Span<UInt8>) throws(CertificateError) -> [CertificateRevocationList] {
        let result = try listsIfAny(inPEM: text)
        guard !result.isEmpty else { throw CertificateError("the PEM text contains no X509 CRL block") }
        return result
    }

    static func listsIfAny(inPEM text: Span<UInt8>) throws(CertificateError) -> [CertificateRevocationList] {
        let blocks: [PEM.Block]
        do {
            blocks = try PEM.blocks(in: text) { $0 == "X509 CRL" }
        } catch {
            throw CertificateError("the PEM text is malformed: \(error)")
        }
        var result: [CertificateRevocationList] = []
        for block in blocks {
            do throws(CertificateError) {
                result.append(try CertificateRevocationList(der: block.der))
            } catch {
                throw CertificateError("revocation list \(result.count + 1) of the PEM text: \(error)")
            }
        }
        return result
    }
}

extension CertificateRevocationList: Hashable {
    /// Two lists are equal if their encodings are.
    public static func == (left: Self, right: Self) -> Bool {
        left.storage === right.storage || left.storage.der == right.storage.der
    }

    /// Feeds the signature to the hasher, which stands for the encoding.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(bytes(storage.fields.signature))
    }
}

// MARK: - Fields

extension CertificateRevocationList {
    /// The list's encoding.
    public var der: [UInt8] { storage.der }

    /// The name of who signed the list.
    public var issuer: DistinguishedName { storage.fields.issuer }

    /// When the list was made, in seconds since 1970-01-01T00:00:00Z.
    public var thisUpdate: Int64 { storage.fields.thisUpdate }

    /// When the next list will be made at the latest, in seconds since 1970-01-01T00:00:00Z: this one expires then.
    public var nextUpdate: Int64 { storage.fields.nextUpdate }

    /// How many entries the list has.
    public var count: Int { storage.entryCount }

    /// The big-endian bytes of the list's number, which grows from list to list (RFC 5280 §5.2.3); nil if absent.
    public var number: [UInt8]? { storage.fields.extensions.number.map(bytes) }

    /// The identifier of the key that signed the list (RFC 5280 §5.2.1), nil if absent.
    public var authorityKeyIdentifier: [UInt8]? { storage.fields.extensions.authorityKeyIdentifier.map(bytes) }

    /// The entry about the certificate with this serial number, given as ``Certificate/serialNumber`` is; nil if the
    /// list has none. Allocates nothing.
    public func entry(forSerialNumber serialNumber: Span<UInt8>) -> Entry? {
        let der = storage.der
        let bytes = der.span
        guard let offset = storage.index.offset(of: serialNumber, in: bytes) else { return nil }
        var reader = DERReader(bytes, in: offset..<bytes.count)
        // Checked by the parser, which knows whether entries of this version may have extensions.
        guard let entry = try? RevocationListParser.entry(&reader, hasExtensions: true) else { return nil }
        return Entry(revocationDate: entry.date, reason: entry.reason)
    }

    private func bytes(_ range: Range<Int>) -> [UInt8] {
        let der = storage.der
        return copyBytes(der.span.extracting(range))
    }

    /// Whether this list was made after another one.
    func isNewer(than other: CertificateRevocationList) -> Bool {
        if thisUpdate != other.thisUpdate { return thisUpdate > other.thisUpdate }
        let (left, right) = (number ?? [], other.number ?? [])
        // Neither has a leading zero that it could do without, nor is negative.
        return left.count != right.count ? left.count > right.count : right.lexicographicallyPrecedes(left)
    }

    /// Whether both lists are about the same certificates of the same issuer.
    func hasSameScope(as other: CertificateRevocationList) -> Bool {
        guard let left = storage.fields.extensions.issuingDistributionPoint,
            let right = other.storage.fields.extensions.issuingDistributionPoint
        else {
            return storage.fields.extensions.issuingDistributionPoint == nil
                && other.storage.fields.extensions.issuingDistributionPoint == nil
        }
        let (der, otherDER) = (storage.der, other.storage.der)
        return isEqual(der.span.extracting(left), otherDER.span.extracting(right))
    }
}
