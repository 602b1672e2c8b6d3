// SPDX-License-Identifier: Apache-2.0

import Foundation
import TLSCertificates
import TLSCrypto
import Testing

@testable import SafeTLS

/// What somebody gets who says nothing, as text: a change of it is a difference in `Defaults.txt` that a reader sees.
///
/// ML-DSA, which depends on libcrypto, is left out: ``schemes`` looks at it.
///
/// `SAFETLS_RECORD=1 swift test --filter DefaultsTests` writes the text anew.
@Suite("Default configurations")
struct DefaultsTests {
    private static let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    private static let file = directory.appendingPathComponent("Defaults.txt")

    @Test("Are as they were written down")
    func snapshot() throws {
        let text = try Self.text()
        if ProcessInfo.processInfo.environment["SAFETLS_RECORD"] != nil {
            try Data(text.utf8).write(to: Self.file)
        }
        let recorded = try String(contentsOf: Self.file, encoding: .utf8)
        let (old, new) = (recorded.split(separator: "\n"), text.split(separator: "\n"))
        let changes = new.difference(from: old).map { change in
            switch change {
            case .insert(_, let line, _): "+ \(line)"
            case .remove(_, let line, _): "- \(line)"
            }
        }
        #expect(recorded == text, "\(changes.joined(separator: "\n"))")
    }

    @Test("Signature schemes are those, and ML-DSA behind them where libcrypto has it")
    func schemes() throws {
        let all = SignatureScheme.classical + (MLDSAParameterSet.isAvailable ? SignatureScheme.postQuantum : [])
        #expect(SignatureScheme.supported == all)
        #expect(ServerOptions().signatureSchemes == all)
        #expect(ClientOptions().signatureSchemes == all && ClientOptions().signingSchemes == all)
        #expect(ClientAuthentication(.required, trustAnchors: TestCredentials.anchors).signatureSchemes == all)
    }

    @Test("Every limit is written down")
    func limitsAreComplete() throws {
        let source = Self.directory.appendingPathComponent("../../../Sources/SafeTLS/Configuration/TLSLimits.swift")
        let names = try String(contentsOf: source, encoding: .utf8).split(separator: "\n").compactMap { line in
            line.firstMatch(of: /static let (\w+)/).map { String($0.output.1) }
        }
        #expect(!names.isEmpty && names == Self.limits.map(\.name))
    }

    // MARK: - The text

    private static func text() throws -> String {
        let sections = [
            ("ServerOptions", fields(of: ServerOptions())),
            ("ClientOptions", fields(of: ClientOptions())),
            ("EarlyDataOptions", fields(of: EarlyDataOptions(replayProtection: nil))),
            (
                "ClientAuthentication",
                fields(of: ClientAuthentication(.required, trustAnchors: TestCredentials.anchors))
            ),
            ("RevocationPolicy", fields(of: RevocationPolicy(lists: CertificateRevocationLists([])))),
            ("TLSLimits", limits.map { "\($0.name): \($0.value)" }),
            ("ClientHello", try clientHello()),
        ]
        return sections.map { name, lines in "[\(name)]\n\(lines.joined(separator: "\n"))\n" }.joined(separator: "\n")
    }

    /// The stored properties of a value, one a line, those that are lists with one element a line.
    private static func fields(of value: Any, indentation: String = "") -> [String] {
        Mirror(reflecting: value).children.flatMap { name, value in
            let name = indentation + (name ?? "?")
            let mirror = Mirror(reflecting: value)
            switch mirror.displayStyle {
            case .collection where !mirror.children.isEmpty:
                let elements = mirror.children.map(\.value).filter { value in
                    !SignatureScheme.postQuantum.contains { "\(value)" == $0.name }
                }
                return ["\(name):"] + elements.map { "\(indentation)    \($0)" }
            case .struct where !(value is any CustomStringConvertible) && !mirror.children.isEmpty:
                return ["\(name):"] + fields(of: value, indentation: indentation + "    ")
            case .class: return ["\(name): \(type(of: value))"]
            default: return ["\(name): \(value)"]
            }
        }
    }

