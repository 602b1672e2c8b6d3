// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// What seals and opens tickets: contexts of the cipher, of which each ticket takes another key, and the hash that derives
/// this, which stays prepared for the master secret.
///
/// To make one takes longer than what it then does for a ticket, so that it is kept for the next. One that has failed must
/// not be.
struct TicketCipher: ~Copyable, Sendable {
    private var hash: KeyedHash
    private var sealer: AEADSealer?
    private var opener: AEADOpener?

    /// Each ticket has a key of its own, which is used once.
    private static let nonce: [12 of UInt8] = .init(repeating: 0)

    init() throws(CryptoError) {
        hash = try KeyedHash(.sha256)
    }

    /// Writes the sealed state behind the header in `ticket`.
    mutating func seal(
        _ state: Span<UInt8>,
        _ header: TicketHeader,
        _ master: borrowing Secret,
        into ticket: inout [UInt8]
    ) throws(CryptoError) {
        var sealer: AEADSealer
        if var kept = self.sealer.take() {
            try kept.replaceKey(pseudorandomKey: master.bytes, info: header.info, &hash)
            sealer = kept
        } else {
            sealer = try AEADSealer(.aes256GCM, pseudorandomKey: master.bytes, info: header.info, &hash)
        }
        var output = ticket.mutableSpan
        _ = try sealer.seal(
            state,
            trailer: nil,
            nonce: Self.nonce,
            additionalData: header.bytes,
            into: &output,
            at: TicketHeader.length
        )
        self.sealer = consume sealer
    }

    /// Opens the state in place.
    ///
    /// - Returns: Its length; nil for what is no ticket of these keys.
    mutating func open(
        _ state: inout Secret,
        _ header: TicketHeader,
        _ master: borrowing Secret
    ) throws(CryptoError) -> Int? {
        var opener: AEADOpener
        if var kept = self.opener.take() {
            try kept.replaceKey(pseudorandomKey: master.bytes, info: header.info, &hash)
            opener = kept
        } else {
            opener = try AEADOpener(.aes256GCM, pseudorandomKey: master.bytes, info: header.info, &hash)
        }
        let all = 0..<state.count
        var length: Int?
        do throws(CryptoError) {
            var bytes = state.mutableBytes
            length = try opener.open(&bytes, range: all, nonce: Self.nonce, additionalData: header.bytes)
        } catch {
            guard error == .authenticationFailed else { throw error }
        }
        self.opener = consume opener
        return length
    }
}

/// The part of a ticket that can be read, behind the label that keys are derived with.
struct TicketHeader {
    /// In bytes: format, epoch and salt.
    static let length = 1 + 4 + saltLength
    static let saltLength = 16

    private static let format: UInt8 = 1
    private static let labelLength = 14
    private var content: [35 of UInt8]

    init(epoch: UInt32, salt: Span<UInt8>) {
        content = .init(repeating: 0)
        for (index, byte) in "safetls ticket".utf8.enumerated() { content[index] = byte }
        content[Self.labelLength] = Self.format
        for index in 0..<4 {
            content[Self.labelLength + 1 + index] = UInt8(truncatingIfNeeded: epoch >> UInt32(24 - 8 * index))
        }
        for index in 0..<min(salt.count, Self.saltLength) { content[Self.labelLength + 5 + index] = salt[index] }
    }

    /// Nil for what is no ticket of this format.
    init?(of ticket: Span<UInt8>) {
        guard ticket.count > Self.length + AEADAlgorithm.tagLength, ticket[0] == Self.format else { return nil }
        self.init(epoch: Self.epoch(of: ticket), salt: ticket.extracting(5..<Self.length))
    }

    /// In which epoch a ticket was made.
    static func epoch(of ticket: Span<UInt8>) -> UInt32 {
        var epoch: UInt32 = 0
        for index in 1..<5 { epoch = epoch << 8 | UInt32(ticket[index]) }
        return epoch
    }

    /// What the key of the ticket is derived with.
    var info: Span<UInt8> {
        @_lifetime(borrow self)
        borrowing get { content.span }
    }

    /// What stands in the ticket, and is authenticated with it.
    var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        borrowing get { content.span.extracting(droppingFirst: Self.labelLength) }
    }
}
