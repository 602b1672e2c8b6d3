// SPDX-License-Identifier: Apache-2.0

/// What a server that takes 0-RTT data knows of the connection before its handshake is complete (RFC 9846 §2.3).
struct EarlyConnection: ~Copyable {
    /// What is agreed on when the client's Finished comes.
    let negotiated: NegotiatedParameters
    let exporter: EarlyExporter
}
