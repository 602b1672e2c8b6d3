// SPDX-License-Identifier: Apache-2.0

/// The longest list of one kind that a client can send, in its messages.
struct ListCase {
    let name: String
    /// Bytes of the list itself.
    let size: Int
    /// What the client sends, one message after the other; the last one has the list.
    let messages: [[UInt8]]
    /// Whether the server asks for a certificate.
    var asksForCertificate = false
    /// Whether the driver is asked which configuration the client gets, and looks for what web servers look for.
    var defersHello = false

    static let all: [ListCase] =
        helloLists(version: 0x0304) + helloLists(version: 0x0303) + deferred + certificateLists
}

// MARK: ClientHello

extension ListCase {
    private static func hello(
        _ name: String,
        _ version: Int,
        size: Int,
        _ adjust: (inout HelloBytes) -> Void
    ) -> ListCase {
        var hello = HelloBytes(version: version)
        adjust(&hello)
        let prefix = version == 0x0304 ? "TLS 1.3" : "TLS 1.2"
        return ListCase(name: "\(prefix) \(name)", size: size, messages: [hello.message])
    }

    /// One extension whose body is a list with a length in front, of as many pieces as fit.
    private static func filled(
        _ name: String,
        _ version: Int,
        _ type: Int,
        lengthBytes: Int = 2,
        behind: [UInt8] = [],
        piece: (Int) -> [UInt8]
    ) -> ListCase {
        let room = min(
            HelloBytes(version: version).room(without: type) - lengthBytes - behind.count,
            lengthBytes == 1 ? 255 : 65_535
        )
        let count = room / max(1, piece(0).count)
        let content = ClientBytes.list(count, piece)
        return hello(name, version, size: content.count) { hello in
            let length = lengthBytes == 1 ? [UInt8(content.count)] : ClientBytes.number(content.count)
            hello.set(type, length + content + behind)
        }
    }

    private static func unknown(_ number: Int) -> [UInt8] { ClientBytes.number(0xD000 + number % 0x1000) }

    private static func helloLists(version: Int) -> [ListCase] {
        let name: (Int) -> [UInt8] = { [1, UInt8($0 & 0xFF)] }
        var lists = [
            hello("cipher_suites", version, size: 65_534) { hello in
                hello.suites = ClientBytes.list(32_765, unknown) + hello.suites
            },
            hello("extensions", version, size: 65_000) { hello in
                for number in 0..<16_250 { hello.set(0x4000 + number, []) }
            },
            filled("server_name", version, 0) { _ in [1, 0, 0] },
            hello("server_name, one long name", version, size: 60_000) { hello in
                let text = [UInt8](repeating: UInt8(ascii: "a"), count: 60_000)
                hello.set(0, ClientBytes.vector16([0] + ClientBytes.vector16(text)))
            },
            filled("supported_groups", version, 10) { number in
                number == 30_000 ? [0, 29] : number == 30_001 ? [0, 23] : unknown(number)
            },
            filled("signature_algorithms_cert", version, 50, piece: unknown),
            filled("ALPN, names of one byte", version, 16, piece: name),
            filled("ALPN, names of 255 bytes", version, 16) { number in
                [255, UInt8(number & 0xFF)] + [UInt8](repeating: 0x68, count: 254)
            },
            filled("certificate_authorities", version, 47) { [0, 1, UInt8($0 & 0xFF)] },
            filled("compress_certificate", version, 27, lengthBytes: 1) { ClientBytes.number(0x100 + $0) },
            filled("psk_key_exchange_modes", version, 45, lengthBytes: 1) { [UInt8($0 & 0xFF)] },
            filled("ec_point_formats", version, 11, lengthBytes: 1) { [UInt8($0 & 0xFF)] },
            hello("status_request, responders", version, size: 60_000) { hello in
                hello.set(5, [1] + ClientBytes.vector16(ClientBytes.list(20_000) { _ in [0, 1, 0] }) + [0, 0])
            },
            hello("session_ticket", version, size: 65_000) { $0.set(35, [UInt8](repeating: 1, count: 65_000)) },
        ]
        lists.append(
            hello("supported_versions", version, size: 254) { hello in
                hello.set(
                    43,
                    ClientBytes.vector8(
                        ClientBytes.list(126) { ClientBytes.number(0x7F00 + $0) } + [3, UInt8(version & 0xFF)]
                    )
                )
            }
        )
        lists.append(
            hello("signature_algorithms", version, size: 65_000) { hello in
                hello.set(13, ClientBytes.vector16(ClientBytes.list(32_499, unknown) + [4, 3]))
            }
        )
        guard version == 0x0304 else { return lists }
        let share = [0, 29] + ClientBytes.vector16([9] + [UInt8](repeating: 0, count: 31))
        lists.append(
            hello("key_share", version, size: 65_000) { hello in
                let others = ClientBytes.list((65_000 - share.count) / 5) { unknown($0) + [0, 1, 0] }
                hello.set(51, ClientBytes.vector16(others + share))
            }
        )
        lists.append(
            hello("key_share, none of use (HelloRetryRequest)", version, size: 65_000) { hello in
                hello.set(51, ClientBytes.vector16(ClientBytes.list(13_000) { unknown($0) + [0, 1, 0] }))
            }
        )
        lists.append(
            hello("pre_shared_key", version, size: 40 * 1_600) { hello in
                hello.set(45, [1, 1])
                let identities = ClientBytes.list(1_600) { [0, 1, UInt8($0 & 0xFF), 0, 0, 0, 0] }
                let binders = ClientBytes.list(1_600) { _ in [32] + [UInt8](repeating: 0, count: 32) }
                hello.set(41, ClientBytes.vector16(identities) + ClientBytes.vector16(binders))
            }
        )
        lists.append(
            hello("pre_shared_key, long identities", version, size: 65_000) { hello in
                hello.set(45, [1, 1])
                let identities = ClientBytes.list(5) { _ in
                    ClientBytes.vector16([UInt8](repeating: 1, count: 12_800)) + [0, 0, 0, 0]
                }
                let binders = ClientBytes.list(5) { _ in [32] + [UInt8](repeating: 0, count: 32) }
                hello.set(41, ClientBytes.vector16(identities) + ClientBytes.vector16(binders))
            }
        )
        return lists
    }

