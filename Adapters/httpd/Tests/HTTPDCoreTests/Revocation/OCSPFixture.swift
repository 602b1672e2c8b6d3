// SPDX-License-Identifier: Apache-2.0
import Foundation
import SafeTLS
import TLSCertificates

/// Responses of an OCSP responder, made with `openssl ocsp` for one second.
enum OCSPFixture {
    /// thisUpdate, and nextUpdate.
    static let (made, end): (Int64, Int64) = (1795845462, 1795845462 + 172_800)

    static let chain = """
        -----BEGIN CERTIFICATE-----
        MIIBhDCCASugAwIBAgIBBzAKBggqhkjOPQQDAjANMQswCQYDVQQDDAJjYTAeFw0y
        NjExMjgwNTU3NDJaFw00NjExMjMwNTU3NDJaMBQxEjAQBgNVBAMMCWxvY2FsaG9z
        dDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNGgFT/Jp1t0r+9/EKq3pcthFEin
        qK2slgl0ANLhzOqxNWwwwokZCQ9V3L8aFls1qtmXj8fpQV6trgj57R6NM2mjdTBz
        MDEGCCsGAQUFBwEBBCUwIzAhBggrBgEFBQcwAYYVaHR0cDovL29jc3AuZXhhbXBs
        ZS9hMB0GA1UdDgQWBBQdVtVpy7lkccS/IRhB89tcPFXoWDAfBgNVHSMEGDAWgBSM
        TjxfMDLelBoMEANEupfcfdz27TAKBggqhkjOPQQDAgNHADBEAiBORV5vJSYPJfch
        l6kQn2xIKhaivcIbGVRuwfqHMyxBOQIgXJahsW3oc1xfK90er8mBjVd6J88Pe/pO
        YE1A/rhjzMM=
        -----END CERTIFICATE-----
        -----BEGIN CERTIFICATE-----
        MIIBfzCCASWgAwIBAgIUbaV+w2lSHNDJWXIKc48FubPe92gwCgYIKoZIzj0EAwIw
        DTELMAkGA1UEAwwCY2EwHhcNMjYxMTI4MDU1NzQyWhcNNDYxMTIzMDU1NzQyWjAN
        MQswCQYDVQQDDAJjYTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABGQ6i/UqaPut
        cLR9wRyFk5Yiz0xG8sGO467F3sXfvb8Y470U8FyAaa1mVOsvdpfD7EeZAIMLQRRy
        L4MR3St/0kWjYzBhMB0GA1UdDgQWBBSMTjxfMDLelBoMEANEupfcfdz27TAfBgNV
        HSMEGDAWgBSMTjxfMDLelBoMEANEupfcfdz27TAPBgNVHRMBAf8EBTADAQH/MA4G
        A1UdDwEB/wQEAwIBhjAKBggqhkjOPQQDAgNIADBFAiEA82tfDgD0vyJrIk0ORugl
        ajvq6vjYFrJe3cRiE2Tf4MICIDRCx/VuB3YNA+WKPcMC67e5kXzjAp63sLiuNyMK
        z5Ue
        -----END CERTIFICATE-----
        """

    static let key = """
        -----BEGIN EC PRIVATE KEY-----
        MHcCAQEEICO6di+CQZjduTduuCAngbxtTQQn4/JRQ43Ihg6KCvNooAoGCCqGSM49
        AwEHoUQDQgAE0aAVP8mnW3Sv738Qqrely2EUSKeorayWCXQA0uHM6rE1bDDCiRkJ
        D1XcvxoWWzWq2ZePx+lBXq2uCPntHo0zaQ==
        -----END EC PRIVATE KEY-----
        """

    static let good = bytes(
        """
        MIH6CgEAoIH0MIHxBgkrBgEFBQcwAQEEgeMwgeAwgYihDzANMQswCQYDVQQDDAJjYRgPMjAyNjExMjgwNTU3NDJaMGQwYjA6MAkG
        BSsOAwIaBQAEFBEEjNIMs1kjB9AZ/QiJViti02SSBBSMTjxfMDLelBoMEANEupfcfdz27QIBB4AAGA8yMDI2MTEyODA1NTc0Mlqg
        ERgPMjAyNjExMzAwNTU3NDJaMAoGCCqGSM49BAMCA0cAMEQCIGM2KucQf3IzXY47zJ7kOyaeAmJ/SaKB3NUOMIu63g42AiBemYC6
        astkIdzQ3AwR/CgxOYHL9YiDSnDkDUhE82eTcg==
        """
    )

    static let revoked = bytes(
        """
        MIIBFAoBAKCCAQ0wggEJBgkrBgEFBQcwAQEEgfswgfgwgZ6hDzANMQswCQYDVQQDDAJjYRgPMjAyNjExMjgwNTU3NDJaMHoweDA6
        MAkGBSsOAwIaBQAEFBEEjNIMs1kjB9AZ/QiJViti02SSBBSMTjxfMDLelBoMEANEupfcfdz27QIBB6EWGA8yMDI2MDEwMTAwMDAw
        MFqgAwoBARgPMjAyNjExMjgwNTU3NDJaoBEYDzIwMjYxMTMwMDU1NzQyWjAKBggqhkjOPQQDAgNJADBGAiEAu0ShO1LzE0Mr9Buw
        FWMzrzUhBLY15/nnOUUx4IGNYigCIQClamkj7vj1tpnKzEFGE3voz/VWx8pbO8c+ZJFkLliWFQ==
        """
    )

    static let unknown = bytes(
        """
        MIH8CgEAoIH2MIHzBgkrBgEFBQcwAQEEgeUwgeIwgYihDzANMQswCQYDVQQDDAJjYRgPMjAyNjExMjgwNTU3NDJaMGQwYjA6MAkG
        BSsOAwIaBQAEFBEEjNIMs1kjB9AZ/QiJViti02SSBBSMTjxfMDLelBoMEANEupfcfdz27QIBB4IAGA8yMDI2MTEyODA1NTc0Mlqg
        ERgPMjAyNjExMzAwNTU3NDJaMAoGCCqGSM49BAMCA0kAMEYCIQD1prAGzlcL3tOb8x52hcmIYVtN9MqK19+iXcGIyMMSAgIhANDP
        4X+BateECQ47go2/7m/OQDTQFX9EVwZaYfPzbAZv
        """
    )

    private static func bytes(_ base64: String) -> [UInt8] {
        Array(Data(base64Encoded: base64, options: .ignoreUnknownCharacters) ?? Data())
    }

    static func credential() throws -> Credential {
        let (chain, key) = (Array(chain.utf8), Array(key.utf8))
        return try Credential(certificateChainPEM: chain.span, privateKeyPEM: key.span)
    }
}
