// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// A private certificate authority and server certificates, made by the `openssl` command once per test run.
package struct TestCertificates: Sendable {
    /// A certificate chain and its key, in PEM files.
    package struct Identity: Sendable {
        package let certificate: URL
        package let key: URL
    }

    /// The kinds of keys that a server certificate can have.
    package enum KeyType: String, CaseIterable, Sendable {
        case ecdsaP256 = "p256"
        case ecdsaP384 = "p384"
        case ecdsaP521 = "p521"
        case ed25519
        case rsa
        case rsaPSS = "rsapss"

        var keyOptions: [String] {
            switch self {
            case .ecdsaP256: ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
            case .ecdsaP384: ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"]
            case .ecdsaP521: ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"]
            case .ed25519: ["-algorithm", "ED25519"]
            case .rsa: ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]
            case .rsaPSS: ["-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"]
            }
        }
    }

    private static let made = Result { try TestCertificates() }

    /// The run's certificates, made at first use.
    package static func shared() throws -> TestCertificates { try made.get() }

    package let directory: URL
    /// The certificate authority of every certificate here but `unknownAuthority`'s.
    package var authority: URL { file("ca.pem") }
    /// An authority that has issued nothing.
    package var unknownAuthority: URL { file("other-ca.pem") }

    /// A certificate for `localhost`, `127.0.0.1` and `::1`.
    package func localhost(_ type: KeyType) -> Identity { identity(type.rawValue) }

    /// A client's certificate, for `client`.
    package func client(_ type: KeyType) -> Identity { identity("client-\(type.rawValue)") }

    /// Issued by an intermediate authority, whose certificate follows in the file.
    package var withIntermediate: Identity { identity("chained") }

    /// Valid until February 2024.
    package var expired: Identity { identity("expired") }

    /// One for `NAME` only, for the names `a.example`, `b.example` and `*.wild.example`.
    package func named(_ name: String) -> Identity { identity(name.replacingOccurrences(of: "*", with: "any")) }

    package func file(_ name: String) -> URL { directory.appendingPathComponent(name) }

    private func identity(_ name: String) -> Identity {
        Identity(certificate: file("\(name).pem"), key: file("\(name).key"))
    }

    private init() throws {
        directory = try TemporaryDirectory.make("certificates")
        try makeAuthority("ca", subject: "SafeTLS test CA")
        try makeAuthority("other-ca", subject: "Another test CA")
        let localhost = "DNS:localhost,IP:127.0.0.1,IP:::1"
        for type in KeyType.allCases {
            try makeServer(type.rawValue, type, subject: "localhost", names: localhost)
            try makeServer(
                "client-\(type.rawValue)",
                type,
                subject: "client",
                names: "email:client@example.org",
                usage: "clientAuth"
            )
        }
        try makeServer(
            "expired",
            .ecdsaP256,
            subject: "localhost",
            names: localhost,
            validity: ("20240101000000Z", "20240201000000Z")
        )
        for name in ["a.example", "b.example", "*.wild.example"] {
            let file = name.replacingOccurrences(of: "*", with: "any")
            try makeServer(file, .ecdsaP256, subject: name, names: "DNS:\(name)")
        }
        try makeIntermediate()
        try makeServer("chained", .ecdsaP256, subject: "localhost", names: localhost, issuer: "intermediate")
        let chain =
            try Data(contentsOf: file("chained.pem")) + Data(contentsOf: file("intermediate.pem"))
        try chain.write(to: file("chained.pem"))
    }

    private func openssl(_ arguments: String...) throws {
        try ChildProcess.check("openssl", arguments, in: directory)
    }

    private func makeKey(_ name: String, _ type: KeyType) throws {
        try ChildProcess.check(
            "openssl",
            ["genpkey", "-out", "\(name).key"] + type.keyOptions,
            in: directory
        )
    }

    private func makeAuthority(_ name: String, subject: String) throws {
        try makeKey(name, .ecdsaP256)
        try openssl(
            "req",
            "-x509",
            "-new",
            "-key",
            "\(name).key",
            "-subj",
            "/O=SafeTLS tests/CN=\(subject)",
            "-days",
            "3",
            "-addext",
            "keyUsage=critical,keyCertSign,cRLSign",
            "-out",
            "\(name).pem"
        )
    }

    private func makeIntermediate() throws {
        try makeKey("intermediate", .ecdsaP384)
        let extensions = """
            basicConstraints=critical,CA:TRUE,pathlen:0
            keyUsage=critical,keyCertSign,cRLSign
            subjectKeyIdentifier=hash
            authorityKeyIdentifier=keyid
            """
        try sign("intermediate", subject: "/O=SafeTLS tests/CN=SafeTLS test intermediate", extensions, issuer: "ca")
    }

    /// `validity` is the first and last moment, as `YYYYMMDDHHMMSSZ`; without it, today and tomorrow.
    private func makeServer(
        _ name: String,
        _ type: KeyType,
        subject: String,
        names: String,
        issuer: String = "ca",
        usage: String = "serverAuth",
        validity: (from: String, to: String)? = nil
    ) throws {
        try makeKey(name, type)
        let extensions = """
            basicConstraints=critical,CA:FALSE
            keyUsage=critical,digitalSignature
            extendedKeyUsage=\(usage)
            subjectKeyIdentifier=hash
            authorityKeyIdentifier=keyid
            subjectAltName=\(names)
            """
        try sign(name, subject: "/O=SafeTLS tests/CN=\(subject)", extensions, issuer: issuer, validity: validity)
    }

    private func sign(
        _ name: String,
        subject: String,
        _ extensions: String,
        issuer: String,
        validity: (from: String, to: String)? = nil
    ) throws {
        try Data(extensions.utf8).write(to: file("\(name).ext"))
        try openssl("req", "-new", "-key", "\(name).key", "-subj", subject, "-out", "\(name).csr")
        guard let validity else {
            return try openssl(
                "x509",
                "-req",
                "-in",
                "\(name).csr",
                "-CA",
                "\(issuer).pem",
                "-CAkey",
                "\(issuer).key",
                "-set_serial",
                "\(UInt32.random(in: 1...UInt32.max))",
                "-days",
                "2",
                "-extfile",
                "\(name).ext",
                "-out",
                "\(name).pem"
            )
        }
        // Only 'openssl ca' sets both ends of the validity.
        let configuration = """
            [ca]
            default_ca = authority
            [authority]
            database = index.txt
            serial = serial
            new_certs_dir = .
            default_md = sha256
            policy = policy
            [policy]
            organizationName = optional
            commonName = supplied
            """
        try Data(configuration.utf8).write(to: file("ca.cnf"))
        try Data().write(to: file("index.txt"))
        try Data("77".utf8).write(to: file("serial"))
        try openssl(
            "ca",
            "-batch",
            "-notext",
            "-config",
            "ca.cnf",
            "-in",
            "\(name).csr",
            "-cert",
            "\(issuer).pem",
            "-keyfile",
            "\(issuer).key",
            "-startdate",
            validity.from,
            "-enddate",
            validity.to,
            "-extfile",
            "\(name).ext",
            "-out",
            "\(name).pem"
        )
    }
}
