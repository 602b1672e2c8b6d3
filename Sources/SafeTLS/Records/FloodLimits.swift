// SPDX-License-Identifier: Apache-2.0

/// Counts what costs work and carries no data: a peer may do only so much of it.
struct FloodLimits: ~Copyable {
    private var emptyRecords = 0
    private var keyUpdates = 0
    private var sessionTickets = 0
    private var renegotiationRequests = 0
    private var warningAlerts = 0
    private var changeCipherSpecs = 0

    /// Counts application data; the counts of what may not repeat without data start again.
    @inline(__always)
    mutating func countApplicationData(_ length: Int) throws(TLSError) {
        if length == 0 {
            emptyRecords += 1
            guard emptyRecords <= TLSLimits.consecutiveEmptyRecords else {
                throw .peerMisbehaved(.tooMany("empty records"))
            }
        } else {
            emptyRecords = 0
            keyUpdates = 0
            sessionTickets = 0
        }
    }

    /// Expects a KeyUpdate that answers ours: it counts for nothing.
    mutating func expectKeyUpdate() { keyUpdates -= 1 }

    mutating func countKeyUpdate() throws(TLSError) {
        keyUpdates += 1
        guard keyUpdates <= TLSLimits.consecutiveKeyUpdates else { throw .peerMisbehaved(.tooMany("key updates")) }
    }

    mutating func countSessionTicket() throws(TLSError) {
        sessionTickets += 1
        guard sessionTickets <= TLSLimits.consecutiveSessionTickets else {
            throw .peerMisbehaved(.tooMany("session tickets"))
        }
    }

    /// Whether one more ticket is taken where nobody knows of application data: in QUIC, where a connection may last and get
    /// tickets from time to time.
    mutating func takesSessionTicket() -> Bool {
        guard sessionTickets < TLSLimits.consecutiveSessionTickets else { return false }
        sessionTickets += 1
        return true
    }

    /// Counts a HelloRequest, or a ClientHello after the handshake.
    mutating func countRenegotiationRequest() throws(TLSError) {
        renegotiationRequests += 1
        guard renegotiationRequests <= TLSLimits.renegotiationRequests else { throw .peerMisbehaved(.renegotiation) }
    }

    mutating func countWarningAlert() throws(TLSError) {
        warningAlerts += 1
        guard warningAlerts <= TLSLimits.warningAlerts else { throw .peerMisbehaved(.tooMany("warning alerts")) }
    }

    /// Counts a change_cipher_spec record that compatibility mode ignores.
    mutating func countChangeCipherSpec() throws(TLSError) {
        changeCipherSpecs += 1
        guard changeCipherSpecs <= TLSLimits.ignoredChangeCipherSpecs else {
            throw .peerMisbehaved(.tooMany("change_cipher_spec records"))
        }
    }
}
