// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// Programs on the OpenSSL 3.5 of `make peers` in place of the system's (`Tests/Peers/openssl35.sh`).
package enum NewOpenSSL {
    private static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Peers/openssl35.sh").path

    /// The variables by which a program finds it.
    package static func environment() throws -> [String: String] {
        let names = ["LD_LIBRARY_PATH", "OPENSSL_CONF", "SSL_CERT_DIR"]
        let text = try ChildProcess.check(script, ["/usr/bin/env"]).text
        let pairs = text.split(separator: "\n").compactMap { line -> (String, String)? in
            let parts = line.split(separator: "=", maxSplits: 1).map(String.init)
            return parts.count == 2 && names.contains(parts[0]) ? (parts[0], parts[1]) : nil
        }
        return Dictionary(pairs) { $1 }
    }

    /// Whether the system's programs, and these tests, have such a one anyway: ML-KEM and ML-DSA came with 3.5.
    package static let isUsual: Bool = {
        (try? ChildProcess.check("openssl", ["genpkey", "-algorithm", "ML-DSA-44"])) != nil
    }()

    /// Runs a program that must succeed.
    @discardableResult
    package static func check(_ executable: String, _ arguments: [String], in directory: URL) throws -> String {
        try ChildProcess.check(script, [executable] + arguments, in: directory).text
    }
}

/// An authority with an ML-DSA-65 key, and certificates with all ML-DSA keys for `localhost`, made once per test run.
package struct MLDSACertificates: Sendable {
    /// The names of the schemes, as TLS has them.
    package static let schemes = ["mldsa44", "mldsa65", "mldsa87"]

    private static let made = Result { try MLDSACertificates() }

    /// The run's certificates, made at first use.
    package static func shared() throws -> MLDSACertificates { try made.get() }

    private let directory: URL

    package var authority: URL { directory.appendingPathComponent("ca.pem") }

    /// A certificate for servers and clients.
    package func identity(_ scheme: String) -> TestCertificates.Identity {
        TestCertificates.Identity(
            certificate: directory.appendingPathComponent("\(scheme).pem"),
            key: directory.appendingPathComponent("\(scheme).key")
        )
    }

    private init() throws {
        directory = try TemporaryDirectory.make("mldsa")
        // Keys as seeds (RFC 9881 §6), the form that every stack reads.
        let configuration = """
            openssl_conf = all
            [all]
            providers = providers
            [providers]
            default = details
            [details]
            activate = 1
            ml-dsa.output_formats = seed-only
            [req]
            distinguished_name = name
            x509_extensions = authority
            [name]
            [authority]
            basicConstraints = critical,CA:TRUE
            keyUsage = critical,keyCertSign,cRLSign
            subjectKeyIdentifier = hash
            """
        let extensions = """
            basicConstraints=critical,CA:FALSE
            keyUsage=critical,digitalSignature
            extendedKeyUsage=serverAuth,clientAuth
            subjectAltName=DNS:localhost
            authorityKeyIdentifier=keyid
            """
        for (name, text) in [("mldsa.cnf", configuration), ("leaf.ext", extensions)] {
            try Data(text.utf8).write(to: directory.appendingPathComponent(name))
        }
        try openssl("genpkey", "-algorithm", "ML-DSA-65", "-out", "ca.key")
        try openssl(
            ["req", "-x509", "-new", "-config", "mldsa.cnf", "-key", "ca.key", "-subj", "/CN=ML-DSA test CA"]
                + ["-days", "3", "-out", "ca.pem"]
        )
        for scheme in Self.schemes {
            try openssl("genpkey", "-algorithm", "ML-DSA-\(scheme.suffix(2))", "-out", "\(scheme).key")
            try openssl("req", "-new", "-key", "\(scheme).key", "-subj", "/CN=\(scheme)", "-out", "request")
            try openssl(
                ["x509", "-req", "-in", "request", "-CA", "ca.pem", "-CAkey", "ca.key", "-set_serial"]
                    + ["\(UInt32.random(in: 1...UInt32.max))", "-days", "2", "-extfile", "leaf.ext"]
                    + ["-out", "\(scheme).pem"]
            )
        }
    }

    private func openssl(_ arguments: String...) throws { try openssl(arguments) }

    private func openssl(_ arguments: [String]) throws {
        try NewOpenSSL.check("/usr/bin/env", ["OPENSSL_CONF=mldsa.cnf", "openssl"] + arguments, in: directory)
    }
}
