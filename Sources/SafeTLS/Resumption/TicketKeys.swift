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
/// Each ticket has a key of its own, so the nonce is constant and no number of tickets wears a key out.
public final class TicketKeys: Sendable {
    /// How long a key is used to make tickets, in seconds.
    public let epochLength: Int64
    private let master: Secret

    private static let format: UInt8 = 1
    private static let saltLength = 16
    private static let headerLength = 1 + 4 + saltLength
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
    /// - Parameter now: The time in UNIX seconds.
    func seal(_ state: Span<UInt8>, at now: Int64, random: any RandomSource) throws(CryptoError) -> [UInt8] {
        var ticket = [UInt8](repeating: 0, count: Self.headerLength + state.count + AEADAlgorithm.tagLength)
        ticket[0] = Self.format
        let epoch = epoch(at: now)
        for index in 0..<4 { ticket[1 + index] = UInt8(truncatingIfNeeded: epoch >> UInt32(24 - 8 * index)) }
        var salt: [16 of UInt8] = .init(repeating: 0)
        do {
            var span = salt.mutableSpan
            try random.fill(&span)
        }
        for index in 0..<Self.saltLength { ticket[5 + index] = salt[index] }
        let info = Self.info(ticket.span)
        let key = try Self.key(master, info)
        var sealer = try AEADSealer(.aes256GCM, key: key.bytes)
        var output = ticket.mutableSpan
        _ = try sealer.seal(
            state,
            trailer: nil,
            nonce: .init(repeating: 0),
            additionalData: info.span.extracting(droppingFirst: Self.label.count),
            into: &output,
            at: Self.headerLength
        )
        return ticket
    }

    /// Reads a ticket; nil when it is not ours, is too old, or was changed.
    func open(_ ticket: Span<UInt8>, at now: Int64) -> Secret? {
        guard ticket.count > Self.headerLength + AEADAlgorithm.tagLength, ticket[0] == Self.format else { return nil }
        var made: UInt32 = 0
        for index in 1..<5 { made = made << 8 | UInt32(ticket[index]) }
        // The next epoch counts too: the clocks of machines that share the secret differ.
        let current = Int64(epoch(at: now))
        guard (current - 1...current + 1).contains(Int64(made)) else { return nil }
        let info = Self.info(ticket)
        var state = Secret(copying: ticket.extracting(Self.headerLength..<ticket.count))
        do throws(CryptoError) {
            let key = try Self.key(master, info)
            var opener = try AEADOpener(.aes256GCM, key: key.bytes)
            let all = 0..<state.count
            let length: Int
            do {
                var bytes = state.mutableBytes
                length = try opener.open(
                    &bytes,
                    range: all,
                    nonce: .init(repeating: 0),
                    additionalData: info.span.extracting(droppingFirst: Self.label.count)
                )
            }
            return Secret(copying: state.bytes.extracting(0..<length))
        } catch {
            return nil
        }
    }

    /// Whether a ticket was made in the epoch of `now`: it will stay readable for as long as a new one.
    func isCurrent(_ ticket: Span<UInt8>, at now: Int64) -> Bool {
        guard ticket.count > Self.headerLength else { return false }
        var made: UInt32 = 0
        for index in 1..<5 { made = made << 8 | UInt32(ticket[index]) }
        return made == epoch(at: now)
    }

    private func epoch(at now: Int64) -> UInt32 { UInt32(truncatingIfNeeded: max(now, 0) / epochLength) }

    /// What the key of a ticket is derived with: the label and the ticket's header, which is also what it authenticates.
    private static func info(_ ticket: Span<UInt8>) -> [UInt8] {
        var info = ByteWriter(reserving: label.count + headerLength)
        info.append(label)
        info.append(ticket.extracting(0..<headerLength))
        return info.takeBytes()
    }

    /// The key of one ticket.
    private static func key(_ master: borrowing Secret, _ info: [UInt8]) throws(CryptoError) -> Secret {
        var hash = try KeyedHash(.sha256)
        return try hash.expand(master.bytes, info: info.span, count: AEADAlgorithm.aes256GCM.keyLength)
    }
}
