// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// A P-256 chain of leaf and intermediate, for any name below `bench.test`, and the root that has signed them: files in PEM, made by
/// the `openssl` command.
struct Identity {
    let chain: String
    let key: String
    let root: String

    /// Has the command make them.
    init() throws {
        let directory = try TemporaryDirectory.make("benchmark").path
        let script = """
            set -eu
            cd '\(directory)'
            issue() {
                openssl ecparam -name prime256v1 -genkey -noout -out $1.key
                openssl req -new -key $1.key -subj "/CN=$2" -out $1.csr
                printf '%b\\n' "subjectKeyIdentifier=hash\\nauthorityKeyIdentifier=keyid\\n$4" > $1.ext
                openssl x509 -req -in $1.csr -CA $3.pem -CAkey $3.key -set_serial $5 -days 3 -extfile $1.ext -out $1.pem
            }
            openssl ecparam -name prime256v1 -genkey -noout -out root.key
            openssl req -x509 -new -key root.key -subj '/CN=Benchmark Root' -days 3 -out root.pem \\
                -addext keyUsage=critical,keyCertSign,cRLSign
            issue middle 'Benchmark Intermediate' root \\
                'basicConstraints=critical,CA:TRUE\\nkeyUsage=critical,keyCertSign,cRLSign' 2
            issue leaf bench.test middle 'basicConstraints=critical,CA:FALSE\\nkeyUsage=critical,digitalSignature
            extendedKeyUsage=serverAuth,clientAuth\\nsubjectAltName=DNS:*.bench.test' 3
            cat leaf.pem middle.pem > chain.pem
            """
        _ = try ChildProcess.check("/bin/sh", ["-c", script])
        self.init(directory: directory)
    }

    /// What is there already: `chain.pem`, `leaf.key` and `root.pem`.
    init(directory: String) {
        chain = directory + "/chain.pem"
        key = directory + "/leaf.key"
        root = directory + "/root.pem"
    }
}
