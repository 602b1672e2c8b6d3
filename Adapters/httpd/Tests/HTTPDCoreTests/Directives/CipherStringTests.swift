// SPDX-License-Identifier: Apache-2.0
import SafeTLS
import Testing

@testable import HTTPDCore

/// Lists of cipher suites, and what `openssl ciphers -s` of OpenSSL 3.0 makes of them, as far as the suites are supported.
@Suite struct CipherStringTests {
    /// Suites by the letter of their key and the cipher: `E128` is ECDHE-ECDSA-AES128-GCM-SHA256, `RC` ChaCha20 with RSA.
    private static let letters: [String: CipherSuite] = [
        "E128": .ecdheECDSAWithAES128GCMSHA256, "R128": .ecdheRSAWithAES128GCMSHA256,
        "E256": .ecdheECDSAWithAES256GCMSHA384, "R256": .ecdheRSAWithAES256GCMSHA384,
        "EC": .ecdheECDSAWithChaCha20Poly1305SHA256, "RC": .ecdheRSAWithChaCha20Poly1305SHA256,
    ]

    private func suites(_ words: String) throws -> [CipherSuite] {
        try words.split(separator: " ").map { try #require(Self.letters[String($0)]) }
    }

    @Test(arguments: [
        // Mozilla's intermediate list of 2019 to 2026, and what certbot installs.
        (
            "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
                + "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
                + "DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384:DHE-RSA-CHACHA20-POLY1305",
            "E128 R128 E256 R256 EC RC"
        ),
        // Mozilla's old list.
        (
            "@SECLEVEL=0:ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES128-GCM-SHA256:"
                + "ECDHE-ECDSA-AES128-SHA256:ECDHE-RSA-AES128-SHA:AES128-GCM-SHA256:AES256-SHA:DES-CBC3-SHA",
            "E128 R128"
        ),
        // The one before that, which old certbot installations have.
        (
            "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-GCM-SHA256:"
                + "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
                + "DHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-SHA256:EDH-RSA-DES-CBC3-SHA:DES-CBC3-SHA:!DSS",
            "EC RC E128 R128 E256 R256"
        ),
        // Debian and Red Hat.
        ("HIGH:!aNULL", "E256 R256 EC RC E128 R128"),
        ("HIGH:MEDIUM:!aNULL:!MD5:!SEED:!IDEA", "E256 R256 EC RC E128 R128"),
        // Bitnami.
        (
            "EECDH+ECDSA+AESGCM EECDH+aRSA+AESGCM EECDH+ECDSA+SHA384 EECDH+ECDSA+SHA256 EECDH+aRSA+SHA384 "
                + "EECDH+aRSA+SHA256 EECDH EDH+aRSA !aNULL !eNULL !LOW !3DES !MD5 !EXP !PSK !SRP !DSS !RC4",
            "E256 E128 R256 R128 EC RC"
        ),
        // Tutorials.
        ("EECDH+AESGCM:EDH+AESGCM:AES256+EECDH:AES256+EDH", "E256 R256 E128 R128"),
        ("ALL:+HIGH:!ADH:!EXP:!SSLv2:!SSLv3:!MEDIUM:!LOW:!NULL:!aNULL", "E256 R256 EC RC E128 R128"),
        (
            "EECDH+CHACHA20:EECDH+AES128:RSA+AES128:EECDH+AES256:RSA+AES256:EECDH+3DES:RSA+3DES:!MD5",
            "EC RC E128 R128 E256 R256"
        ),
    ])
    func listsOfTheWorld(text: String, expected: String) throws {
        #expect(try OpenSSLCipherString.parse(text) == suites(expected))
    }

    @Test(arguments: [
        ("HIGH,!AES128", "E256 R256 EC RC"), ("HIGH !AES128", "E256 R256 EC RC"), ("HIGH;!AES128", "E256 R256 EC RC"),
        ("::HIGH, :", "E256 R256 EC RC E128 R128"), ("HIGH!aNULL!AES128", "E256 R256 EC RC"),
        ("HIGH:!aNULL@STRENGTH", "E256 R256 EC RC E128 R128"),
    ])
    func separators(text: String, expected: String) throws {
        #expect(try OpenSSLCipherString.parse(text) == suites(expected))
    }

    @Test(arguments: [
        ("kEECDH+aECDSA", "E256 EC E128"), ("kECDHE+aRSA", "R256 RC R128"), ("ECDH+AES:!aRSA", "E256 E128"),
        ("AES128+ECDHE", "E128 R128"), ("AESGCM+AES128+ECDSA", "E128"), ("FIPS", "E256 R256 E128 R128"),
        ("TLSv1.2+CHACHA20", "EC RC"), ("AES256", "E256 R256"), ("ECDHE-ECDSA-AES128-GCM-SHA256", "E128"),
        // Of several words joined, each has to be known and to hold.
        ("ECDHE+AESGCM+FOO:CHACHA20", "EC RC"), ("AES128+AES256:CHACHA20+ECDSA", "EC"),
        ("RSA+AES:aRSA+AES", "R256 R128"),
    ])
    func selections(text: String, expected: String) throws {
        #expect(try OpenSSLCipherString.parse(text) == suites(expected))
    }

    @Test(arguments: [
        ("HIGH:!AES128+ECDSA", "E256 R256 EC RC R128"), ("HIGH:-CHACHA20+ECDSA", "E256 R256 RC E128 R128"),
        ("HIGH:!ECDHE-RSA-AES128-GCM-SHA256", "E256 R256 EC RC E128"),
        ("HIGH:+ECDHE-RSA-AES256-GCM-SHA384", "E256 EC RC E128 R128 R256"),
        ("HIGH:+AESGCM:+AES128", "EC RC E256 R256 E128 R128"),
        // What is removed comes back at the end, unless it was removed for good.
        ("HIGH:-AES:AES128", "EC RC E128 R128"), ("HIGH:-AES:!AES128:AES", "EC RC E256 R256"),
        ("!AES128:ALL", "E256 R256 EC RC"), ("ALL:-ALL:CHACHA20", "EC RC"),
        // Moving adds nothing.
        ("AES256:+AES128", "E256 R256"), ("+AES128:AES256", "E256 R256"),
        // A suite is never in the list twice.
        ("HIGH:ECDHE-RSA-AES128-GCM-SHA256", "E256 R256 EC RC E128 R128"),
        ("ECDHE-RSA-AES128-GCM-SHA256:HIGH", "R128 E256 R256 EC RC E128"),
    ])
    func signs(text: String, expected: String) throws {
        #expect(try OpenSSLCipherString.parse(text) == suites(expected))
    }

    @Test(arguments: [
        ("AES128:AES256:@STRENGTH", "E256 R256 E128 R128"), ("HIGH:+aRSA:@STRENGTH", "E256 EC R256 RC E128 R128"),
        ("DEFAULT@SECLEVEL=1", "E256 R256 EC RC E128 R128"), ("HIGH:@SECLEVEL=3", "E256 R256 EC RC E128 R128"),
        ("DEFAULT@SECLEVEL=4", "E256 R256 EC RC"), ("AES256:@SECLEVEL=5:AES128", "E256 R256"),
        ("HIGH:@SECLEVEL=5:@SECLEVEL=0", "E256 R256 EC RC E128 R128"),
    ])
    func commands(text: String, expected: String) throws {
        #expect(try OpenSSLCipherString.parse(text) == suites(expected))
    }

    @Test(arguments: [
        "HIGH:@SECLEVEL=6", "HIGH:@SECLEVEL=", "HIGH:@SECLEVEL=10", "HIGH:@SECLEVEL=-1", "HIGH:@SECLEVEL", "HIGH:@",
        "HIGH:@STRONG",
    ])
    func unknownCommandsAreMistakes(text: String) {
        let error = #expect(throws: DirectiveError.self) { try OpenSSLCipherString.parse(text) }
        #expect(error?.description.contains("unknown command '@") == true)
    }

    /// They stand for a whole policy, which only the beginning of a list can be.
    @Test(arguments: [
        ("PROFILE=SYSTEM", "E256 R256 EC RC E128 R128"), ("PROFILE=SYSTEM:!AES128", "E256 R256 EC RC"),
        ("DEFAULT:!CHACHA20:!aRSA", "E256 E128"), ("CHACHA20:DEFAULT", "EC RC"), ("AES128:PROFILE=SYSTEM", "E128 R128"),
    ])
    func policies(text: String, expected: String) throws {
        #expect(try OpenSSLCipherString.parse(text) == suites(expected))
    }

    @Test(arguments: ["HIGH:!FOO:BAR:+BAZ:-QUX", "RC4-MD5:HIGH:3DES", "HIGH:!AES512", "HIGH:ECDHE-RSA-AES512-GCM-SHA1"])
    func unknownWordsAreIgnored(text: String) throws {
        #expect(try OpenSSLCipherString.parse(text) == suites("E256 R256 EC RC E128 R128"))
    }

    @Test(arguments: [
        "", ":", "!aNULL", "+HIGH", "-HIGH", "RC4", "MEDIUM", "ECDHE+RSA", "TLSv1", "HIGH:!ECDHE", "HIGH:!TLSv1.2",
        "AES128-SHA:DHE-RSA-AES128-GCM-SHA256", "TLS_AES_128_GCM_SHA256", "!ECDSA:DEFAULT", "COMPLEMENTOFDEFAULT",
        "AES128:@SECLEVEL=5",
    ])
    func whatSelectsNothingIsAMistake(text: String) {
        let error = #expect(throws: DirectiveError.self) { try OpenSSLCipherString.parse(text) }
        // The sentence says what was read, and what could be written.
        #expect(error?.description.hasPrefix("'\(text)' selects no cipher suite") == true)
        #expect(error?.description.contains("ECDHE-RSA-AES128-GCM-SHA256") == true)
    }

    @Test(
        arguments: [
            (
                "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256",
                [.aes128GCMSHA256, .aes256GCMSHA384, .chaCha20Poly1305SHA256]
            ),
            (
                "tls_chacha20_poly1305_sha256, TLS_AES_128_GCM_SHA256 TLS_CHACHA20_POLY1305_SHA256",
                [.chaCha20Poly1305SHA256, .aes128GCMSHA256]
            ),
            ("TLS_AES_128_CCM_SHA256:TLS_AES_256_GCM_SHA384:ECDHE-RSA-AES128-GCM-SHA256", [.aes256GCMSHA384]),
        ] as [(String, [CipherSuite])]
    )
    func suitesOfTLS13(text: String, expected: [CipherSuite]) throws {
        #expect(try OpenSSLCipherString.parseTLS13(text) == expected)
    }

    /// There is no language for the suites of TLS 1.3, only names.
    @Test(arguments: ["", "HIGH", "ALL", "TLS_AES_128_CCM_SHA256", "!TLS_AES_128_GCM_SHA256", "AES128-GCM-SHA256"])
    func suitesOfTLS13AreNames(text: String) {
        #expect(throws: DirectiveError.self) { try OpenSSLCipherString.parseTLS13(text) }
    }
}
