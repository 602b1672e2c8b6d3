// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// What an exporter takes and gives (RFC 9846 §7.5, RFC 5705 §4).
enum ExporterArguments {
    /// The longest label of an exporter, in bytes.
    private static let maximumLabelLength = 64

    static func check(label: String, context: [UInt8]?, count: Int) throws(TLSError) {
        guard label.utf8.count <= Self.maximumLabelLength else {
            throw .misuse(.invalidArgument("an exporter label has at most \(Self.maximumLabelLength) bytes"))
        }
        guard (context?.count ?? 0) <= 65_535 else {
            throw .misuse(.invalidArgument("an exporter context has at most 65535 bytes"))
        }
        guard count > 0 && count <= 255 * 32 else {
            throw .misuse(.invalidArgument("an exporter gives 1 to 8160 bytes"))
        }
    }
}

/// The exporter of a connection with 0-RTT data, over early_exporter_secret (RFC 9846 §7.5).
struct EarlyExporter: ~Copyable {
    private let secret: Secret
    private let algorithm: HashAlgorithm

    init(_ secret: consuming Secret, algorithm: HashAlgorithm) {
        self.secret = secret
        self.algorithm = algorithm
    }

    func export(label: String, context: [UInt8]?, count: Int) throws(TLSError) -> [UInt8] {
        try ExporterArguments.check(label: label, context: context, count: count)
        do throws(CryptoError) {
            var hash = try KeyedHash(algorithm)
            let material = try hash.export(secret, label: label, context: context ?? [], count: count)
            return copyBytes(material.bytes)
        } catch {
            throw TLSError(error)
        }
    }
}

extension KeyedHash {
    /// TLS-Exporter of TLS 1.3 (RFC 9846 §7.5).
    mutating func export(
        _ secret: borrowing Secret,
        label: String,
        context: [UInt8],
        count: Int
    ) throws(CryptoError) -> Secret {
        let nothing = try HashState.hash(algorithm, Span())
        let derived = try deriveSecret(secret.bytes, label, transcript: nothing)
        let digest = try HashState.hash(algorithm, context.span)
        return try expandLabel(derived.bytes, "exporter", context: digest.bytes, count: count)
    }
}
