// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Keys that are not of the usual form: RSA moduli a bit shorter than asked for, compressed points (RFC 5480 §2.2).
@Suite struct OddKeyTests {
    private static let made = Result {
        let directory = try TemporaryDirectory.make("odd-keys")
        let script = """
            set -eu
            cd '\(directory.path)'
            openssl ecparam -name prime256v1 -genkey -noout -out ca.plain.key
            openssl ec -in ca.plain.key -conv_form compressed -out ca.key
            openssl req -x509 -new -key ca.key -subj /CN=ca -days 30 -out ca.pem -addext keyUsage=critical,keyCertSign
            openssl genrsa -out short.key 2047
            openssl genrsa -out shorter.key 2041
            for curve in prime256v1 secp384r1 secp521r1; do
                openssl ecparam -name $curve -genkey -noout -out plain.key
                openssl ec -in plain.key -conv_form compressed -out $curve.key
            done
            for name in short shorter prime256v1 secp384r1 secp521r1; do
                openssl req -new -key $name.key -subj "/CN=$name" -out $name.csr
                printf 'subjectAltName=DNS:localhost\\n' > $name.ext
                openssl x509 -req -in $name.csr -CA ca.pem -CAkey ca.key -set_serial 0x$(openssl rand -hex 8) -days 30 \
                    -extfile $name.ext -out $name.pem
            done
            """
        _ = try ChildProcess.check("/bin/sh", ["-c", script])
        return directory
    }

    /// As the server's certificate, and as the client's, each issued by an authority with a compressed point.
    @Test(arguments: ["short", "shorter", "prime256v1", "secp384r1", "secp521r1"], ["1.2", "1.3"])
    func serveAndAreShown(_ name: String, version: String) throws {
        let directory = try Self.made.get().path
        let server = try HTTPServer(face: .ssl) { port in
            """
            <VirtualHost *:\(port)>
                ServerName localhost
                SSLEngine on
                SSLCertificateFile \(directory)/\(name).pem
                SSLCertificateKeyFile \(directory)/\(name).key
                SSLVerifyClient require
                SSLCACertificateFile \(directory)/ca.pem
            </VirtualHost>
            """
        }
        let outcome = try ChildProcess.run(
            "curl",
            [
                "--silent", "--max-time", "300", "--tlsv\(version)", "--tls-max", version, "--cacert",
                "\(directory)/ca.pem",
                "--cert", "\(directory)/\(name).pem", "--key", "\(directory)/\(name).key", "--output", "/dev/null",
                "--write-out", "%{http_code}", server.url + "/",
            ]
        )
        #expect(outcome.text == "200", "\(outcome)\n\(server.errorLog)")
        try server.stop()
    }
}
