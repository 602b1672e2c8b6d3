// SPDX-License-Identifier: Apache-2.0

import SafeTLS
import TLSCrypto

/// A flag of the runner.
struct Flag: Sendable {
    let hasValue: Bool
    let apply: @Sendable (inout Options, String) throws(ShimFailure) -> Void

    /// A flag that is there or not.
    private static func set(_ path: any WritableKeyPath<Options, Bool> & Sendable, to value: Bool = true) -> Flag {
        Flag(hasValue: false) { options, _ throws(ShimFailure) in options[keyPath: path] = value }
    }

    /// A flag that the sessions here satisfy by their nature; the reason stands where it is used.
    private static let satisfied = Flag(hasValue: false) { _, _ throws(ShimFailure) in }

    private static func action(_ body: @escaping @Sendable (inout Options) -> Void) -> Flag {
        Flag(hasValue: false) { options, _ throws(ShimFailure) in body(&options) }
    }

    private static func text(_ body: @escaping @Sendable (inout Options, String) -> Void) -> Flag {
        Flag(hasValue: true) { options, value throws(ShimFailure) in body(&options, value) }
    }

    private static func number(_ body: @escaping @Sendable (inout Options, Int) throws(ShimFailure) -> Void) -> Flag {
        Flag(hasValue: true) { options, value throws(ShimFailure) in
            guard let number = Int(value) else { throw .unimplemented("the number \(value)") }
            try body(&options, number)
        }
    }

    private static func codePoint(_ body: @escaping @Sendable (inout Options, UInt16) throws(ShimFailure) -> Void)
        -> Flag
    {
        number { options, number throws(ShimFailure) in
            guard let value = UInt16(exactly: number) else { throw .unimplemented("the code point \(number)") }
            try body(&options, value)
        }
    }

    /// Every flag that is implemented.
    static let all: [String: Flag] = transport.merging(configuration) { $1 }.merging(actions) { $1 }
        .merging(expectations) { $1 }

    private static let transport: [String: Flag] = [
        "-port": codePoint { options, value throws(ShimFailure) in options.port = value },
        "-shim-id": Flag(hasValue: true) { options, value throws(ShimFailure) in
            guard let number = UInt64(value) else { throw .unimplemented("the number \(value)") }
            options.shimID = number
        },
        "-ipv6": set(\.usesIPv6),
        "-server": set(\.isServer),
        "-async": set(\.isAsync),
        // The session has no call for the handshake alone: data sealed and received drive it.
        "-implicit-handshake": satisfied,
        "-no-op-extra-handshake": satisfied,
        "-handshake-twice": satisfied,
        // Data are lent in the buffer, where they can be looked at any number of times.
        "-peek-then-read": satisfied,
    ]

