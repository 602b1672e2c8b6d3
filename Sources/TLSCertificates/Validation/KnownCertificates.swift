// SPDX-License-Identifier: Apache-2.0

import Synchronization
import TLSCrypto

/// The certificates of paths that were found valid: a peer that shows one again costs neither its parsing nor the making of
/// its key, nor the check of its signature.
///
/// Only what is true of the same bytes for good comes from here: their structure, their key, and that the key of an
/// issuer made the signature. Validity, names, usages, algorithms, constraints and revocation are judged each time.
///
/// Places are found by a hash of a few bytes, several for each, and what is there counts if all bytes are the same.
/// Certificates come in only as parts of a valid path, so that nobody can fill this with others. Leaves and issuers have
/// places of their own, for leaves are many. A leaf is known only where it was shown under the same name: by the time
/// that an answer takes, no server learns of the others that were visited.
final class KnownCertificates: Sendable {
    /// The longest certificate that is kept, in bytes. Those of servers have up to two thousand.
    private static let maximumLength = 4096

    /// How many certificates whose hashes meet have room beside each other: those of one path always have.
    private static let placesForHash = 4

    private struct Entry {
        var certificate: Certificate
        var role: CertificateRole
        var hash: Int

        func isOf(_ der: Span<UInt8>, _ role: CertificateRole) -> Bool {
            let known = certificate.der
            return self.role == role && isEqual(known.span, der)
        }
    }

    private let capacity: Int
    /// The leaves, then the issuers; empty until there is something to keep.
    private let places = TryLock<[Entry?]>([])

    /// - Parameter capacity: How many certificates there is room for, half of it for issuers; 0 keeps none.
    init(capacity: Int) {
        self.capacity = max(0, capacity) / 2 * 2
    }

    /// The certificate with this encoding if it is known in this role.
    ///
    /// Nobody waits for another thread here: while it is busy with the places, nothing is known.
    func find(_ der: Span<UInt8>, as role: CertificateRole) -> Certificate? {
        guard capacity > 0, der.count <= Self.maximumLength else { return nil }
        let hash = Self.hash(of: der, as: role)
        let candidates = candidates(for: hash, as: role)
        let found = places.withLockIfAvailable { places -> Entry? in
            guard !places.isEmpty, let place = Self.place(of: hash, in: places, among: candidates) else { return nil }
            return places[place]
        }
        guard let entry = found ?? nil, entry.isOf(der, role) else { return nil }
        return entry.certificate
    }

    /// Keeps the certificates of a valid path, but for those that were read leniently.
    ///
    /// What is nearer to the leaf comes last: where there is little room, it stays.
    ///
    /// - Parameter name: What the leaf was to be for.
    func keep(_ path: [Certificate], for name: ServerName?) {
        guard capacity > 0 else { return }
        for (depth, certificate) in path.enumerated().reversed() where !certificate.storage.isLenient {
            keep(certificate, as: depth == 0 ? .leaf(name) : .issuer)
        }
    }

    private func keep(_ certificate: Certificate, as role: CertificateRole) {
        let der = certificate.der
        guard der.count <= Self.maximumLength else { return }
        let hash = Self.hash(of: der.span, as: role)
        let candidates = candidates(for: hash, as: role)
        // What has to go goes behind the lock.
        _ = places.withLockIfAvailable { places -> Entry? in
            if places.isEmpty { places = Array(repeating: nil, count: capacity) }
            let known = Self.place(of: hash, in: places, among: candidates)
            if let known, places[known]?.isOf(der.span, role) == true { return nil }
            // The newest is first, and the last is the one that has to go.
            let freed = known ?? candidates.first { places[$0] == nil } ?? candidates.upperBound - 1
            let old = places[freed]
            for place in (candidates.lowerBound..<freed).reversed() { places[place + 1] = places[place] }
            places[candidates.lowerBound] = Entry(certificate: certificate, role: role, hash: hash)
            return old
        }
    }

    private static func place(of hash: Int, in places: [Entry?], among candidates: Range<Int>) -> Int? {
        candidates.first { places[$0]?.hash == hash }
    }

    /// The places that a certificate with this hash can have.
    private func candidates(for hash: Int, as role: CertificateRole) -> Range<Int> {
        let half = capacity / 2
        let groups = (half + Self.placesForHash - 1) / Self.placesForHash
        let group = Int(UInt(bitPattern: hash) % UInt(groups))
        let start = (role == .issuer ? half : 0)
        let first = group * Self.placesForHash
        return start + first..<start + min(first + Self.placesForHash, half)
    }

    /// Of the end of the encoding, which is the end of the signature.
    private static func hash(of der: Span<UInt8>, as role: CertificateRole) -> Int {
        var hasher = Hasher()
        hasher.combine(role)
        hasher.combine(der.count)
        var word: UInt64 = 0
        for index in max(0, der.count - 32)..<der.count {
            word = word << 8 | UInt64(der[index])
            if (der.count - index) % 8 == 1 { hasher.combine(word) }
        }
        return hasher.finalize()
    }
}

/// As what a certificate of a chain is shown.
package enum CertificateRole: Hashable, Sendable {
    /// As the peer's own, where this name is wanted; nil for a client's.
    case leaf(ServerName?)
    case issuer
}

/// Whose key made a certificate's signature.
final class CheckedSignature: Sendable {
    /// The SubjectPublicKeyInfo of the issuer.
    private let issuerKey: [UInt8]

    init(by issuer: Certificate) { issuerKey = issuer.subjectPublicKeyInfo }

    func isBy(_ issuer: Certificate) -> Bool {
        let (issuerKey, der) = (issuerKey, issuer.der)
        return isEqual(issuerKey.span, der.span.extracting(issuer.storage.fields.subjectPublicKeyInfo))
    }
}

extension Certificate {
    /// Whether the signature of this object was found good before, with the key of `issuer`.
    func isKnownToBeSigned(by issuer: Certificate) -> Bool {
        storage.checkedSignature.load()?.isBy(issuer) ?? false
    }

    /// Remembers that the signature is one by the key of `issuer`, which no later check can change: certificate and key
    /// are the same bytes for good.
    func noteSignature(by issuer: Certificate) {
        _ = storage.checkedSignature.storeIfNil(CheckedSignature(by: issuer))
    }
}
