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

    /// One for other.test, and its key.
    static let otherIdentity = """
        -----BEGIN CERTIFICATE-----
        MIIBqDCCAU6gAwIBAgIUY5kah4wsQu9mseiOgqKaIYO1KL0wCgYIKoZIzj0EAwIw
        FTETMBEGA1UEAwwKb3RoZXIudGVzdDAgFw0yNjExMzAwNjU1MzFaGA8yMTI2MTEw
        NjA2NTUzMVowFTETMBEGA1UEAwwKb3RoZXIudGVzdDBZMBMGByqGSM49AgEGCCqG
        SM49AwEHA0IABKXaCckvlu4jvZgGUk8l78LVMOX3cAgydcweeN0QKOgousbL5VST
        l5RA8WREVgBKHm8QSGOx4xjnnGqNSetxYSyjejB4MB0GA1UdDgQWBBRbH9Zw6xTQ
        6kB65gmx0wGvLakP7jAfBgNVHSMEGDAWgBRbH9Zw6xTQ6kB65gmx0wGvLakP7jAP
        BgNVHRMBAf8EBTADAQH/MBUGA1UdEQQOMAyCCm90aGVyLnRlc3QwDgYDVR0PAQH/
        BAQDAgeAMAoGCCqGSM49BAMCA0gAMEUCIEpPY7o22zc0XEydqEi528xj3z1byGmz
        Iiy7XMRGsbLfAiEA6hWh1m8cF+0OX/dEIHaTMlc473F9uXry3Y9rq4WBhzs=
        -----END CERTIFICATE-----
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgmMRtyZUTV3GOU4z3
        dUW9OMtnZ+ne4qNklJ7xXeDe3W+hRANCAASl2gnJL5buI72YBlJPJe/C1TDl93AI
        MnXMHnjdECjoKLrGy+VUk5eUQPFkRFYASh5vEEhjseMY55xqjUnrcWEs
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
    static func settings(
        identity: String = certificate + "\n" + key + "\n",
        _ configure: (ServerSettings) throws -> Void = { _ in }
    ) throws -> ServerSettings {
        try withFile(identity) { path in
            let settings = ServerSettings()
            try settings.addCertificate(certificateFile: path, keyFile: nil)
            try configure(settings)
            return settings
        }
    }
}