    private static let configuration: [String: Flag] = [
        "-cert-file": text { $0.certificateFile = $1 },
        "-key-file": text { $0.keyFile = $1 },
        "-trust-cert": text { $0.trustFile = $1 },
        "-min-version": codePoint { options, value throws(ShimFailure) in
            options.minimumVersion = ProtocolVersion(rawValue: value)
        },
        "-max-version": codePoint { options, value throws(ShimFailure) in
            options.maximumVersion = ProtocolVersion(rawValue: value)
        },
        // TLS 1.0 and 1.1 are off in any case.
        "-no-tls1": satisfied,
        "-no-tls11": satisfied,
        "-no-tls12": action { $0.disabledVersions.append(.tls12) },
        "-no-tls13": action { $0.disabledVersions.append(.tls13) },
        "-cipher": text { $0.cipherRule = $1 },
        "-curves": codePoint { options, value throws(ShimFailure) in
            let group = NamedGroup(rawValue: value)
            guard NamedGroup.supported.contains(group) else { throw .unimplemented("the group \(group)") }
            options.groups.append(group)
        },
        "-key-shares": codePoint { options, value throws(ShimFailure) in
            let group = NamedGroup(rawValue: value)
            guard NamedGroup.supported.contains(group) else { throw .unimplemented("the group \(group)") }
            options.keyShares = (options.keyShares ?? []) + [group]
        },
        "-no-key-shares": action { $0.keyShares = [] },
        "-signing-prefs": codePoint { options, value throws(ShimFailure) in
            options.signingSchemes.append(try scheme(value))
        },
        "-verify-prefs": codePoint { options, value throws(ShimFailure) in
            options.verifyingSchemes.append(try scheme(value))
        },
        "-server-preference": set(\.prefersServerOrder),
        "-quic": set(\.usesQUIC),
        "-quic-transport-params": Flag(hasValue: true) { options, value throws(ShimFailure) in
            options.transportParameters = try base64(value)
        },
        "-quic-use-legacy-codepoint": number { options, value throws(ShimFailure) in
            options.usesLegacyTransportParameters = value != 0
        },
        "-expect-quic-transport-params": Flag(hasValue: true) { options, value throws(ShimFailure) in
            options.expectedTransportParameters = try base64(value)
        },
        "-host-name": text { $0.hostName = $1 },
        "-advertise-alpn": Flag(hasValue: true) { options, value throws(ShimFailure) in
            options.advertisedProtocols = try protocolNames(value)
        },
        "-no-ticket": action { $0.givesTickets = false },
        "-enable-ocsp-stapling": set(\.requestsOCSP),
        "-enable-signed-cert-timestamps": set(\.requestsTimestamps),
        "-ocsp-response": Flag(hasValue: true) { options, value throws(ShimFailure) in
            options.ocspResponse = try base64(value)
        },
        "-signed-cert-timestamps": Flag(hasValue: true) { options, value throws(ShimFailure) in
            options.timestamps = try base64(value)
        },
        "-use-ocsp-callback": set(\.usesStatusCallback),
        "-set-ocsp-in-callback": set(\.setsStatusInCallback),
        "-decline-ocsp-callback": set(\.declinesStatus),
        "-fail-ocsp-callback": set(\.failsStatusCallback),
        "-enable-early-data": set(\.enablesEarlyData),
        "-resumption-delay": number { options, value throws(ShimFailure) in options.resumptionDelay = value },
        "-max-send-fragment": number { options, value throws(ShimFailure) in options.fragmentLength = value },
        "-install-cert-compression-algs": action { $0.compressors = TestCompressor.allCases },
        "-install-one-cert-compression-alg": codePoint { options, value throws(ShimFailure) in
            options.compressors = TestCompressor.allCases.filter { $0.rawValue == value }
        },
        "-fallback-scsv": set(\.isFallback),
        "-use-early-callback": set(\.expectsClientHelloRequest),
        "-install-ddos-callback": set(\.expectsClientHelloRequest),
        "-use-old-client-cert-callback": satisfied,
        "-select-alpn": text { $0.selectedProtocol = $1 },
        "-select-empty-alpn": action { $0.selectedProtocol = "" },
        "-decline-alpn": set(\.declinesProtocols),
        "-reject-alpn": set(\.rejectsProtocols),
        "-fail-early-callback": action { $0.rejectsClientHello = .handshakeFailure },
        "-fail-ddos-callback": action { $0.rejectsClientHello = .internalError },
        // A client always verifies.
        "-verify-peer": set(\.verifiesPeer),
        "-require-any-client-certificate": set(\.requiresClientCertificate),
        "-use-client-ca-list": Flag(hasValue: true) { options, value throws(ShimFailure) in
            options.authorities = try names(value)
        },
        // digitalSignature is always required (RFC 9846 §4.5.1.2).
        "-enforce-rsa-key-usage": satisfied,
        "-verify-fail": set(\.rejectsPeer),
        "-use-custom-verify-callback": set(\.usesCustomVerifyCallback),
        "-fail-cert-callback": set(\.failsCertificateCallback),
    ]

    private static let actions: [String: Flag] = [
        "-export-keying-material": number { options, value throws(ShimFailure) in
            options.keyingMaterialCount = value
        },
        "-export-label": text { $0.exporterLabel = $1 },
        "-export-context": text { $0.exporterContext = $1 },
        "-use-export-context": set(\.usesExporterContext),
        "-export-traffic-secrets": set(\.exportsTrafficSecrets),
        "-send-alert": set(\.sendsAlert),
        "-shim-writes-first": set(\.writesFirst),
        "-read-with-unfinished-write": set(\.holdsFirstWrite),
        "-write-different-record-sizes": set(\.writesDifferentSizes),
        "-shim-shuts-down": set(\.shutsDown),
        "-check-close-notify": set(\.checksCloseNotify),
        "-key-update": set(\.updatesKeys),
        "-read-size": number { options, value throws(ShimFailure) in options.readSize = max(1, value) },
    ]

