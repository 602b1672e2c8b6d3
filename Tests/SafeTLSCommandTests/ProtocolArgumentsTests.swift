// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import SafeTLS
import Testing

@testable import SafeTLSCommand

struct ProtocolArgumentsTests {
    @Test(
        "suites of one version alone mean that version",
        arguments: [
            ([], .tls12, .tls13),
            (["--ciphers", "TLS_AES_128_GCM_SHA256,TLS_CHACHA20_POLY1305_SHA256"], .tls13, .tls13),
            (["--ciphers", "ECDHE-RSA-AES128-GCM-SHA256"], .tls12, .tls12),
            (["--ciphers", "ECDHE-RSA-AES128-GCM-SHA256,TLS_AES_128_GCM_SHA256"], .tls12, .tls13),
            (["--ciphers", "ECDHE-RSA-AES128-GCM-SHA256", "--tls1.3"], .tls13, .tls13),
            (["--tls1.2"], .tls12, .tls12),
        ] as [([String], ProtocolVersion, ProtocolVersion)]
    )
    func versions(arguments: [String], lowest: ProtocolVersion, highest: ProtocolVersion) throws {
        #expect(try ProtocolArguments.parse(arguments).versions == lowest...highest)
    }
}
