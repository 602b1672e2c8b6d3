// SPDX-License-Identifier: Apache-2.0

import SafeTLS

/// Whose TLS a channel has.
enum Stack: String, CaseIterable, Sendable {
    /// None: what SwiftNIO itself costs for the same bytes.
    case nio
    /// SafeTLS without SwiftNIO: a session, and buffers that are reused.
    case session
    /// SafeTLSNIO's handlers.
    case safetls
    /// BoringSSL in swift-nio-ssl's handlers.
    case boringssl
}

/// What both stacks are to agree on: AES-128-GCM, a P-256 chain of leaf and intermediate under a root that the client trusts.
struct Setting: Hashable, Sendable {
    enum Mode: String, CaseIterable, Sendable {
        /// X25519. SafeTLS knows the intermediate from the connection before, but not the leaf, which it was shown under another name:
        /// of three signatures it checks two. swift-nio-ssl has nothing like that.
        case full
        /// X25519, and the client has to verify all of a chain that it has not met before: leaf, intermediate, and what the root has signed.
        case stranger
        /// X25519, and the client shows a chain of the same kind.
        case mutual
        /// X25519MLKEM768.
        case hybrid
    }

    var version = ProtocolVersion.tls13
    var mode = Mode.full

    var name: String { (version == .tls12 ? "tls12" : "tls13") + "-" + mode.rawValue }

    static let all: [Setting] =
        Mode.allCases.map { Setting(mode: $0) }
        + [Mode.full, .stranger, .mutual].map { Setting(version: .tls12, mode: $0) }

    static let versions = [Setting(), Setting(version: .tls12)]
}

/// What was expected did not happen.
struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