    private static let expectations: [String: Flag] = [
        "-expect-version": codePoint { options, value throws(ShimFailure) in
            options.expectedVersion = ProtocolVersion(rawValue: value)
        },
        "-expect-cipher": codePoint { options, value throws(ShimFailure) in
            options.expectedCipher = CipherSuite(rawValue: value)
        },
        // The library's order does not depend on the machine: it is that for machines with AES instructions.
        "-expect-cipher-aes": codePoint { options, value throws(ShimFailure) in
            options.expectedCipher = CipherSuite(rawValue: value)
        },
        "-expect-cipher-no-aes": Flag(hasValue: true) { _, _ throws(ShimFailure) in },
        "-expect-curve-id": codePoint { options, value throws(ShimFailure) in
            options.expectedGroup = NamedGroup(rawValue: value)
        },
        "-expect-peer-signature-algorithm": codePoint { options, value throws(ShimFailure) in
            options.expectedPeerScheme = SignatureScheme(rawValue: value)
        },
        "-expect-peer-verify-pref": codePoint { options, value throws(ShimFailure) in
            options.expectedPeerSchemes.append(SignatureScheme(rawValue: value))
        },
        "-expect-server-name": text { $0.expectedServerName = $1 },
        "-expect-alpn": text { $0.expectedProtocol = $1 },
        "-expect-advertised-alpn": text { $0.expectedAdvertisedProtocols = $1 },
        "-expect-ocsp-response": Flag(hasValue: true) { options, value throws(ShimFailure) in
            options.expectedOCSPResponse = try base64(value)
        },
        "-expect-signed-cert-timestamps": Flag(hasValue: true) { options, value throws(ShimFailure) in
            options.expectedTimestamps = try base64(value)
        },
        "-expect-client-ca-list": Flag(hasValue: true) { options, value throws(ShimFailure) in
            options.expectedAuthorities = try names(value)
        },
        "-expect-certificate-types": Flag(hasValue: true) { options, value throws(ShimFailure) in
            options.expectedCertificateTypes = try base64(value)
        },
        "-expect-peer-cert-file": text { $0.expectedPeerChain = $1 },
        "-expect-verify-result": set(\.expectsVerifyResult),
        "-expect-session-miss": set(\.expectsSessionMiss),
        "-expect-no-session": set(\.expectsNoSession),
        "-expect-accept-early-data": set(\.expectsEarlyDataAccepted),
        "-expect-reject-early-data": set(\.expectsEarlyDataRejected),
        "-expect-no-offer-early-data": set(\.expectsNoEarlyDataOffer),
        "-expect-ticket-supports-early-data": set(\.expectsTicketForEarlyData),
        "-expect-early-data-reason": text { $0.expectedEarlyDataReason = $1 },
        "-expect-ticket-renewal": set(\.expectsTicketRenewal),
        "-expect-session-id": action { $0.expectsSessionID = true },
        "-expect-no-session-id": action { $0.expectsSessionID = false },
        "-expect-hrr": action { $0.expectsRetry = true },
        "-expect-no-hrr": action { $0.expectsRetry = false },
        "-expect-extended-master-secret": set(\.expectsExtendedMasterSecret),
        "-expect-secure-renegotiation": set(\.expectsSecureRenegotiation),
        "-handshake-never-done": set(\.expectsHandshakeToFail),
    ]

    private static func scheme(_ value: UInt16) throws(ShimFailure) -> SignatureScheme {
        let scheme = SignatureScheme(rawValue: value)
        guard SignatureScheme.supported.contains(scheme) else {
            throw .unimplemented("the signature scheme \(scheme)")
        }
        return scheme
    }

    /// Names in DER and hexadecimal, separated by commas.
    private static func names(_ value: String) throws(ShimFailure) -> [[UInt8]] {
        guard value != "<NULL>" && value != "<EMPTY>" else { return [] }
        var names: [[UInt8]] = []
        for word in value.split(separator: ",") {
            let digits = word.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
            guard digits.count == word.utf8.count, digits.count.isMultiple(of: 2) else {
                throw .unimplemented("the name \(word)")
            }
            names.append(stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) })
        }
        return names
    }

    private static func base64(_ value: String) throws(ShimFailure) -> [UInt8] {
        var decoder = Base64Decoder()
        let text = Array(value.utf8)
        guard decoder.append(text.span), let bytes = decoder.finish() else {
            throw .unimplemented("the base64 \(value)")
        }
        return bytes
    }

    /// Names with their length in front, as they are on the wire.
    private static func protocolNames(_ value: String) throws(ShimFailure) -> [String] {
        var rest = Array(value.utf8)[...]
        var names: [String] = []
        while let length = rest.popFirst() {
            guard rest.count >= length else { throw .unimplemented("a list of protocols that is cut short") }
            names.append(String(decoding: rest.prefix(Int(length)), as: UTF8.self))
            rest = rest.dropFirst(Int(length))
        }
        return names
    }
}
