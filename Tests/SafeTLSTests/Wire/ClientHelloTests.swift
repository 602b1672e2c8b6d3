// SPDX-License-Identifier: Apache-2.0

import TLSCrypto
import Testing

@testable import SafeTLS

@Suite struct ClientHelloTests {
    /// A ClientHello's body around raw parts.
    private func body(
        sessionID: [UInt8] = [],
        suites: [UInt8] = [0x13, 0x01],
        compression: [UInt8] = [0],
        extensions: [(UInt16, [UInt8])]
    ) -> [UInt8] {
        var writer = ByteWriter()
        writer.append(UInt16(0x0303))
        writer.append([UInt8](repeating: 0, count: 32))
        writer.vector8(sessionID)
        writer.vector16(suites)
        writer.vector8(compression)
        writer.vector16 { list in
            for (type, content) in extensions {
                list.append(type)
                list.vector16(content)
            }
        }
        return writer.takeBytes()
    }

    private func failure(_ body: [UInt8]) -> DecodeError? {
        do throws(DecodeError) {
            _ = try ClientHello(body.span)
            return nil
        } catch {
            return error
        }
    }

    @Test func `GREASE is kept everywhere`() throws {
        let bytes = body(
            suites: [0x0A, 0x0A, 0x13, 0x01],
            extensions: [
                (0x2A2A, []),
                (10, [0, 4, 0x3A, 0x3A, 0, 29]),
                (43, [4, 0x4A, 0x4A, 3, 4]),
                (51, [0, 10, 0x3A, 0x3A, 0, 1, 0, 0, 29, 0, 1, 9]),
                (13, [0, 4, 0x5A, 0x5A, 8, 7]),
                (16, [0, 6, 2, 0x6A, 0x6A, 2, 0x68, 0x32]),
                (45, [2, 0x0B, 1]),
                (0x7A7A, [0]),
            ]
        )
        let hello = try ClientHello(bytes.span)
        #expect(hello.cipherSuites.array.map(\.rawValue) == [0x0A0A, 0x1301])
        #expect(hello.supportedGroups?.array.map(\.rawValue) == [0x3A3A, 29])
        #expect(hello.supportedVersions?.array.map(\.rawValue) == [0x4A4A, 0x0304])
        #expect(hello.signatureAlgorithms?.array.map(\.rawValue) == [0x5A5A, 0x0807])
        #expect(hello.applicationProtocols?.array == [[0x6A, 0x6A], [0x68, 0x32]])
        #expect(hello.applicationProtocols?.first(preferring: ["http/1.1", "h2"]) == "h2")
        #expect(hello.applicationProtocols?.first(preferring: ["h"]) == nil)
        #expect(hello.supportedVersions?.first(preferring: [.tls12, .tls13]) == .tls13)
        #expect(hello.keyShares?.count == 2)
        #expect(copyBytes(hello.keyShares?.publicKey(for: .x25519)) == [9])
        #expect(hello.allows(.pskWithDHE) && hello.offersTLS13)
        #expect(copyBytes(hello.extensions.body(of: ExtensionType(rawValue: 0x2A2A))) == [])
        #expect(copyBytes(hello.extensions.body(of: ExtensionType(rawValue: 0x7A7A))) == [0])
        #expect(copyBytes(hello.extensions.body(of: ExtensionType(rawValue: 0x8A8A))) == nil)
    }

    @Test(arguments: [UInt16(23), 0x2A2A, 0xFF01])
    func `A repeated extension is an illegal parameter`(_ type: UInt16) {
        let content: [UInt8] = type == 0xFF01 ? [0] : []
        let error = failure(body(extensions: [(type, content), (35, []), (type, content)]))
        #expect(error == .duplicateExtension(ExtensionType(rawValue: type)))
        #expect(error?.alert == .illegalParameter)
    }

