// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// What every state of a TLS 1.2 server knows from its ServerHello on.
struct ServerHandshakeTLS12: ~Copyable {
    let context: ServerContext
    var negotiated: NegotiatedParameters
    /// The hash of transcript and PRF.
    let algorithm: HashAlgorithm
    let randoms: Randoms
    let usesExtendedMasterSecret: Bool
    /// The ticket that ServerHello promised.
    let ticket: TicketIssueTLS12?
    /// The ID that ServerHello gave the session.
    let session: SessionIDIssue?
    /// Whether the session can be resumed. Else the promised ticket is empty (RFC 5077 §3.3), and nothing is stored.
    var isResumable = true
    /// The client, as far as it has proved who it is.
    var client = PeerAuthenticated.anonymous
    var transcript: Transcript
}
