// SPDX-License-Identifier: Apache-2.0

import CBenchmarkPeer
import SafeTLS

/// Something that is measured, under a name.
struct Case: Sendable {
    enum Kind: Sendable {
        case handshake(HandshakeCase)
        case records(RecordCase)
        case kem(KEMCase)
        case operations(OperationCase)
        case idle(IdleCase)
        case threads(HandshakeCase)
    }

    var name: String
    var kind: Kind

    static let all: [Case] =
        HandshakeCase.all.map { Case(name: $0.name, kind: .handshake($0)) }
        + RecordCase.all.map { Case(name: $0.name, kind: .records($0)) }
        + IdleCase.all.map { Case(name: $0.name, kind: .idle($0)) }
        + [Case(name: "threads-" + HandshakeCase.ordinary.name, kind: .threads(.ordinary))]
        + OperationCase.all.map { Case(name: $0.name, kind: .operations($0)) }
        + KEMCase.all.map { Case(name: $0.name, kind: .kem($0)) }

    static func named(_ name: String) -> Case? { all.first { $0.name == name } }

    /// Whether it takes long, however little is asked for.
    var isLong: Bool {
        if case .idle(let idle) = kind { idle.connections > 1000 } else { false }
    }

    /// Whether a turn gives a number that does not change from turn to turn.
    var isCounted: Bool { if case .idle = kind { true } else { false } }

    /// The stacks that have a part in it, one after the other in each round.
    var stacks: [Stack] {
        switch kind {
        case .handshake, .records: [.safetls, .libssl, .libcrypto]
        case .idle, .threads: [.safetls, .libssl]
        case .kem: [.safetls, .libcrypto]
        case .operations(let benchmark): benchmark.isOurs ? [.safetls, .libcrypto] : [.libcrypto]
        }
    }
}

/// The kind of key in a certificate chain.
enum Key: Int32, CaseIterable {
    case p256 = 0
    case rsa2048 = 1
    case ed25519 = 2

    var name: String { "\(self)" }
}

/// A record protection algorithm.
enum Cipher: Int32, CaseIterable {
    case aes128GCM = 0
    case aes256GCM = 1
    case chaCha20Poly1305 = 2

    var name: String { "\(self)".lowercased() }

    var suite: CipherSuite {
        switch self {
        case .aes128GCM: .aes128GCMSHA256
        case .aes256GCM: .aes256GCMSHA384
        case .chaCha20Poly1305: .chaCha20Poly1305SHA256
        }
    }
}

/// A kind of handshake, as `enum bench_mode` has them.
enum Mode: Int32, CaseIterable {
    case full = 0
    case ticket, store, mutual, earlyData, retry, hybrid, known

    var name: String { self == .earlyData ? "0rtt" : "\(self)" }

    var isResumed: Bool { self == .ticket || self == .store || self == .earlyData }
}

/// Handshakes of one kind: AES-128-GCM, a chain of leaf and intermediate under a root that the client trusts.
struct HandshakeCase: Sendable {
    var version = ProtocolVersion.tls13
    var mode = Mode.full
    var key = Key.p256
    var cipher = Cipher.aes128GCM

    var name: String { (version == .tls12 ? "tls12-" : "tls13-") + mode.name + "-" + key.name }

    /// The same, as the C side has it.
    var setting: bench_setting {
        bench_setting(
            version: version == .tls12 ? 12 : 13,
            key: key.rawValue,
            mode: mode.rawValue,
            cipher: cipher.rawValue
        )
    }

    static let ordinary = HandshakeCase()

    private static let modesTLS12: [Mode] = [.full, .ticket, .store, .mutual, .known]

    static let all: [HandshakeCase] =
        handshakes(.tls13, Mode.allCases) + handshakes(.tls12, modesTLS12)

    private static func handshakes(_ version: ProtocolVersion, _ modes: [Mode]) -> [HandshakeCase] {
        modes.flatMap { mode in Key.allCases.map { HandshakeCase(version: version, mode: mode, key: $0) } }
    }
}

/// TLS 1.3 records of one size, or writes that become several.
struct RecordCase: Sendable {
    var cipher: Cipher
    var size: Int

    static let largestRecord = 16_384

    var name: String {
        let kind = size > Self.largestRecord ? "write" : "bulk"
        let length = size >= 1 << 20 ? "\(size >> 20)m" : size >= 1024 ? "\(size >> 10)k" : "\(size)"
        return "\(kind)-\(cipher.name)-\(length)"
    }

    /// Operations of one turn.
    var count: Int { max(1, min(256, (1 << 19) / size)) }

    static let all: [RecordCase] = Cipher.allCases.flatMap { cipher in
        [256, 1024, 4096, 16_384, 1 << 20].map { RecordCase(cipher: cipher, size: $0) }
    }
}

/// Connections that have nothing to do.
struct IdleCase: Sendable {
    var version: ProtocolVersion
    var connections: Int

    var name: String { "idle-\(connections)-" + (version == .tls12 ? "tls12" : "tls13") }

    static let all: [IdleCase] = [ProtocolVersion.tls13, .tls12].flatMap { version in
        [1, 100, 10_000].map { IdleCase(version: version, connections: $0) }
    }
}
