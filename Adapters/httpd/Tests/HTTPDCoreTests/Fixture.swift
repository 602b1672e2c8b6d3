// SPDX-License-Identifier: Apache-2.0
import Foundation
import HTTPDCore

/// A self-signed certificate for host.test and *.host.test (ECDSA P-256), good for a hundred years, and its key.
enum Fixture {
    static let serialNumber = "6384C7E011666D11933CF7E9BB7C750F5CBF035A"
    static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIB2zCCAYCgAwIBAgIUY4TH4BFmbRGTPPfpu3x1D1y/A1owCgYIKoZIzj0EAwIw
        MDELMAkGA1UEBhMCREUxDTALBgNVBAoMBFRlc3QxEjAQBgNVBAMMCWhvc3QudGVz
        dDAgFw0yNjExMjMxNjAyMjZaGA8yMTI2MTAzMDE2MDIyNlowMDELMAkGA1UEBhMC
        REUxDTALBgNVBAoMBFRlc3QxEjAQBgNVBAMMCWhvc3QudGVzdDBZMBMGByqGSM49
        AgEGCCqGSM49AwEHA0IABIWRDjBtrv4RQnZYkoyq10lkIeqDs2kf91C2bJbcu+VE
        jdNtoTC/egTbz+NKw9yzM4aOu8d8PYkRjDyZYvtE6DSjdjB0MB0GA1UdDgQWBBSn
        sJeIJlMGP7fFN1AdGogq7qVG6TAfBgNVHSMEGDAWgBSnsJeIJlMGP7fFN1AdGogq
        7qVG6TAPBgNVHRMBAf8EBTADAQH/MCEGA1UdEQQaMBiCCWhvc3QudGVzdIILKi5o
        b3N0LnRlc3QwCgYIKoZIzj0EAwIDSQAwRgIhAL8O0RuXn/+vgY1uXSCUDpvL07uj
        psvA1KJUndpBHPrAAiEAg6C3Vh+k45uHyFbeBvJnpeOg4PwLVWxOrtLhCUMLcLc=
        -----END CERTIFICATE-----
        """
    static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgzcHZNwjTpGbovxtb
        KD2in6ZLO1Jpm5WhzDB87AKT0xChRANCAASFkQ4wba7+EUJ2WJKMqtdJZCHqg7Np
        H/dQtmyW3LvlRI3TbaEwv3oE28/jSsPcszOGjrvHfD2JEYw8mWL7ROg0
        -----END PRIVATE KEY-----
        """

    /// Calls `body` with the path of a file that holds the text.
    static func withFile<Result>(_ text: String, _ body: (String) throws -> Result) throws -> Result {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try body(path)
    }

    /// Settings with the certificate.
    static func settings(_ configure: (ServerSettings) throws -> Void = { _ in }) throws -> ServerSettings {
        try withFile(certificate + "\n" + key + "\n") { path in
            let settings = ServerSettings()
            try settings.addCertificate(certificateFile: path, keyFile: nil)
            try configure(settings)
            return settings
        }
    }
}
