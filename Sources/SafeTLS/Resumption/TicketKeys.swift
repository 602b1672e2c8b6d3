// SPDX-License-Identifier: Apache-2.0

public import TLSCrypto

/// The keys that protect a server's stateless session tickets.
///
/// Every key is derived from one master secret and the time: all processes and machines that share the secret can read
/// each other's tickets without talking, and keys change by themselves. A ticket is readable in the epoch it was made
/// in and in the next one.
///
/// ```
/// ticket = format (1) | epoch (4) | salt (16) | AES-256-GCM (state) with tag
/// key    = HKDF-Expand (master secret, "safetls ticket" | format | epoch | salt)
/// ```
///
/// Each ticket has a key of its own, so the nonce is constant and no number of tickets wears a key out. What derives the keys
/// and encrypts is kept from ticket to ticket, and takes the next one's key; processes that are forked share no key, since
/// salts are random.
public final class TicketKeys: Sendable {
    /// How long a key is used to make tickets, in seconds.
    public let epochLength: Int64
    private let master: Secret
    /// What tickets are made and read with, between tickets.
    private let places = (0..<TLSLimits.keptTicketCiphers).map { _ in SparePlace<TicketCipher>() }

    private static let label = Array("safetls ticket".utf8)

    /// Derives keys from a secret that several servers share.
    ///
    /// - Parameters:
    ///   - sharedSecret: 32 to 4096 bytes that nobody can guess.
    ///   - epochLength: In seconds, from one minute to seven days. Default: one day.
    /// - Throws: `ConfigurationError` when one of them is out of range.
    public init(sharedSecret: Span<UInt8>, epochLength: Int64 = 86_400) throws(ConfigurationError) {
        guard (32...4096).contains(sharedSecret.count) else {
            throw ConfigurationError(reason: "a ticket secret has 32 to 4096 bytes, not \(sharedSecret.count)")
        }
        guard (60...604_800).contains(epochLength) else {
            throw ConfigurationError(reason: "ticket keys change after 60 to 604800 seconds, not \(epochLength)")
        }
        self.epochLength = epochLength
        do throws(CryptoError) {
            var hash = try KeyedHash(.sha256)
            master = try hash.extract(salt: Self.label.span, inputKeyMaterial: sharedSecret)
        } catch {
            throw ConfigurationError(reason: "the ticket keys could not be derived")
        }
    }

    /// Keys from a random secret: tickets are good in this process and in those that it forks.
    public convenience init(
        random: some RandomSource = SystemRandomSource(),
        epochLength: Int64 = 86_400
    ) throws(ConfigurationError) {
        let secret = try Self.randomSecret(random)
        try self.init(sharedSecret: secret.bytes, epochLength: epochLength)
    }

    /// Keys from a file that several machines share. Its bytes are the secret, whatever they are.
    ///
    /// - Throws: `ConfigurationError` that names the file.
    public convenience init(file: String, epochLength: Int64 = 86_400) throws(ConfigurationError) {
        let secret: Secret
        do throws(FileError) {
            secret = try FileBytes.readSecret(file, limit: 4096)
        } catch {
            throw ConfigurationError(file: error.path, reason: "cannot be read: \(error.reason)")
        }
        do throws(ConfigurationError) {
            try self.init(sharedSecret: secret.bytes, epochLength: epochLength)
        } catch {
            throw ConfigurationError(file: file, reason: error.reason)
        }
    }

    private static func randomSecret(_ random: some RandomSource) throws(ConfigurationError) -> Secret {
        var secret = Secret(zeroed: 32)
        do throws(CryptoError) {
            var bytes = secret.mutableBytes
            try random.fill(&bytes)
        } catch {
            throw ConfigurationError(reason: "the random number generator failed")
        }
        return secret
    }

    // MARK: Tickets

    /// Makes a ticket.
    ///
    /// - Parameters:
    ///   - now: The time in UNIX seconds.
    ///   - salt: `TicketHeader.saltLength` random bytes that no other ticket has.
    func seal(_ state: Span<UInt8>, at now: Int64, salt: Span<UInt8>) throws(CryptoError) -> [UInt8] {
        guard salt.count == TicketHeader.saltLength else { throw .internalFailure("a salt of another length") }
        let header = TicketHeader(epoch: epoch(at: now), salt: salt)
        var ticket = zeros(TicketHeader.length + state.count + AEADAlgorithm.tagLength)
        for index in 0..<TicketHeader.length { ticket[index] = header.bytes[index] }
        let place = place
        var cipher = try Self.cipher(place)
        try cipher.seal(state, header, master, into: &ticket)
        place.put(cipher)
        return ticket
    }

    /// Makes a ticket with a salt from `random`.
    func seal(_ state: Span<UInt8>, at now: Int64, random: any RandomSource) throws(CryptoError) -> [UInt8] {
        var salt: [16 of UInt8] = .init(repeating: 0)
        do {
            var span = salt.mutableSpan
            try random.fill(&span)
        }
        return try seal(state, at: now, salt: salt.span)
    }

    /// Reads a ticket; nil when it is not ours, is too old, or was changed.
    func open(_ ticket: Span<UInt8>, at now: Int64) -> Secret? {
        guard let header = TicketHeader(of: ticket) else { return nil }
        // The next epoch counts too: the clocks of machines that share the secret differ.
        let current = Int64(epoch(at: now))
        guard (current - 1...current + 1).contains(Int64(TicketHeader.epoch(of: ticket))) else { return nil }
        var state = Secret(copying: ticket.extracting(TicketHeader.length..<ticket.count))
        let place = place
        do throws(CryptoError) {
            var cipher = try Self.cipher(place)
            let length = try cipher.open(&state, header, master)
            place.put(cipher)
            guard let length else { return nil }
            return Secret(copying: state.bytes.extracting(0..<length))
        } catch {
            return nil
        }
    }

    /// Whether a ticket was made in the epoch of `now`: it will stay readable for as long as a new one.
    func isCurrent(_ ticket: Span<UInt8>, at now: Int64) -> Bool {
        guard ticket.count > TicketHeader.length else { return false }
        return TicketHeader.epoch(of: ticket) == epoch(at: now)
    }

    private func epoch(at now: Int64) -> UInt32 { UInt32(truncatingIfNeeded: max(now, 0) / epochLength) }

    // MARK: Ciphers

    /// Where the running thread finds its cipher: what another one has used last would have to come from the other
    /// processor's cache.
    private var place: SparePlace<TicketCipher> { places[CurrentThread.number(of: places.count)] }

    private static func cipher(_ place: SparePlace<TicketCipher>) throws(CryptoError) -> TicketCipher {
        if let kept = place.take() { return kept }
        return try TicketCipher()
    }
}
