// SPDX-License-Identifier: Apache-2.0

/// A key share to send, with the bytes it owns (RFC 9846 §4.3.8).
struct KeyShare: Hashable, Sendable {
    let group: NamedGroup
    let publicKey: [UInt8]
}

extension ExtensionWriter {
    private mutating func codePoints<Element: CodePoint>(_ type: ExtensionType, _ elements: [Element]) {
        add(type) { body in
            body.vector16 { list in
                for element in elements {
                    list.append(element.rawValue)
                }
            }
        }
    }

    // MARK: Both sides

    /// The client's list, or the server's one choice (RFC 7301 §3.1).
    mutating func applicationProtocols(_ names: [String]) {
        add(.applicationLayerProtocolNegotiation) { body in
            body.vector16 { list in
                for name in names {
                    list.vector8 { $0.append(name) }
                }
            }
        }
    }

    /// Only the uncompressed format exists for us (RFC 8422 §5.1.2).
    ///
    /// - Parameter inCertificates: Whether certificates may have compressed points, which RFC 4492 §5.1.2 has the same list
    ///   say: peers that go by it would not show theirs, or not take ours. Key shares stay uncompressed.
    mutating func ecPointFormats(compressed inCertificates: Bool = false) {
        add(.ecPointFormats) { $0.vector8(inCertificates ? [0, 1] : [0]) }
    }

    /// Empty on an initial handshake, and we make no other (RFC 5746 §3.4, §3.6).
    mutating func renegotiationInfo() {
        add(.renegotiationInfo) { $0.vector8([UInt8]()) }
    }

    /// Largest record plaintext the sender takes, in bytes (RFC 8449 §4).
    mutating func recordSizeLimit(_ limit: UInt16) {
        add(.recordSizeLimit) { $0.append(limit) }
    }

    /// RFC 6066 §4: 1 for 512 bytes … 4 for 4096.
    mutating func maxFragmentLength(_ code: UInt8) {
        add(.maxFragmentLength) { $0.append(code) }
    }

    /// The sender's transport parameters, which nobody here reads (RFC 9001 §8.2).
    mutating func quicTransportParameters(_ parameters: [UInt8]) {
        add(.quicTransportParameters, body: parameters.span)
    }

    mutating func supportedGroups(_ groups: [NamedGroup]) {
        codePoints(.supportedGroups, groups)
    }

    mutating func signatureAlgorithms(_ schemes: [SignatureScheme]) {
        codePoints(.signatureAlgorithms, schemes)
    }

    mutating func signatureAlgorithmsCert(_ schemes: [SignatureScheme]) {
        codePoints(.signatureAlgorithmsCert, schemes)
    }

    /// The algorithms that the sender decompresses (RFC 8879 §3).
    mutating func certificateCompression(_ algorithms: [CertificateCompressionAlgorithm]) {
        add(.compressCertificate) { body in
            body.vector8 { list in
                for algorithm in algorithms { list.append(algorithm.rawValue) }
            }
        }
    }

    /// The distinguished names in DER (RFC 9846 §4.3.4).
    mutating func certificateAuthorities(_ names: [[UInt8]]) {
        add(.certificateAuthorities) { body in
            body.vector16 { list in
                for name in names {
                    list.vector16(name)
                }
            }
        }
    }

    /// Echoed by the client, chosen by the server (RFC 9846 §4.3.2).
    mutating func cookie(_ cookie: [UInt8]) {
        add(.cookie) { $0.vector16(cookie) }
    }

    // MARK: The client's

    /// One host name, without a trailing dot (RFC 6066 §3).
    mutating func serverName(_ name: String) {
        add(.serverName) { body in
            body.vector16 { list in
                list.append(UInt8(0))
                list.vector16 { $0.append(name) }
            }
        }
    }

    mutating func supportedVersions(_ versions: [ProtocolVersion]) {
        add(.supportedVersions) { body in
            body.vector8 { list in
                for version in versions {
                    list.append(version.rawValue)
                }
            }
        }
    }

    mutating func keyShares(_ shares: [KeyShare]) {
        add(.keyShare) { body in
            body.vector16 { list in
                for share in shares {
                    list.append(share.group.rawValue)
                    list.vector16(share.publicKey)
                }
            }
        }
    }

    /// Identities, and zeros where their binders go (RFC 9846 §4.3.11). The last extension of a ClientHello.
    mutating func preSharedKeys(_ keys: [OfferedKey], at now: Int64) {
        add(.preSharedKey) { body in
            body.vector16 { identities in
                for key in keys {
                    identities.vector16(key.identity)
                    identities.append(key.obfuscatedAge(at: now))
                }
            }
            body.vector16 { binders in
                for key in keys { binders.vector8([UInt8](repeating: 0, count: key.binderLength)) }
            }
        }
    }

    mutating func pskKeyExchangeModes(_ modes: [PSKKeyExchangeMode]) {
        add(.pskKeyExchangeModes) { body in
            body.vector8(modes.map(\.rawValue))
        }
    }

    /// How many tickets the client wants (RFC 9149 §3).
    mutating func ticketRequest(_ request: TicketRequest) {
        add(.ticketRequest) { $0.append([request.newSessionCount, request.resumptionCount]) }
    }

    /// How many tickets the server is going to send (RFC 9149 §3).
    mutating func expectedTickets(_ count: Int) {
        add(.ticketRequest) { $0.append(UInt8(clamping: count)) }
    }

    /// Asks for OCSP, with neither responders nor request extensions (RFC 6066 §8).
    mutating func statusRequest() {
        add(.statusRequest) { $0.append([1, 0, 0, 0, 0]) }
    }

    /// Zeros up to a length (RFC 7685).
    mutating func padding(_ count: Int) {
        add(.padding) { $0.append([UInt8](repeating: 0, count: max(0, count))) }
    }

    // MARK: The server's

    mutating func selectedVersion(_ version: ProtocolVersion) {
        add(.supportedVersions) { $0.append(version.rawValue) }
    }

    mutating func keyShare(_ group: NamedGroup, publicKey: [UInt8]) {
        add(.keyShare) { body in
            body.append(group.rawValue)
            body.vector16(publicKey)
        }
    }

    /// The group a HelloRetryRequest asks for.
    mutating func selectedGroup(_ group: NamedGroup) {
        add(.keyShare) { $0.append(group.rawValue) }
    }

    /// The index of the accepted pre-shared key (RFC 9846 §4.3.11).
    mutating func preSharedKey(selectedIdentity: UInt16) {
        add(.preSharedKey) { $0.append(selectedIdentity) }
    }

    /// In a NewSessionTicket: how much 0-RTT data is accepted, in bytes (RFC 9846 §4.3.10).
    mutating func maximumEarlyDataSize(_ size: UInt32) {
        add(.earlyData) { $0.append(size) }
    }

    /// In a Certificate entry: a DER OCSPResponse (RFC 9846 §4.5.1.1).
    mutating func ocspResponse(_ response: [UInt8]) {
        add(.statusRequest) { body in
            body.append(UInt8(1))
            body.vector24(response)
        }
    }
}