    /// What a client with default options says first: suites, groups, shares, schemes, and the order of its extensions.
    private static func clientHello() throws -> [String] {
        var options = ClientOptions()
        options.random = SeededRandom(seed: 1)
        options.signatureSchemes.removeAll(where: SignatureScheme.postQuantum.contains)
        let configuration = try ClientConfiguration(trustAnchors: TestCredentials.anchors, options: options)
        let name = try #require(ServerName("localhost"))
        var client = try ClientSession(configuration: configuration, serverName: name)
        let record = Loopback.output(&client)
        let message = Array(record.dropFirst(RecordSize.header))
        let hello = try ClientHello(message.span.extracting(droppingFirst: HandshakeMessage.headerLength))
        var lines = ["bytes: \(message.count)", "JA4: \(try ClientHelloInfo(message: message).ja4 ?? "none")"]
        lines += ["cipher suites:"] + hello.cipherSuites.array.map { "    \($0)" }
        lines.append("extensions:")
        var extensions = hello.extensions.makeIterator()
        while let next = extensions.next() { lines.append("    \(next.type), \(next.body.count) bytes") }
        lines.append("key shares:")
        if var shares = hello.keyShares?.makeIterator() {
            while let next = shares.next() { lines.append("    \(next.group), \(next.publicKey.count) bytes") }
        }
        return lines
    }

    private static let limits: [(name: String, value: Int)] = [
        ("handshakeMessageLength", Int(TLSLimits.handshakeMessageLength)),
        ("clientHelloLength", Int(TLSLimits.clientHelloLength)),
        ("certificateMessageLength", Int(TLSLimits.certificateMessageLength)),
        ("certificateChainLength", Int(TLSLimits.certificateChainLength)),
        ("hostNameLength", Int(TLSLimits.hostNameLength)),
        ("consecutiveEmptyRecords", Int(TLSLimits.consecutiveEmptyRecords)),
        ("warningAlerts", Int(TLSLimits.warningAlerts)),
        ("renegotiationRequests", Int(TLSLimits.renegotiationRequests)),
        ("ignoredChangeCipherSpecs", Int(TLSLimits.ignoredChangeCipherSpecs)),
        ("consecutiveKeyUpdates", Int(TLSLimits.consecutiveKeyUpdates)),
        ("consecutiveSessionTickets", Int(TLSLimits.consecutiveSessionTickets)),
        ("certificateRequests", Int(TLSLimits.certificateRequests)),
        ("recordsPerKey", Int(TLSLimits.recordsPerKey)),
        ("keyUpdates", Int(TLSLimits.keyUpdates)),
        ("cookieLength", Int(TLSLimits.cookieLength)),
        ("skippedEarlyData", Int(TLSLimits.skippedEarlyData)),
        ("pskIdentities", Int(TLSLimits.pskIdentities)),
        ("pskIdentityLength", Int(TLSLimits.pskIdentityLength)),
        ("ticketsPerHandshake", Int(TLSLimits.ticketsPerHandshake)),
        ("keptTicketCiphers", Int(TLSLimits.keptTicketCiphers)),
        ("keptTicketLength", Int(TLSLimits.keptTicketLength)),
        ("ocspResponseLength", Int(TLSLimits.ocspResponseLength)),
        ("resumedChainLength", Int(TLSLimits.resumedChainLength)),
        ("unspecifiedTicketLifetime", Int(TLSLimits.unspecifiedTicketLifetime)),
        ("sessionAge", Int(TLSLimits.sessionAge)),
        ("waitingCryptoBytes", Int(TLSLimits.waitingCryptoBytes)),
        ("quicTransportParametersLength", Int(TLSLimits.quicTransportParametersLength)),
        ("applicationProtocolLength", Int(TLSLimits.applicationProtocolLength)),
        ("keysPerClientHello", Int(TLSLimits.keysPerClientHello)),
        ("certificateFileLength", Int(TLSLimits.certificateFileLength)),
        ("authorityNamesCompared", Int(TLSLimits.authorityNamesCompared)),
        ("authorityNameBytesCompared", Int(TLSLimits.authorityNameBytesCompared)),
    ]
}
