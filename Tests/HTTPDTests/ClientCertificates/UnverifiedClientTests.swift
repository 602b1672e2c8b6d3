// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Certificates of unknown authorities, which `SSLVerifyClient optional_no_ca` lets pass, and what is said of them: the
/// same as by mod_ssl of Debian's httpd for the same certificates.
@Suite struct UnverifiedClientTests {
    /// A trusted authority, and clients of other ones, with more and less of their chains.
    private static func certificates() throws -> URL {
        let directory = try TemporaryDirectory.make("unverified")
        let script = """
            set -eu
            cd '\(directory.path)'
            authority() { openssl req -x509 -newkey rsa:2048 -nodes -keyout $1.key -out $1.pem -days 9 -subj "/CN=$1"; }
            issue() {  # name, issuer, extensions
                [ -e $1.key ] || openssl req -newkey rsa:2048 -nodes -keyout $1.key -out $1.csr -subj "/CN=$1"
                printf "$3" > $1.ext
                openssl x509 -req -in $1.csr -CA $2.pem -CAkey $2.key -CAcreateserial -days 9 -extfile $1.ext -out $1.pem
            }
            authority trusted
            authority other
            issue localhost trusted 'subjectAltName=DNS:localhost'
            issue good trusted 'extendedKeyUsage=clientAuth'
            issue stranger other 'extendedKeyUsage=clientAuth'
            issue between other 'basicConstraints=critical,CA:TRUE'
            issue deep between 'extendedKeyUsage=clientAuth'
            openssl req -x509 -newkey rsa:2048 -nodes -keyout own.key -out own.pem -days 9 -subj /CN=own \
                -addext basicConstraints=CA:FALSE
            cp stranger.key stranger-other.key; cat stranger.pem other.pem > stranger-other.pem
            cp deep.key deep-between.key; cat deep.pem between.pem > deep-between.pem
            cp deep.key deep-other.key; cat deep.pem between.pem other.pem > deep-other.pem
            """
        _ = try ChildProcess.check("/bin/sh", ["-c", script])
        return directory
    }

    private static let failures = [
        "own": "FAILED:self-signed certificate",
        "stranger": "FAILED:unable to verify the first certificate",
        "stranger-other": "FAILED:self-signed certificate in certificate chain",
        "deep": "FAILED:unable to verify the first certificate",
        "deep-between": "FAILED:unable to get local issuer certificate",
    ]

    @Test func whatIsSaidOfThem() throws {
        let certificates = try Self.certificates()
        let server = try HTTPServer(face: .ssl) { port in
            """
            <VirtualHost *:\(port)>
                ServerName localhost
                SSLEngine on
                SSLCertificateFile "\(certificates.path)/localhost.pem"
                SSLCertificateKeyFile "\(certificates.path)/localhost.key"
                SSLCACertificateFile "\(certificates.path)/trusted.pem"
                SSLVerifyClient optional_no_ca
                Header set X-Verify "%{SSL_CLIENT_VERIFY}s"
            </VirtualHost>
            """
        }
        func said(_ name: String, _ version: String) throws -> String {
            let identity = ["--cert", "\(certificates.path)/\(name).pem", "--key", "\(certificates.path)/\(name).key"]
            let outcome = try ChildProcess.run(
                "curl",
                [
                    "--silent", "--max-time", "300", "--cacert", certificates.path + "/trusted.pem", "--output",
                    "/dev/null",
                ]
                    + ["--tlsv\(version)", "--tls-max", version, "--write-out", "%header{x-verify}", server.url]
                    + (name.isEmpty ? [] : identity)
            )
            return outcome.status == 0 ? outcome.text : "refused"
        }
        for version in ["1.2", "1.3"] {
            #expect(try said("", version) == "NONE")
            #expect(try said("good", version) == "SUCCESS")
            for (name, failure) in Self.failures {
                #expect(try said(name, version) == (version == "1.2" ? "GENEROUS" : failure), "\(name), TLS \(version)")
            }
            // Two authorities, and SSLVerifyDepth is 1.
            #expect(try said("deep-other", version) == "refused")
        }
        try server.stop()
        #expect(
            server.complaints(except: "STLS0001", "STLS0004", "STLS0008", "STLS0011").isEmpty,
            "\(server.complaints)"
        )
    }
}