    @Test(arguments: [64, 65, 66, 1_000, 16_000]) func `Unassigned extensions are ignored, whatever their number`(
        _ count: Int
    ) throws {
        let many = (0..<UInt16(count)).map { (0x4000 + $0, [UInt8]()) }
        // Known ones are found among and behind them.
        let all = many + [(0xFF01, [0]), (23, []), (0xFE0D, [])]
        let bytes = body(extensions: all)
        let hello = try ClientHello(bytes.span)
        let finds = (
            hello.supportsSecureRenegotiation, hello.hasExtendedMasterSecret, hello.encryptedClientHello != nil
        )
        #expect(finds == (true, true, true))
        for repeated in [0, count / 2, count - 1, count, count + 1, count + 2] {
            let error = failure(body(extensions: all + [all[repeated]]))
            #expect(error == .duplicateExtension(ExtensionType(rawValue: all[repeated].0)))
        }
    }

    @Test func `A pre-shared key that is not last is an illegal parameter`() {
        let offer: [UInt8] = [0, 7, 0, 1, 1, 0, 0, 0, 0, 0, 33, 32] + [UInt8](repeating: 0, count: 32)
        #expect(failure(body(extensions: [(23, []), (41, offer)])) == nil)
        let error = failure(body(extensions: [(41, offer), (23, [])]))
        #expect(error?.alert == .illegalParameter && error?.extensionType == .preSharedKey)
        let twoIdentities: [UInt8] =
            [0, 14, 0, 1, 1, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 33, 32] + [UInt8](repeating: 0, count: 32)
        #expect(failure(body(extensions: [(41, twoIdentities)]))?.alert == .illegalParameter)
        let shortBinder: [UInt8] = [0, 7, 0, 1, 1, 0, 0, 0, 0, 0, 32, 31] + [UInt8](repeating: 0, count: 31)
        #expect(failure(body(extensions: [(41, shortBinder)]))?.alert == .decodeError)
    }

    struct Case: Sendable, CustomStringConvertible {
        let description: String
        let type: UInt16
        let content: [UInt8]
        var alert = AlertDescription.decodeError
    }

    private static let refused: [Case] = [
        Case(description: "no server name", type: 0, content: [0, 0]),
        Case(description: "empty server_name extension", type: 0, content: []),
        Case(description: "empty host name", type: 0, content: [0, 3, 0, 0, 0]),
        Case(
            description: "two host names",
            type: 0,
            content: [0, 8, 0, 0, 1, 0x61, 0, 0, 1, 0x62],
            alert: .illegalParameter
        ),
        Case(description: "bytes after the server names", type: 0, content: [0, 4, 0, 0, 1, 0x61, 0]),
        Case(description: "no groups", type: 10, content: [0, 0]),
        Case(description: "half a group", type: 10, content: [0, 3, 0, 29, 0]),
        Case(description: "no signature schemes", type: 13, content: [0, 0]),
        Case(description: "no certificate signature schemes", type: 50, content: [0, 0]),
        Case(description: "no versions", type: 43, content: [0]),
        Case(description: "half a version", type: 43, content: [3, 3, 4, 3]),
        Case(description: "no protocol names", type: 16, content: [0, 0]),
        Case(description: "empty protocol name", type: 16, content: [0, 4, 2, 0x68, 0x32, 0]),
        Case(description: "protocol name past its list", type: 16, content: [0, 3, 3, 0x68, 0x32]),
        Case(description: "empty key", type: 51, content: [0, 4, 0, 29, 0, 0]),
        Case(
            description: "two keys for a group",
            type: 51,
            content: [0, 10, 0, 29, 0, 1, 1, 0, 29, 0, 1, 2],
            alert: .illegalParameter
        ),
        Case(
            description: "two hybrid keys",
            type: 51,
            content: [0, 10, 0x11, 0xEC, 0, 1, 1, 0x11, 0xEC, 0, 1, 2],
            alert: .illegalParameter
        ),
        Case(
            description: "two hybrid keys with P-256",
            type: 51,
            content: [0, 10, 0x11, 0xEB, 0, 1, 1, 0x11, 0xEB, 0, 1, 2],
            alert: .illegalParameter
        ),
        Case(
            description: "two hybrid keys with P-384",
            type: 51,
            content: [0, 10, 0x11, 0xED, 0, 1, 1, 0x11, 0xED, 0, 1, 2],
            alert: .illegalParameter
        ),
        Case(description: "empty cookie", type: 44, content: [0, 0]),
        Case(description: "no modes", type: 45, content: [0]),
        Case(description: "no point formats", type: 11, content: [0]),
        Case(description: "no authorities", type: 47, content: [0, 0]),
        Case(description: "empty authority", type: 47, content: [0, 2, 0, 0]),
        Case(description: "fragment length 0", type: 1, content: [0], alert: .illegalParameter),
        Case(description: "fragment length 5", type: 1, content: [5], alert: .illegalParameter),
        Case(description: "record size 63", type: 28, content: [0, 63], alert: .illegalParameter),
        Case(description: "early_data with content", type: 42, content: [0]),
        Case(description: "extended_master_secret with content", type: 23, content: [0]),
        Case(description: "post_handshake_auth with content", type: 49, content: [0]),
        Case(description: "SCT request with content", type: 18, content: [0]),
        Case(description: "status request cut short", type: 5, content: [1, 0, 0, 0]),
        Case(description: "empty status request", type: 5, content: []),
        Case(description: "renegotiation info cut short", type: 0xFF01, content: []),
    ]

