// SPDX-License-Identifier: Apache-2.0

/// Bounds on what a peer can make a session store, compute or ignore.
///
/// Every number that is not given by an RFC stands here with its reason, so that nothing in the protocol code
/// grows with what a peer sends.
public enum TLSLimits {
    /// Longest handshake message accepted other than ClientHello and Certificate, in bytes including its 4-byte header.
    ///
    /// 64 KiB is what one extension block can hold.
    public static let handshakeMessageLength = 65_536 + 4

    /// Longest ClientHello accepted, in bytes including its 4-byte header: the longest that its syntax allows (RFC 9846
    /// §4.2.2), with 32,767 cipher suites and a full extension block.
    ///
    /// With post-quantum key shares – 1,216 bytes of X25519MLKEM768, 1,665 of SecP384r1MLKEM1024 – and Encrypted Client Hello
    /// it stays below 4 KiB. What is in it is borrowed, not
    /// copied, so that a long one costs no more than its own length.
    public static let clientHelloLength = 4 + 2 + 32 + (1 + 32) + (2 + 65_534) + (1 + 255) + (2 + 65_535)

    /// Longest Certificate message accepted, compressed or not, in bytes including its header.
    ///
    /// Ten RSA-4096 certificates with long lists of names fit, or fifteen of ML-DSA-87 with some 8 KiB each; the same bound stands
    /// in other stacks.
    public static let certificateMessageLength = 131_072

    /// Most certificates in a peer's chain. Real chains have two to five; what more than that costs is bounded by
    /// ``certificateMessageLength`` here and by the verifier's own limits.
    public static let certificateChainLength = 100

    /// Longest name in a `server_name` extension, in bytes. A DNS name has at most 253 (RFC 1035 §2.3.4); 255 is where
    /// others draw the line.
    public static let hostNameLength = 255

    /// Most consecutive records without content (RFC 9846 §5.4 warns of the cost of empty application data).
    public static let consecutiveEmptyRecords = 32

    /// Most warning alerts in a connection. TLS 1.3 has two of them (close_notify, user_canceled).
    public static let warningAlerts = 4

    /// Most requests to renegotiate in a TLS 1.2 connection: each is answered by a warning (RFC 5246 §7.2.2). Peers that
    /// ask do so once.
    public static let renegotiationRequests = 4

    /// Most compatibility-mode change_cipher_spec records to ignore (RFC 9846 §5). Peers send one.
    public static let ignoredChangeCipherSpecs = 8

    /// Most KeyUpdate messages with no application data in between. Each costs two key derivations.
    public static let consecutiveKeyUpdates = 32

    /// Most NewSessionTicket messages a client reads and forgets with no application data in between.
    public static let consecutiveSessionTickets = 32

    /// Most certificate requests that a client answers after a handshake: each costs a signature.
    public static let certificateRequests = 32

    /// Records sealed under one AES-GCM key before a TLS 1.3 session updates it by itself.
    ///
    /// RFC 9846 §5.5 allows 2^24.5 full-size records; 2^24 is the next round number below.
    static let recordsPerKey: UInt64 = 1 << 24

    /// Most changes of the sending key of a connection (RFC 9846 §4.7.3). How often a peer changes its own is not limited:
    /// the number may grow.
    static let keyUpdates: UInt64 = (1 << 48) - 1

    /// Longest cookie in a HelloRetryRequest that a client echoes, in bytes. It rides in the ClientHello.
    public static let cookieLength = 8_192

    /// Most bytes of 0-RTT data to skip when a client sends it with a PSK that this server does not take
    /// (RFC 9846 §4.3.10). Clients send what fits into a round trip; 64 KiB is above usual ticket limits.
    static let skippedEarlyData = 65_536

    /// Most PSK identities of a ClientHello that a server looks at: each costs a decryption. Clients offer one or two.
    public static let pskIdentities = 5

    /// Longest PSK identity that a server's application is asked about, in bytes: that of an imported key with an identity and a
    /// context of 4,096 bytes each (RFC 9258 §5.1).
    public static let pskIdentityLength = 2 + 4_096 + 2 + 4_096 + 4

    /// Most tickets that a handshake gives. Browsers use one for each of their parallel connections.
    public static let ticketsPerHandshake = 8

    /// How many threads find what they have made their last ticket with, 3 KiB for each of them and each `TicketKeys`; with more,
    /// some make it anew.
    static let keptTicketCiphers = 8

    /// Longest ticket that a client keeps, in bytes: it goes into a ClientHello, beside other extensions.
    static let keptTicketLength = 16_384

    /// Longest OCSP response that is stapled, in bytes. With a certificate of the responder they have some 2 KiB.
    public static let ocspResponseLength = 32_768

    /// Longest client chain that a session keeps for resumption, in bytes: it goes into a ticket, and the ticket into
    /// a ClientHello. Two or three certificates fit; of ML-DSA one, since a longer ClientHello would cost what resuming saves.
    static let resumedChainLength = 8_192

    /// How long a TLS 1.2 ticket is used whose lifetime the server leaves open (RFC 5077 §3.3), in seconds: the 24 hours
    /// of RFC 5246 appendix F.1.4.
    static let unspecifiedTicketLifetime: Int64 = 86_400

    /// Longest time from a full handshake to the last resumption that goes back to it, in seconds: seven days, as
    /// RFC 9846 §4.7.1 says for one ticket.
    static let sessionAge: Int64 = 604_800

    /// Most CRYPTO bytes of QUIC that wait while a session waits for its driver: a peer's Finished, and room for whatever comes
    /// out of turn; it is as much as a QUIC endpoint has to take ahead of what it can use (RFC 9000 §7.5).
    static let waitingCryptoBytes = 4_096

    /// Longest transport parameters that a session sends, in bytes. Stacks send a hundred or two.
    public static let quicTransportParametersLength = 8_192

    /// Longest ALPN protocol name, in bytes (RFC 7301 §3.1).
    static let applicationProtocolLength = 255

    /// Most keys that a client makes for the shares of one ClientHello. A combination and its classical part share a key; a
    /// second one makes up for servers that have neither.
    static let keysPerClientHello = 2

    /// Longest certificate chain or key file read from disk, in bytes.
    public static let certificateFileLength = 4_194_304

    /// How many of the authorities that a server names a client compares whatever the spelling (RFC 5280 §7.1), which
    /// takes a microsecond or two each; the others by their bytes. Servers name some hundred at most.
    static let authorityNamesCompared = 256

    /// How many bytes these names may have together: some 20 to 30 ns are spent on each.
    static let authorityNameBytesCompared = 32_768
}
