// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto

/// What a client asked for, for the choice of a configuration.
///
/// Its lists may have tens of thousands of elements, which a stranger chose. They stay in the message: `offers` looks for
/// one element where it lies, and only the properties that are lists make copies.
public struct ClientHelloInfo: Equatable, Sendable {
    /// The name of the server the client wants, in lower case (RFC 6066 §3). Nil when it did not say or the name is
    /// not a valid DNS name.
    public let serverName: String?
    /// That name as it was sent: 1…255 bytes, none of them 0. Nil when the client named no server. May be anything, an
    /// address or control characters: escape it before it is shown.
    public let serverNameBytes: [UInt8]?
    /// The message as it was received, its header of four bytes included. It is well-formed.
    public let message: [UInt8]

    init(message: [UInt8]) throws(TLSError) {
        let hello: ClientHello
        do throws(DecodeError) {
            hello = try ClientHello(message.span.extracting(droppingFirst: HandshakeMessage.headerLength))
        } catch {
            throw TLSError(error, in: .clientHello)
        }
        serverName = hello.dnsName
        serverNameBytes = copyBytes(hello.serverName)
        self.message = message
    }

    private func read<Result>(_ body: (ClientHello) -> Result) -> Result? {
        do throws(DecodeError) {
            return body(try ClientHello(message.span.extracting(droppingFirst: HandshakeMessage.headerLength)))
        } catch {
            // It was read before.
            return nil
        }
    }
}

extension ClientHelloInfo {
    /// A QUIC client's transport parameters (RFC 9001 §8.2), nil in other connections. Nobody has authenticated them yet.
    public var quicTransportParameters: [UInt8]? { read { copyBytes($0.quicTransportParameters) } ?? nil }
}

// MARK: One element

extension ClientHelloInfo {
    /// Whether the client names an application protocol at all (RFC 7301).
    public var offersApplicationProtocols: Bool { read { $0.applicationProtocols != nil } ?? false }

    /// Whether the client names this application protocol.
    public func offers(applicationProtocol name: String) -> Bool {
        let bytes = Array(name.utf8)
        return read { $0.applicationProtocols?.contains(bytes.span) ?? false } ?? false
    }

    /// Whether the client verifies handshake signatures of this scheme.
    public func offers(_ scheme: SignatureScheme) -> Bool {
        read { $0.signatureAlgorithms?.contains(scheme) ?? false } ?? false
    }

    /// Which of these schemes the client verifies handshake signatures of, in the order given: the message is read once.
    public func offered(_ schemes: [SignatureScheme]) -> [SignatureScheme] {
        read { hello in schemes.filter { hello.signatureAlgorithms?.contains($0) ?? false } } ?? []
    }

    /// Whether the client names this cipher suite.
    public func offers(_ suite: CipherSuite) -> Bool { read { $0.cipherSuites.contains(suite) } ?? false }

    /// Whether the client names this key exchange group.
    public func offers(_ group: NamedGroup) -> Bool { read { $0.supportedGroups?.contains(group) ?? false } ?? false }
}

// MARK: Lists

extension ClientHelloInfo {
    /// The first ALPN names in the client's order. Names that are not UTF-8 are left out.
    ///
    /// - Parameter limit: How many names are looked at: what this may cost. Clients send two or three.
    public func applicationProtocols(first limit: Int) -> [String] {
        read { hello in
            guard let offered = hello.applicationProtocols else { return [] }
            var names: [String] = []
            var iterator = offered.makeIterator()
            var count = 0
            while count < limit, let name = iterator.next() {
                if let text = String(validating: copyBytes(name), as: UTF8.self) { names.append(text) }
                count += 1
            }
            return names
        } ?? []
    }

    /// All ALPN names in the client's order (RFC 7301). Names that are not UTF-8 are left out.
    public var applicationProtocols: [String] { applicationProtocols(first: .max) }

    /// Protocol versions, in the client's order. Unknown values are kept, here and below.
    public var supportedVersions: [ProtocolVersion] {
        read { hello in hello.supportedVersions?.array ?? [hello.legacyVersion] } ?? []
    }

    /// Cipher suites, in the client's order.
    public var cipherSuites: [CipherSuite] { read { $0.cipherSuites.array } ?? [] }

    /// Key exchange groups, in the client's order.
    public var supportedGroups: [NamedGroup] { read { $0.supportedGroups?.array ?? [] } ?? [] }

    /// Signature schemes, in the client's order.
    public var signatureSchemes: [SignatureScheme] { read { $0.signatureAlgorithms?.array ?? [] } ?? [] }
}
