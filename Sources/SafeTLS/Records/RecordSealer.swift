// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// Protects records in one direction (RFC 9846 §5.2, RFC 5246 §6.2.3.3).
struct RecordSealer: ~Copyable {
    private var aead: AEADSealer
    private var nonce: RecordNonce
    private let form: NonceForm
    private let isTLS13: Bool
    /// The number of records sealed under this key.
    private(set) var sequence: UInt64 = 0

    /// TLS 1.3 protection.
    init(tls13 algorithm: AEADAlgorithm, key: Span<UInt8>, iv: Span<UInt8>) throws(CryptoError) {
        aead = try AEADSealer(algorithm, key: key)
        nonce = RecordNonce(iv: iv)
        form = .implicit
        isTLS13 = true
    }

    /// TLS 1.3 protection under the keys of a traffic secret (RFC 9846 §7.3).
    init(
        _ algorithm: AEADAlgorithm,
        trafficSecret: Span<UInt8>,
        _ hash: inout KeyedHash
    ) throws(CryptoError) {
        let iv = try hash.staticIV(trafficSecret: trafficSecret)
        aead = try AEADSealer(algorithm, trafficSecret: trafficSecret, &hash)
        nonce = RecordNonce(iv: iv)
        form = .implicit
        isTLS13 = true
    }

    /// Whether ``replaceKeys(trafficSecret:_:)`` makes of this what a new one would be.
    func suits(_ algorithm: AEADAlgorithm) -> Bool { isTLS13 && aead.algorithm == algorithm }

    /// Goes on under the keys of another traffic secret, from the first record on.
    ///
    /// When it throws, the connection is to end: its alert may go out under either key, with a nonce that neither had.
    mutating func replaceKeys(trafficSecret: Span<UInt8>, _ hash: inout KeyedHash) throws(CryptoError) {
        let iv = try hash.staticIV(trafficSecret: trafficSecret)
        try aead.replaceKey(trafficSecret: trafficSecret, &hash)
        nonce = RecordNonce(iv: iv)
        sequence = 0
    }

    /// TLS 1.2 protection; the IV's length says which form of nonce the suite has.
    init(tls12 algorithm: AEADAlgorithm, key: Span<UInt8>, iv: Span<UInt8>) throws(CryptoError) {
        aead = try AEADSealer(algorithm, key: key)
        nonce = RecordNonce(iv: iv)
        form = iv.count == 4 ? .explicit : .implicit
        isTLS13 = false
    }

    /// How much longer a record is than its content, in bytes.
    var overhead: Int {
        let inner = isTLS13 ? 1 : (form == .explicit ? RecordSize.explicitNonce : 0)
        return RecordSize.header + inner + RecordSize.tag
    }

    /// How many of so many records the key may still seal, nil when it has no limit.
    func recordsLeft(of records: UInt64) -> Int? {
        guard isTLS13 else { return nil }
        return sequence < records ? Int(clamping: records - sequence) : 0
    }

    /// Whether the key has sealed as many records as it may (RFC 9846 §5.5).
    @inline(__always)
    func isWornOut(after records: UInt64) -> Bool { isTLS13 && sequence >= records }

    /// Writes one TLS 1.3 record whose content, content type and padding are laid out already (RFC 9846 §5.2).
    mutating func sealInner(
        _ inner: Span<UInt8>,
        into output: inout MutableSpan<UInt8>,
        at offset: Int
    ) throws(CryptoError) -> Int {
        guard sequence < UInt64.max else { throw .internalFailure("the record sequence number is used up") }
        let length = inner.count &+ RecordSize.tag
        RecordHeader.write(.applicationData, version: 0x0303, length: length, into: &output, at: offset)
        let additionalData = additionalDataTLS13(length: length)
        let written = try aead.seal(
            inner,
            trailer: nil,
            nonce: nonce.nonce(sequence),
            additionalData: additionalData.span,
            into: &output,
            at: offset &+ RecordSize.header
        )
        sequence &+= 1
        return RecordSize.header &+ written
    }

    /// Writes one record at `offset` of `output`, which has room for it.
    ///
    /// - Parameter fragment: At most 2^14 bytes.
    /// - Returns: The record's length with its header.
    @inline(__always)
    mutating func seal(
        _ fragment: Span<UInt8>,
        type: ContentType,
        into output: inout MutableSpan<UInt8>,
        at offset: Int
    ) throws(CryptoError) -> Int {
        guard sequence < UInt64.max else { throw .internalFailure("the record sequence number is used up") }
        let count = fragment.count
        let written: Int
        if isTLS13 {
            let length = count &+ 1 &+ RecordSize.tag
            RecordHeader.write(.applicationData, version: 0x0303, length: length, into: &output, at: offset)
            let additionalData = additionalDataTLS13(length: length)
            written = try aead.seal(
                fragment,
                trailer: type.rawValue,
                nonce: nonce.nonce(sequence),
                additionalData: additionalData.span,
                into: &output,
                at: offset &+ RecordSize.header
            )
        } else {
            var body = offset &+ RecordSize.header
            if form == .explicit {
                for index in 0..<RecordSize.explicitNonce {
                    let shift = UInt64(56 &- 8 &* index)
                    output[body &+ index] = UInt8(truncatingIfNeeded: sequence >> shift)
                }
                body &+= RecordSize.explicitNonce
            }
            let additionalData = additionalDataTLS12(sequence: sequence, type: type, length: count)
            let sealed = try aead.seal(
                fragment,
                trailer: nil,
                nonce: nonce.nonce(sequence),
                additionalData: additionalData.span,
                into: &output,
                at: body
            )
            written = body &- offset &- RecordSize.header &+ sealed
            RecordHeader.write(type, version: 0x0303, length: written, into: &output, at: offset)
        }
        sequence &+= 1
        return RecordSize.header &+ written
    }
}
