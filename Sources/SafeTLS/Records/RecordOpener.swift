// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// Removes the protection of records in one direction, in the buffer they arrived in or on the way to another.
struct RecordOpener: ~Copyable {
    private var aead: AEADOpener
    private var nonce: RecordNonce
    private let form: NonceForm
    let isTLS13: Bool
    /// The most content that a record may have; in TLS 1.3 its padding counts (RFC 8449 §4).
    var contentLimit = RecordSize.plaintext
    /// The number of records opened under this key.
    private(set) var sequence: UInt64 = 0

    /// TLS 1.3 protection.
    init(tls13 algorithm: AEADAlgorithm, key: Span<UInt8>, iv: Span<UInt8>) throws(CryptoError) {
        aead = try AEADOpener(algorithm, key: key)
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
        aead = try AEADOpener(algorithm, trafficSecret: trafficSecret, &hash)
        nonce = RecordNonce(iv: iv)
        form = .implicit
        isTLS13 = true
    }

    /// Whether ``replaceKeys(trafficSecret:_:)`` makes of this what a new one would be.
    func suits(_ algorithm: AEADAlgorithm) -> Bool { isTLS13 && aead.algorithm == algorithm }

    /// Goes on under the keys of another traffic secret, from the first record on.
    ///
    /// When it throws, the connection is to end.
    mutating func replaceKeys(trafficSecret: Span<UInt8>, _ hash: inout KeyedHash) throws(CryptoError) {
        let iv = try hash.staticIV(trafficSecret: trafficSecret)
        try aead.replaceKey(trafficSecret: trafficSecret, &hash)
        nonce = RecordNonce(iv: iv)
        sequence = 0
    }

    /// TLS 1.2 protection; the IV's length says which form of nonce the suite has.
    init(tls12 algorithm: AEADAlgorithm, key: Span<UInt8>, iv: Span<UInt8>) throws(CryptoError) {
        aead = try AEADOpener(algorithm, key: key)
        nonce = RecordNonce(iv: iv)
        form = iv.count == 4 ? .explicit : .implicit
        isTLS13 = false
    }

    /// A record without its protection.
    struct Opened {
        let type: ContentType
        let content: Range<Int>
    }

    /// Decrypts the record body in `range` of `buffer` in place.
    @inline(__always)
    mutating func open(
        _ buffer: inout MutableSpan<UInt8>,
        range: Range<Int>,
        type: ContentType
    ) throws(TLSError) -> Opened {
        guard sequence < UInt64.max else { throw .internalFailure("the record sequence number is used up") }
        let opened: Opened
        if isTLS13 {
            opened = try openTLS13(&buffer, range: range)
        } else {
            opened = try openTLS12(&buffer, range: range, type: type)
        }
        guard opened.content.count <= contentLimit else { throw .peerMisbehaved(.recordOverflow) }
        sequence &+= 1
        return opened
    }

    @inline(__always)
    private mutating func openTLS13(
        _ buffer: inout MutableSpan<UInt8>,
        range: Range<Int>
    ) throws(TLSError) -> Opened {
        guard range.count > RecordSize.tag else { throw .peerMisbehaved(.badRecordMAC) }
        let additionalData = additionalDataTLS13(length: range.count)
        let nonce = nonce.nonce(sequence)
        let length: Int
        do throws(CryptoError) {
            length = try aead.open(&buffer, range: range, nonce: nonce, additionalData: additionalData.span)
        } catch {
            throw TLSError(error)
        }
        // RFC 9846 §5.4: padding does not make a record longer than the limit and the content type.
        guard length <= contentLimit &+ 1 else { throw .peerMisbehaved(.recordOverflow) }
        // The content type is the last byte that is not zero; a record of zeros only is an error.
        var end = range.lowerBound &+ length
        while end > range.lowerBound {
            end &-= 1
            if buffer[end] != 0 {
                return Opened(type: ContentType(rawValue: buffer[end]), content: range.lowerBound..<end)
            }
        }
        throw .peerMisbehaved(.unexpectedRecord("a record of padding only"))
    }

