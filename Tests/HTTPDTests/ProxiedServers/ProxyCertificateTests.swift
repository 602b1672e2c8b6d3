// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// What is made of the certificates of proxied servers.
extension ProxyTests {
    /// Servers whose certificates have no alternative names, by a sub-authority that may certify `good.test` alone.
    private static let commonNames = Result {
        let directory = try TemporaryDirectory.make("common-names")
        let script = """
            set -eu
            cd '\(directory.path)'
            make_key() { openssl ecparam -name prime256v1 -genkey -noout -out $1.key; }
            make_key ca
            openssl req -x509 -new -key ca.key -subj /CN=ca -days 30 -out ca.pem -addext keyUsage=critical,keyCertSign
            # sign NAME COMMON-NAME ISSUER EXTENSIONS
            sign() {
                make_key $1
                openssl req -new -utf8 -key $1.key -subj "/CN=$2" -out $1.csr
                printf '%b\\n' "$4" > $1.ext
                openssl x509 -req -in $1.csr -CA $3.pem -CAkey $3.key -set_serial 0x$(openssl rand -hex 8) -days 30 \
                    -extfile $1.ext -out $1.pem
            }
            sign sub sub ca "basicConstraints=critical,CA:TRUE\\nnameConstraints=critical,permitted;DNS:good.test"
            sign victim victim.test sub ''
            sign wild-victim '*.victim.test' sub ''
            sign good www.good.test sub ''
            sign plain victim.test ca ''
            sign kelvin "$(printf 'bac\\342\\204\\252up.test')" ca ''
            sign any '*.com' ca ''
            sign wild '*.example.com' ca ''
            for name in victim wild-victim good; do cat sub.pem >> $name.pem; done
            """
        _ = try ChildProcess.check("/bin/sh", ["-c", script])
        return directory
    }

    /// What is shown, to whom wants which name, and whether mod_ssl and mod_tls's directives take it.
    @Test(
        arguments: [
            ("victim", "victim.test", false), ("wild-victim", "www.victim.test", false),
            ("good", "www.good.test", true),
            ("plain", "victim.test", true), ("kelvin", "backup.test", false), ("any", "example.com", false),
            ("wild", "www.example.com", true), ("wild", "example.com", false),
        ] as [(String, String, Bool)]
    )
    func commonNamesOfServers(_ shown: String, _ name: String, _ isTakenBySSL: Bool) throws {
        let directory = try Self.commonNames.get().path
        let (port, backend) = try Self.backend(
            "p256",
            [
                "-cert", "\(directory)/\(shown).pem", "-cert_chain", "\(directory)/\(shown).pem",
                "-key", "\(directory)/\(shown).key",
            ]
        )
        defer { backend.terminate() }
        let faces: [(HTTPServer.Face, String, Bool)] = [
            (
                .ssl,
                """
                SSLProxyEngine on
                SSLProxyVerify require
                SSLProxyVerifyDepth 3
                SSLProxyCACertificateFile \(directory)/ca.pem
                """, isTakenBySSL
            ),
            (.tls, "TLSProxyEngine on\nTLSProxyCA \(directory)/ca.pem", false),
        ]
        for (face, directives, isTaken) in faces {
            let server = try Self.front(face, to: "https://localhost:\(port)/", "ProxyPreserveHost on\n" + directives)
            let status = try curl([
                "--output", "/dev/null", "--write-out", "%{http_code}", "--header", "Host: \(name)",
                "http://localhost:\(server.port)/",
            ]).text
            #expect(status == (isTaken ? "200" : "500"), "\(face): \(server.errorLog)")
            try server.stop()
        }
    }

