// SPDX-License-Identifier: Apache-2.0

import CBenchmarkPeer
import SafeTLS

/// The kind of key in a certificate chain.
enum Key: Int32 {
    case p256 = 0
    case rsa2048 = 1
}

/// A record protection algorithm.
enum Cipher: Int32 {
    case aes128GCM = 0
    case aes256GCM = 1
    case chaCha20Poly1305 = 2

    var suite: CipherSuite {
        switch self {
        case .aes128GCM: .aes128GCMSHA256
        case .aes256GCM: .aes256GCMSHA384
        case .chaCha20Poly1305: .chaCha20Poly1305SHA256
        }
    }
}

/// A full handshake: X25519, AES-128-GCM, a chain of leaf and intermediate that the client verifies.
struct HandshakeCase {
    var name: String
    var key: Key
    var version: ProtocolVersion

    /// The version as the C side counts: 12 or 13.
    var versionNumber: Int32 { version == .tls12 ? 12 : 13 }

    static let all: [HandshakeCase] = [
        .init(name: "tls13-full-p256", key: .p256, version: .tls13),
        .init(name: "tls13-full-rsa2048", key: .rsa2048, version: .tls13),
        .init(name: "tls12-full-p256", key: .p256, version: .tls12),
        .init(name: "tls12-full-rsa2048", key: .rsa2048, version: .tls12),
    ]
}

/// TLS 1.3 records of one size.
struct RecordCase {
    var name: String
    var cipher: Cipher
    var size: Int

    static let all: [RecordCase] = [
        .init(name: "bulk-aes128gcm-16k", cipher: .aes128GCM, size: 16384),
        .init(name: "bulk-aes128gcm-1k", cipher: .aes128GCM, size: 1024),
        .init(name: "bulk-aes256gcm-16k", cipher: .aes256GCM, size: 16384),
        .init(name: "bulk-aes256gcm-1k", cipher: .aes256GCM, size: 1024),
        .init(name: "bulk-chacha20poly1305-16k", cipher: .chaCha20Poly1305, size: 16384),
        .init(name: "bulk-chacha20poly1305-1k", cipher: .chaCha20Poly1305, size: 1024),
    ]
}
