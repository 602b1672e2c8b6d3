// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Sizes of records that are agreed on with other stacks (RFC 8449, RFC 6066 §4).
@Suite struct RecordSizeTests {
    private static let data = String(repeating: "0123456789", count: 300)

    private func identity() throws -> TestCertificates.Identity { try TestCertificates.shared().localhost(.ecdsaP256) }

    /// OpenSSL knows max_fragment_length only, GnuTLS both extensions.
    @Test(arguments: ["-tls1_2", "-tls1_3"]) func opensslAsksForShortFragments(version: String) throws {
        let server = try startSafeTLS(identities: [identity()])
        let client = try startOpenSSLClient(server.port, [version, "-maxfraglen", "512"])
        try client.write(Self.data + "\n")
        // Cut where records end.
        try client.waitForText(String(Self.data.suffix(100)))
        try client.write("Q\n")
        #expect(try client.waitForExit().status == 0)
    }

    @Test(arguments: Offer.Version.allCases) func gnutlsAsksForShortRecords(version: Offer.Version) throws {
        let server = try startSafeTLS(identities: [identity()], ["--record-size-limit", "700"])
        let client = try startGnuTLSClient(
            server.port,
            ["--priority", Offer(version: version).gnutlsPriority, "--recordsize", "512"]
        )
        try client.write(Self.data + "\n")
        try client.waitForText(String(Self.data.suffix(100)))
        client.closeInput()
        #expect(try client.waitForExit().status == 0)
    }

    @Test(arguments: Offer.Version.allCases) func clientAsksForShortRecords(version: Offer.Version) throws {
        let openssl = try startOpenSSL(identity(), ["-rev", version == .tls13 ? "-tls1_3" : "-tls1_2"])
        try converse(openssl.port, String(Self.data.reversed().suffix(100)))
        let gnutls = try startGnuTLS(identity(), ["--priority", Offer(version: version).gnutlsPriority])
        try converse(gnutls.port, String(Self.data.suffix(100)))
    }

    private func converse(_ port: Int, _ answer: String) throws {
        let client = try startSafeTLSClient(
            port,
            ["--ca", TestCertificates.shared().authority.path, "--record-size-limit", "512"]
        )
        try client.write(Self.data + "\n")
        try client.waitForText(answer)
        client.closeInput()
        #expect(try client.waitForExit().status == 0)
    }
}