    /// The same where a driver chooses by what the client says, as the httpd module does.
    private static var deferred: [ListCase] {
        helloLists(version: 0x0304).map { list in
            var list = ListCase(name: list.name + ", driver asked", size: list.size, messages: list.messages)
            list.defersHello = true
            return list
        }
    }
}

// MARK: Certificate of a client

extension ListCase {
    /// Certificates are in the clear in TLS 1.2, so that no key is needed to send them.
    private static func certificate(_ name: String, _ certificates: [[UInt8]]) -> ListCase {
        let list = certificates.flatMap(ClientBytes.vector24)
        return ListCase(
            name: "TLS 1.2 Certificate, \(name)",
            size: list.count,
            messages: [HelloBytes(version: 0x0303).message, ClientBytes.message(11, ClientBytes.vector24(list))],
            asksForCertificate: true
        )
    }

    private static var certificateLists: [ListCase] {
        let longest = 131_072 - 4 - 3 - 3
        func alternativeNames(_ name: [UInt8]) -> [UInt8] {
            CertificateBytes.certificate(
                extensions: CertificateBytes.alternativeNames(
                    ClientBytes.list((longest - 600) / name.count) { _ in name }
                )
            )
        }
        let small = CertificateBytes.certificate(extensions: CertificateBytes.alternativeNames([0x82, 1, 0x61]))
        let medium = CertificateBytes.certificate(extensions: CertificateBytes.longExtension(1_000))
        let names = CertificateBytes.alternativeNames(ClientBytes.list(320) { _ in [0x82, 1, 0x61] })
        return [
            certificate("100 certificates", [[UInt8]](repeating: medium, count: 100)),
            certificate("100 small certificates", [[UInt8]](repeating: small, count: 100)),
            certificate(
                "100 certificates with 320 short names each",
                [[UInt8]](repeating: CertificateBytes.certificate(extensions: names), count: 100)
            ),
            certificate("101 certificates", [[UInt8]](repeating: small, count: 101)),
            certificate("empty names in subjectAltName", [alternativeNames([0x82, 0])]),
            certificate(
                "8192 names in subjectAltName",
                [
                    CertificateBytes.certificate(
                        extensions: CertificateBytes.alternativeNames(
                            ClientBytes.list(8192) { _ in [0x82, 13] + Array("a.example.com".utf8) }
                        )
                    )
                ]
            ),
            certificate("short names in subjectAltName", [alternativeNames([0x82, 1, 0x61])]),
            certificate("directory names in subjectAltName", [alternativeNames([0xA4, 2, 0x30, 0])]),
            certificate(
                "attributes of a subject",
                [CertificateBytes.certificate(subjectAttributes: (longest - 600) / 11)]
            ),
            certificate(
                "extensions",
                [CertificateBytes.certificate(extensions: CertificateBytes.unknownExtensions(128))]
            ),
            certificate(
                "too many extensions",
                [CertificateBytes.certificate(extensions: CertificateBytes.unknownExtensions(9_000))]
            ),
        ]
    }
}