    @inline(__always)
    private mutating func openTLS12(
        _ buffer: inout MutableSpan<UInt8>,
        range: Range<Int>,
        type: ContentType
    ) throws(TLSError) -> Opened {
        let explicit = form == .explicit ? RecordSize.explicitNonce : 0
        guard range.count >= explicit + RecordSize.tag else { throw .peerMisbehaved(.badRecordMAC) }
        let body = range.lowerBound &+ explicit..<range.upperBound
        let additionalData = additionalDataTLS12(sequence: sequence, type: type, length: body.count &- RecordSize.tag)
        var number = sequence
        if form == .explicit {
            // The peer is free in how it makes the explicit part (RFC 5288 §3).
            number = 0
            for index in 0..<RecordSize.explicitNonce {
                number = number << 8 | UInt64(buffer[range.lowerBound &+ index])
            }
        }
        do throws(CryptoError) {
            let length = try aead.open(
                &buffer,
                range: body,
                nonce: nonce.nonce(number),
                additionalData: additionalData.span
            )
            return Opened(type: type, content: body.lowerBound..<body.lowerBound &+ length)
        } catch {
            throw TLSError(error)
        }
    }
}

// MARK: To another buffer

// The same rules, by themselves: what both ways would share costs the one in place two instructions in a hundred.
extension RecordOpener {
    /// Decrypts the record body in `range` of `input` to the front of `output`, where the content lies then.
    @inline(__always)
    mutating func open(
        _ input: Span<UInt8>,
        range: Range<Int>,
        type: ContentType,
        into output: inout MutableSpan<UInt8>
    ) throws(TLSError) -> Opened {
        let body = try protectedPart(of: range)
        let nonce = nonce(of: input, range)
        let length: Int
        do throws(CryptoError) {
            if isTLS13 {
                let data = additionalDataTLS13(length: body.count)
                length = try aead.open(input, range: body, nonce: nonce, additionalData: data.span, into: &output)
            } else {
                let data = additionalDataTLS12(sequence: sequence, type: type, length: body.count &- RecordSize.tag)
                length = try aead.open(input, range: body, nonce: nonce, additionalData: data.span, into: &output)
            }
        } catch {
            throw TLSError(error)
        }
        return try opened(output.span, 0..<length, type)
    }

    /// Where ciphertext and tag lie in a record body: behind the explicit part of the nonce.
    private func protectedPart(of range: Range<Int>) throws(TLSError) -> Range<Int> {
        guard sequence < UInt64.max else { throw .internalFailure("the record sequence number is used up") }
        guard !isTLS13 else {
            guard range.count > RecordSize.tag else { throw .peerMisbehaved(.badRecordMAC) }
            return range
        }
        let explicit = form == .explicit ? RecordSize.explicitNonce : 0
        guard range.count >= explicit + RecordSize.tag else { throw .peerMisbehaved(.badRecordMAC) }
        return range.lowerBound &+ explicit..<range.upperBound
    }

    private func nonce(of bytes: Span<UInt8>, _ range: Range<Int>) -> [12 of UInt8] {
        guard form == .explicit else { return nonce.nonce(sequence) }
        // The peer is free in how it makes the explicit part (RFC 5288 §3).
        var number: UInt64 = 0
        for index in 0..<RecordSize.explicitNonce {
            number = number << 8 | UInt64(bytes[range.lowerBound &+ index])
        }
        return nonce.nonce(number)
    }

    /// What a record holds that was decrypted to `range`.
    private mutating func opened(
        _ bytes: Span<UInt8>,
        _ range: Range<Int>,
        _ type: ContentType
    ) throws(TLSError) -> Opened {
        let opened = isTLS13 ? try unpadded(bytes, range) : Opened(type: type, content: range)
        guard opened.content.count <= contentLimit else { throw .peerMisbehaved(.recordOverflow) }
        sequence &+= 1
        return opened
    }

    private func unpadded(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(TLSError) -> Opened {
        // RFC 9846 §5.4: padding does not make a record longer than the limit and the content type.
        guard range.count <= contentLimit &+ 1 else { throw .peerMisbehaved(.recordOverflow) }
        // The content type is the last byte that is not zero; a record of zeros only is an error.
        var end = range.upperBound
        while end > range.lowerBound {
            end &-= 1
            if bytes[end] != 0 {
                return Opened(type: ContentType(rawValue: bytes[end]), content: range.lowerBound..<end)
            }
        }
        throw .peerMisbehaved(.unexpectedRecord("a record of padding only"))
    }
}