    /// Certificate policies, and names that are written differently.
    @Test(arguments: PathCertificates.chains) func policiesAndNames(_ chain: PathCertificates.Chain) throws {
        let certificates = try PathCertificates.shared()
        let identity = certificates.identity(chain.name)
        let (port, backend) = try Self.backend(
            "p256",
            [
                "-cert", identity.certificate.path, "-cert_chain", identity.certificate.path, "-key", identity.key.path,
            ]
        )
        defer { backend.terminate() }
        let server = try Self.front(
            .ssl,
            to: "https://localhost:\(port)/",
            """
            SSLProxyEngine on
            SSLProxyVerify require
            SSLProxyVerifyDepth 3
            SSLProxyCACertificateFile \(certificates.authority.path)
            """
        )
        #expect(try Self.status(server) == (chain.words == nil ? "200" : "500"), "\(server.errorLog)")
        try server.stop()
        if let words = chain.words { #expect(server.errorLog.contains(words), "\(server.errorLog)") }
    }

    /// What appliances make: usages without signatures, keys and numbers of odd lengths, extensions that are malformed.
    private static let odd = Result {
        let directory = try TemporaryDirectory.make("appliances")
        let vectors = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Vectors/certificates").path
        let script = """
            set -eu
            cd '\(directory.path)'
            make_key() { openssl ecparam -name prime256v1 -genkey -noout -out $1.key; }
            make_key ca
            openssl req -x509 -new -key ca.key -subj /CN=ca -days 30 -out ca.pem -addext keyUsage=critical,keyCertSign
            # sign NAME EXTENSIONS [SERIAL]
            sign() {
                [ -e $1.key ] || make_key $1
                openssl req -new -key $1.key -subj /CN=localhost -out $1.csr
                printf '%b\\n' "$2" > $1.ext
                openssl x509 -req -in $1.csr -CA ca.pem -CAkey ca.key -set_serial ${3:-1} -days 30 -extfile $1.ext -out $1.pem
            }
            names=subjectAltName=DNS:localhost
            openssl genrsa -out encipherment.key 2048
            openssl genrsa -out authority.key 2048
            openssl genrsa -out short.key 2047
            cp '\(vectors)/rsa8448.key' long.key
            sign long "$names"
            sign encipherment "$names\\nkeyUsage=critical,keyEncipherment"
            sign authority "$names\\nkeyUsage=critical,keyCertSign,cRLSign\\nbasicConstraints=critical,CA:TRUE"
            sign short "$names"
            sign agreement "$names\\nkeyUsage=keyAgreement"
            sign serial "$names" 0x$(openssl rand -hex 40)
            sign no-names 2.5.29.17=DER:3000
            sign malformed-names 2.5.29.17=DER:0500
            sign boolean "$names\\n2.5.29.19=DER:3003010101"
            sign malformed-usage "$names\\n2.5.29.15=DER:0500"
            sign critical "$names\\n1.2.3.4=critical,DER:0500"
            make_key compressed.plain
            openssl ec -in compressed.plain.key -conv_form compressed -out compressed.key
            sign compressed "$names"
            """
        _ = try ChildProcess.check("/bin/sh", ["-c", script])
        return directory
    }

    /// What isn't verified isn't judged; what is verified is judged as OpenSSL does it.
    @Test(
        arguments: [
            ("encipherment", true), ("authority", false), ("short", true), ("agreement", true), ("serial", true),
            ("no-names", true), ("malformed-names", false), ("boolean", true), ("malformed-usage", false),
            ("critical", false), ("compressed", true), ("long", false),
        ] as [(String, Bool)]
    )
    func certificatesOfAppliances(_ shown: String, _ isVerified: Bool) throws {
        let directory = try Self.odd.get().path
        // With TLS 1.2 OpenSSL's server itself doesn't use certificates whose usage it cannot read, or has no signatures.
        for version in ["-tls1_3"]
            + (["encipherment", "short", "serial", "long", "compressed"].contains(shown) ? ["-tls1_2"] : [])
        {
            let (port, backend) = try Self.backend(
                "p256",
                ["-cert", "\(directory)/\(shown).pem", "-key", "\(directory)/\(shown).key", version]
            )
            defer { backend.terminate() }
            for (directives, isTaken) in [
                ("", true), ("SSLProxyVerify require\nSSLProxyCACertificateFile \(directory)/ca.pem", isVerified),
            ] {
                let server = try Self.front(.ssl, to: "https://localhost:\(port)/", "SSLProxyEngine on\n" + directives)
                #expect(
                    try Self.status(server) == (isTaken ? "200" : "500"),
                    "\(version) \(directives)\n\(server.errorLog)"
                )
                try server.stop()
            }
        }
    }
}
