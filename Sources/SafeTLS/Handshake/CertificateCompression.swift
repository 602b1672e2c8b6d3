// SPDX-License-Identifier: Apache-2.0

import Synchronization
import TLSCrypto

/// The compression of Certificate messages in a configuration (RFC 8879).
final class CertificateCompression: Sendable {
    /// Most wanted first.
    let compressors: [any CertificateCompressor]
    /// What peers may compress with, and are told so. Without any, nothing that comes is decompressed.
    let accepted: [CertificateCompressionAlgorithm]
    private let cache = Mutex<[Key: Entry]>([:])

    /// A message is compressed once; it changes when the staple does.
    private struct Key: Hashable {
        let credential: ObjectIdentifier
        let algorithm: CertificateCompressionAlgorithm
        let hasOCSPResponse: Bool
        let hasTimestamps: Bool
    }

    private struct Entry {
        let message: [UInt8]
        /// Nil when it is better sent as it is.
        let compressed: [UInt8]?
    }

    /// Bounds the cache for configurations that come by new credentials all the time.
    private static let capacity = 256

    /// - Parameter decompresses: Whether peers may compress, too.
    init(_ compressors: [any CertificateCompressor], decompresses: Bool = true) throws(ConfigurationError) {
        let algorithms = compressors.map(\.algorithm)
        guard Set(algorithms).count == algorithms.count, algorithms.count <= 127 else {
            throw ConfigurationError(reason: "two certificate compressors have the same algorithm")
        }
        self.compressors = compressors
        accepted = decompresses ? algorithms : []
    }

    /// Checks a peer's list (RFC 8879 §3): each algorithm once. Who does not compress has no business with it.
    func check(
        _ list: CodePointList<CertificateCompressionAlgorithm>?,
        in type: HandshakeType
    ) throws(TLSError) {
        guard !compressors.isEmpty, let list, list.hasDuplicate else { return }
        throw TLSError(
            DecodeError.illegalParameter("holds an algorithm twice").located(in: .compressCertificate),
            in: type
        )
    }

    /// The message to send: the CompressedCertificate for a Certificate, if the peer accepts one.
    ///
    /// - Parameter accepted: Whether the peer decompresses an algorithm.
    func message(
        _ message: [UInt8],
        of credential: Credential,
        with staple: CertificateStaple,
        accepted: (CertificateCompressionAlgorithm) -> Bool
    ) -> [UInt8] {
        guard let compressor = compressors.first(where: { accepted($0.algorithm) }) else { return message }
        let key = Key(
            credential: ObjectIdentifier(credential),
            algorithm: compressor.algorithm,
            hasOCSPResponse: staple.ocspResponse != nil,
            hasTimestamps: staple.signedCertificateTimestamps != nil
        )
        if let entry = cache.withLock({ $0[key] }), entry.message == message { return entry.compressed ?? message }
        let entry = Entry(message: message, compressed: Self.compress(message, compressor))
        cache.withLock { cache in
            if cache.count >= Self.capacity { cache.removeAll() }
            cache[key] = entry
        }
        return entry.compressed ?? message
    }

    private static func compress(_ message: [UInt8], _ compressor: any CertificateCompressor) -> [UInt8]? {
        // §4: what is compressed is the body.
        let body = Array(message.dropFirst(HandshakeMessage.headerLength))
        guard let compressed = compressor.compress(body) else { return nil }
        var writer = ByteWriter(reserving: compressed.count + 16)
        do throws(EncodeError) {
            try CompressedCertificate.write(
                compressor.algorithm,
                uncompressedLength: body.count,
                compressed: compressed,
                into: &writer
            )
        } catch {
            return nil
        }
        return writer.takeBytes()
    }

    /// The Certificate message that a received CompressedCertificate holds (RFC 8879 §4).
    func decompress(_ message: [UInt8]) throws(TLSError) -> [UInt8] {
        let received: CompressedCertificate
        do throws(DecodeError) {
            received = try CompressedCertificate(message.span.extracting(droppingFirst: HandshakeMessage.headerLength))
        } catch {
            throw TLSError(error, in: .compressedCertificate)
        }
        let algorithm = received.algorithm
        guard accepted.contains(algorithm), let compressor = compressors.first(where: { $0.algorithm == algorithm })
        else {
            throw .peerMisbehaved(
                .illegalParameter("the certificate compression \(algorithm.rawValue), which was not offered")
            )
        }
        let length = received.uncompressedLength
        // Checked before anything is allocated.
        guard length <= TLSLimits.certificateMessageLength - HandshakeMessage.headerLength else {
            throw Self.bad("it would be longer than \(TLSLimits.certificateMessageLength) bytes")
        }
        guard let body = compressor.decompress(copyBytes(received.compressed), count: length), body.count == length
        else { throw Self.bad("it does not decompress to the length that it says") }
        var writer = ByteWriter(reserving: length + HandshakeMessage.headerLength)
        do throws(EncodeError) {
            try HandshakeMessage.write(.certificate, into: &writer) { $0.append(body) }
        } catch {
            throw .internalFailure("a Certificate message outgrew its length field")
        }
        return writer.takeBytes()
    }

    /// §4: bad_certificate.
    private static func bad(_ why: String) -> TLSError {
        .malformed(
            MalformedInput(what: HandshakeType.compressedCertificate.description, why: why, alert: .badCertificate)
        )
    }
}
