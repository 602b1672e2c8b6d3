// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto

/// The certificates of a client (RFC 9846 §4.5.1, RFC 5246 §7.4.6).
enum ClientChain {
    /// Reads a client's Certificate message; nil for an empty one.
    ///
    /// - Parameter context: What the request had as its context.
    static func read(
        _ message: [UInt8],
        for authenticator: ClientAuthenticator,
        version: ProtocolVersion,
        context: [UInt8]
    ) throws(TLSError) -> PeerChain? {
        let received: CertificateMessage
        do throws(DecodeError) {
            received = try CertificateMessage(
                message.span.extracting(droppingFirst: HandshakeMessage.headerLength),
                version: version
            )
        } catch {
            throw TLSError(error, in: .certificate)
        }
        guard isEqual(received.requestContext, context.span) else {
            throw .peerMisbehaved(.illegalParameter("another context than that of the CertificateRequest"))
        }
        var entries = received.makeIterator()
        while let entry = entries.next() {
            try entry.extensions.checkPlacement(in: .certificate)
            // RFC 9846 §4.5.1: an entry answers extensions of the request, and ours asks for none.
            if let type = entry.extensions.types.firstMissing(from: ExtensionSet()) {
                throw .peerMisbehaved(.unsolicitedExtension(type))
            }
        }
        guard received.count > 0 else { return nil }
        return try PeerChain(received, for: authenticator.verifier, name: nil)
    }
}
