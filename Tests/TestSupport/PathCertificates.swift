// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// Chains whose validity hangs on certificate policies and on how names are compared (RFC 5280 §6.1, §7.1), made by the
/// `openssl` command once per test run.
package struct PathCertificates: Sendable {
    /// A chain for `localhost`, good for servers and clients, and what has to come of it.
    package struct Chain: Sendable {
        package let name: String
        /// Words of the sentence that refuses it; nil if it is accepted.
        package let words: String?
    }

    package static let chains = [
        Chain(name: "policies", words: nil),
        Chain(name: "other-policies", words: "is not valid for any of the certificate policies"),
        Chain(name: "no-policies", words: "is not valid for any of the certificate policies"),
        Chain(name: "mapped", words: nil),
        Chain(name: "spelled", words: nil),
        Chain(name: "points", words: nil),
        Chain(name: "excluded", words: "exclude"),
        Chain(name: "excluded-otherwise", words: "exclude"),
    ]

    private static let made = Result { try PathCertificates() }

    /// The run's certificates, made at first use.
    package static func shared() throws -> PathCertificates { try made.get() }

    private let directory: URL

    /// The root of every chain.
    package var authority: URL { directory.appendingPathComponent("root.pem") }

    /// A chain's certificates, the leaf first and the root left out, with the leaf's key.
    package func identity(_ name: String) -> TestCertificates.Identity {
        TestCertificates.Identity(
            certificate: directory.appendingPathComponent("\(name).pem"),
            key: directory.appendingPathComponent("\(name).key")
        )
    }

    private init() throws {
        directory = try TemporaryDirectory.make("paths")
        let script = """
            set -eu
            cd '\(directory.path)'
            printf '[req]\\ndistinguished_name=n\\n[n]\\n' > utf8.cnf
            printf '[req]\\ndistinguished_name=n\\nstring_mask=default\\n[n]\\n' > printable.cnf
            key() { openssl ecparam -name prime256v1 -genkey -noout -out $1.key; }
            # issue NAME SUBJECT ISSUER EXTENSIONS
            issue() {
                key $1
                openssl req -new -utf8 -config utf8.cnf -key $1.key -subj "$2" -out $1.csr
                printf '%b\\n' "$4" > $1.ext
                openssl x509 -req -in $1.csr -CA $3.pem -CAkey $3.key -set_serial 0x$(openssl rand -hex 8) -days 3 \\
                    -extfile $1.ext -out $1.pem
            }
            authority() { issue $1 "$2" $3 "basicConstraints=critical,CA:TRUE\\nkeyUsage=critical,keyCertSign,cRLSign\\n$4"; }
            leaf() {
                issue $1 "$2" $3 "keyUsage=digitalSignature\\nsubjectAltName=DNS:localhost\\n$4"
                cat $3.pem >> $1.pem
            }
            key root
            for kind in utf8 printable; do
                openssl req -x509 -new -config $kind.cnf -key root.key -subj '/O=Path tests/CN=Root' -days 3 -out $kind.pem \\
                    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign
            done
            # Trusted is the one with PrintableStrings, and what it issues names the one with UTF8Strings.
            mv printable.pem root.pem
            cp root.key utf8.key
            required='policyConstraints=critical,requireExplicitPolicy:0'
            authority gold '/CN=Gold' utf8 "certificatePolicies=critical,1.2.3.4.1\\n$required"
            leaf policies '/CN=localhost' gold 'certificatePolicies=1.2.3.4.1'
            leaf other-policies '/CN=localhost' gold 'certificatePolicies=1.2.3.4.2'
            leaf no-policies '/CN=localhost' gold ''
            authority bridge '/CN=Bridge' utf8 \\
                "certificatePolicies=1.2.3.4.1\\npolicyMappings=critical,1.2.3.4.1:1.2.3.4.2\\n$required"
            leaf mapped '/CN=localhost' bridge 'certificatePolicies=1.2.3.4.2'
            authority plain '/CN=Plain' utf8 ''
            leaf spelled '/CN=localhost' plain ''
            leaf points '/CN=localhost' plain 'crlDistributionPoints=critical,URI:http://localhost/list'
            # Excluded is O=ÄCME, a UTF8String: files for extensions are read as Latin-1.
            authority limited '/CN=Limited' utf8 nameConstraints=critical,DER:3018A1163014A4123010310E300C060355040A0C05C384434D45
            leaf excluded '/O=ÄCME/CN=localhost' limited ''
            leaf excluded-otherwise '/O=äcme/CN=localhost' limited ''
            """
        _ = try ChildProcess.check("/bin/sh", ["-c", script])
    }
}