    @Test(arguments: refused)
    func `An extension out of its bounds is refused`(_ example: Case) {
        let error = failure(body(extensions: [(example.type, example.content)]))
        #expect(error?.alert == example.alert)
        #expect(error?.extensionType?.rawValue == example.type)
    }

    @Test func `What is allowed at its bounds is taken`() throws {
        let bytes = body(
            sessionID: [UInt8](repeating: 1, count: 32),
            compression: [1, 0],
            extensions: [
                (0, [0, 9, 7, 0, 1, 0x2A, 0, 0, 2, 0x61, 0x62]),
                (51, [0, 0]),
                (5, [2, 0xFF]),
                (28, [0, 64]),
                (1, [4]),
                (35, []),
                (11, [2, 1, 2]),
            ]
        )
        let hello = try ClientHello(bytes.span)
        #expect(hello.legacySessionID.count == 32)
        #expect(copyBytes(hello.serverName) == [0x61, 0x62])
        #expect(hello.keyShares?.count == 0)
        #expect(hello.requestsOCSP == false)
        #expect(hello.recordSizeLimit == 64 && hello.maxFragmentLength == 4)
        #expect(hello.sessionTicket?.count == 0)
        #expect(hello.acceptsUncompressedPoints == false)
        #expect(hello.offersNullCompression && hello.offersOnlyNullCompression == false)
        #expect(hello.supportsSecureRenegotiation == false)
    }

    @Test func `The fixed fields have their bounds`() {
        #expect(failure(body(sessionID: [UInt8](repeating: 1, count: 33), extensions: []))?.alert == .decodeError)
        #expect(failure(body(suites: [], extensions: []))?.alert == .decodeError)
        #expect(failure(body(suites: [0x13, 0x01, 0x13], extensions: []))?.alert == .decodeError)
        #expect(failure(body(compression: [], extensions: []))?.alert == .decodeError)
        #expect(failure(body(extensions: [])) == nil)
    }

    @Test func `Writing too much fails and leaves nothing behind`() {
        let cookie = [UInt8](repeating: 0, count: 65_533)
        var writer = ByteWriter()
        writer.append(UInt8(1))
        let random = [UInt8](repeating: 0, count: 32)
        #expect(throws: EncodeError.self) {
            try ClientHello.write(
                random: random.span,
                legacySessionID: random.span,
                cipherSuites: [.aes128GCMSHA256],
                into: &writer
            ) { $0.cookie(cookie) }
        }
        #expect(writer.bytes == [1])
        #expect(!writer.hasOverflowed)
    }
}
