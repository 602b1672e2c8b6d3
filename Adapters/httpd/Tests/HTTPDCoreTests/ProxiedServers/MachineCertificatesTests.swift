// SPDX-License-Identifier: Apache-2.0
import SafeTLS
import TLSCertificates
import Testing

@testable import HTTPDCore

/// Certificates for proxied servers, whatever their order in the file.
@Suite struct MachineCertificatesTests {
    /// The names in each chain.
    private func chains(_ texts: String...) throws -> [[String]] {
        let bytes = Array(texts.joined(separator: "\n").utf8)
        return try MachineCertificates.credentials(in: bytes.span).map { credential in
            credential.certificateChain.map { $0.subject.commonName ?? "" }
        }
    }

    private func error(_ texts: String...) -> String? {
        let bytes = Array(texts.joined(separator: "\n").utf8)
        return #expect(throws: DirectiveError.self) { try MachineCertificates.credentials(in: bytes.span) }?.description
    }

    @Test func keysFindTheirCertificates() throws {
        #expect(try chains(Self.leaf, Self.leafKey) == [["leaf"]])
        #expect(try chains(Self.leafKey, Self.leaf, Fixture.certificate, Fixture.key) == [["leaf"], ["host.test"]])
        #expect(try chains(Fixture.key, Self.leafKey, Self.leaf, Fixture.certificate) == [["host.test"], ["leaf"]])
    }

    @Test func authoritiesGoBehindTheirCertificates() throws {
        #expect(try chains(Self.mid, Self.root, Fixture.certificate, Self.leaf, Self.leafKey) == [["leaf", "mid"]])
        #expect(
            try chains(Self.leaf, Self.leafKey, Fixture.certificate, Fixture.key, Self.mid) == [
                ["leaf", "mid"], ["host.test"],
            ]
        )
    }

    /// A renewed certificate often keeps its key.
    @Test func oneKeyForTwoCertificates() throws {
        #expect(try chains(Self.leaf, Self.leafKey, Self.renewed, Self.leafKey).count == 2)
        #expect(try chains(Self.leaf, Self.leafKey, Self.leafKey).count == 1)
    }

    @Test func mistakes() {
        #expect(error("")?.contains("no CERTIFICATE") == true)
        #expect(error(Self.leaf, Self.mid)?.contains("no key") == true)
        #expect(error(Self.leaf, Self.leafKey, Fixture.key)?.hasPrefix("key 2 of those for proxied servers: ") == true)
        let broken = Self.leafKey.replacing("MIGHAgEA", with: "MIGIAgEA")
        #expect(error(Self.leaf, broken)?.hasPrefix("key 1 of those") == true)
    }

    static let root = """
        -----BEGIN CERTIFICATE-----
        MIIBdDCCARugAwIBAgIUBvYCYi1dyG/LnU1RpgZbCPA6AP0wCgYIKoZIzj0EAwIw
        DzENMAsGA1UEAwwEcm9vdDAgFw0yNjExMjgwNTU0MTNaGA8yMTI2MTEwNDA1NTQx
        M1owDzENMAsGA1UEAwwEcm9vdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABLET
        ICtBiTX0CCExy5l+daRCA7ysum4chBri+pnH7O81J2Rn1hJMCoyOOCD31aC8sk9I
        addL8NBVplRoMGZsBcOjUzBRMB0GA1UdDgQWBBT2yy45ciBiYcaUby4QY4PCJJ65
        +zAfBgNVHSMEGDAWgBT2yy45ciBiYcaUby4QY4PCJJ65+zAPBgNVHRMBAf8EBTAD
        AQH/MAoGCCqGSM49BAMCA0cAMEQCIEafNY2Ke3cphQUh9jKj4vtzWvo4zEk/mCjZ
        hjV7pNysAiBOShsT+4btO0bYid/To+qT/pDCbdQ0WCYaRsRvKwhkzA==
        -----END CERTIFICATE-----
        """
    static let mid = """
        -----BEGIN CERTIFICATE-----
        MIIBYDCCAQegAwIBAgIBAjAKBggqhkjOPQQDAjAPMQ0wCwYDVQQDDARyb290MCAX
        DTI2MTEyODA1NTQxM1oYDzIxMjYxMTA0MDU1NDEzWjAOMQwwCgYDVQQDDANtaWQw
        WTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQXQ0vdC2kIvSAhcbeZjGuRjfeJuW1n
        78zbTgNvUtXTytC+ff7ugvW69+4H29Mc6dSYh0DNjqdNNqVSn1w0VGB1o1MwUTAP
        BgNVHRMBAf8EBTADAQH/MB0GA1UdDgQWBBQHXmaEHpt91ZkArxwBsCrY5+I8LjAf
        BgNVHSMEGDAWgBT2yy45ciBiYcaUby4QY4PCJJ65+zAKBggqhkjOPQQDAgNHADBE
        AiAyUGtXIzH0xttxhJBEwnQNKqdceyuZo5rnnzkuiUKb7QIgN23LBrLlKmo2bKrD
        6TocWb86rkPKFWBCQPbdclfgT38=
        -----END CERTIFICATE-----
        """
    static let leaf = """
        -----BEGIN CERTIFICATE-----
        MIIBBjCBrQIBAzAKBggqhkjOPQQDAjAOMQwwCgYDVQQDDANtaWQwIBcNMjYxMTI4
        MDU1NDEzWhgPMjEyNjExMDQwNTU0MTNaMA8xDTALBgNVBAMMBGxlYWYwWTATBgcq
        hkjOPQIBBggqhkjOPQMBBwNCAATMkpv5rr5m1qedarpnQRi1IfNnCQdpt1/v+WIQ
        KE1YKv/DjWGS7aVp1xdCwVE7WpRMvV4kZ+ZB+A+XjqEt+UxnMAoGCCqGSM49BAMC
        A0gAMEUCIQCeGmWR1STWvBt1UFHPJR30NZmR1mKKODtE9uCagVv1CgIgPNONW9G+
        75VebMSwTuOeSro0zN6ncle7Ch6hdK2G/9E=
        -----END CERTIFICATE-----
        """
    private static let renewed = """
        -----BEGIN CERTIFICATE-----
        MIIBCDCBrgIBBDAKBggqhkjOPQQDAjAPMQ0wCwYDVQQDDARyb290MCAXDTI2MTEy
        ODA1NTQxM1oYDzIxMjYxMTA0MDU1NDEzWjAPMQ0wCwYDVQQDDARsZWFmMFkwEwYH
        KoZIzj0CAQYIKoZIzj0DAQcDQgAEzJKb+a6+ZtannWq6Z0EYtSHzZwkHabdf7/li
        EChNWCr/w41hku2ladcXQsFRO1qUTL1eJGfmQfgPl46hLflMZzAKBggqhkjOPQQD
        AgNJADBGAiEA6qceTUNp8a4QEzcc17VukoXRbl05sPO7eiLLcSGem8ECIQCYqOsn
        WKDbvA+OKXh+YZ0vNJ/xpCa3t2vvfzoosoSIdA==
        -----END CERTIFICATE-----
        """
    static let leafKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg+FcM5o7itAqi0sZU
        c+eKiv0fK92l3DFSEzIKyfjzaYChRANCAATMkpv5rr5m1qedarpnQRi1IfNnCQdp
        t1/v+WIQKE1YKv/DjWGS7aVp1xdCwVE7WpRMvV4kZ+ZB+A+XjqEt+Uxn
        -----END PRIVATE KEY-----
        """
}
