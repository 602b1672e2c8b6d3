// SPDX-License-Identifier: Apache-2.0
import TLSCertificates
import Testing

/// Names and certificates that hold what a test needs.
enum NameFixture {
    /// A self-signed certificate whose name has every attribute that OpenSSL knows a short name for, and whose
    /// alternative names are of all kinds.
    static let pem = """
        -----BEGIN CERTIFICATE-----
        MIIFxjCCBWugAwIBAgIUAveSuRrvjh051bCJgDP/FtfsiqIwCgYIKoZIzj0EAwIw
        ggHFMQswCQYDVQQGEwJERTEPMA0GA1UECAwGQmF5ZXJuMREwDwYDVQQHDAhNw7xu
        Y2hlbjEOMAwGA1UECQwFV2VnIDExDjAMBgNVBBEMBTgwMzMxMSAwHgYDVQQKDBdL
        dW5kZSwgIkdtYkgiICsgQ287IDx4PjENMAsGA1UECwwERWluczENMAsGA1UECwwE
        WndlaTELMAkGA1UEDAwCRHIxCzAJBgNVBCsMAkFCMQ0wCwYDVQQqDARBbm5hMRAw
        DgYDVQQEDAdNw7xsbGVyMRUwEwYDVQQNDAxCZXNjaHJlaWJ1bmcxJjAQBgNVBAUT
        CVBOT0RFLTEyMzASBgoJkiaJk/IsZAEBDARhbm5hMRcwFQYKCZImiZPyLGQBGRYH
        ZXhhbXBsZTETMBEGCgmSJomT8ixkARkWA29yZzEQMA4GA1UEDwwHUHJpdmF0ZTEQ
        MA4GA1UEYQwHVkFUREUtMTEKMAgGA1UELhMBcTEOMAwGBSoDBAUGDANvZGQxEzAR
        BgsrBgEEAYI3PAIBAxMCREUxFDASBgNVBAMMCyNBbm5hXEIvQwcgMR8wHQYJKoZI
        hvcNAQkBFhBhbm5hQGV4YW1wbGUub3JnMCAXDTI2MTEyNzIxMDYxMFoYDzIxMjYx
        MTAzMjEwNjEwWjCCAcUxCzAJBgNVBAYTAkRFMQ8wDQYDVQQIDAZCYXllcm4xETAP
        BgNVBAcMCE3DvG5jaGVuMQ4wDAYDVQQJDAVXZWcgMTEOMAwGA1UEEQwFODAzMzEx
        IDAeBgNVBAoMF0t1bmRlLCAiR21iSCIgKyBDbzsgPHg+MQ0wCwYDVQQLDARFaW5z
        MQ0wCwYDVQQLDARad2VpMQswCQYDVQQMDAJEcjELMAkGA1UEKwwCQUIxDTALBgNV
        BCoMBEFubmExEDAOBgNVBAQMB03DvGxsZXIxFTATBgNVBA0MDEJlc2NocmVpYnVu
        ZzEmMBAGA1UEBRMJUE5PREUtMTIzMBIGCgmSJomT8ixkAQEMBGFubmExFzAVBgoJ
        kiaJk/IsZAEZFgdleGFtcGxlMRMwEQYKCZImiZPyLGQBGRYDb3JnMRAwDgYDVQQP
        DAdQcml2YXRlMRAwDgYDVQRhDAdWQVRERS0xMQowCAYDVQQuEwFxMQ4wDAYFKgME
        BQYMA29kZDETMBEGCysGAQQBgjc8AgEDEwJERTEUMBIGA1UEAwwLI0FubmFcQi9D
        ByAxHzAdBgkqhkiG9w0BCQEWEGFubmFAZXhhbXBsZS5vcmcwWTATBgcqhkjOPQIB
        BggqhkjOPQMBBwNCAAT86uzyPEeacvC2XEj+f5eMp61I7gwCNnMTdrm6s1oXFE7y
        d16OoOu0iZtVZDEvp30ZYg8gF2dK5tuJAu0Vsy3Ko4IBMTCCAS0wDwYDVR0TAQH/
        BAUwAwEB/zCB+gYDVR0RBIHyMIHvgRFmaXJzdEBleGFtcGxlLm9yZ4INYS5leGFt
        cGxlLm9yZ6AfBgorBgEEAYI3FAIDoBEMD3VwbkBleGFtcGxlLm9yZ4YUaHR0cHM6
        Ly9leGFtcGxlLm9yZy+HBMAAAgGgJgYIKwYBBQUHCAegGhYYX3htcHAtc2VydmVy
        LmV4YW1wbGUub3JngRJzZWNvbmRAZXhhbXBsZS5vcmeCDSouZXhhbXBsZS5vcmeg
        IgYKKwYBBAGCNxQCA6AUDBJ6d2VpdGVAZXhhbXBsZS5vcmegDwYDKgMEoAgMBm5v
        Ym9keaQOMAwxCjAIBgNVBAMMAXgwHQYDVR0OBBYEFHutDt/+aaTKONJJ4S0U4sOt
        4MHaMAoGCCqGSM49BAMCA0kAMEYCIQCxV0qrldxE0NB8W3b/Fkd151GDIajegUVq
        Fyq0fMLBZwIhAPnnOkoDq2al/PflUOQXgmL9vN6y07/kDN7Hyz7CYEND
        -----END CERTIFICATE-----
        """

    static func certificate() throws -> Certificate {
        try #require(try Certificate.certificates(fromPEM: Array(pem.utf8).span).first)
    }

    /// The same with other alternative names, in DER. Its signature is no longer good, which nobody looks at.
    static func certificate(alternativeNames: [UInt8]) throws -> Certificate {
        var der = try certificate().der
        // The names there are have 239 bytes; a URI, which no variable shows, fills what the others leave.
        let size = 239
        let start =
            try #require(der.indices.first { der[$0...].starts(with: [0x04, 0x81, 0xF2, 0x30, 0x81, 0xEF]) }) + 6
        let rest = size - alternativeNames.count - 3
        try #require(rest >= 128)
        let filler = [0x86, 0x81, UInt8(rest)] + [UInt8](repeating: UInt8(ascii: "x"), count: rest)
        der.replaceSubrange(start..<start + size, with: alternativeNames + filler)
        return try Certificate(der: der)
    }

    /// A name of sets of attributes: each an object identifier's encoding, a tag and a value.
    static func name(_ sets: [(type: [UInt8], tag: UInt8, value: [UInt8])]...) throws -> DistinguishedName {
        let encoded = sets.map { set in
            element(
                0x31,
                set.flatMap { element(0x30, element(0x06, $0.type) + element($0.tag, $0.value)) }
            )
        }
        return try DistinguishedName(der: element(0x30, encoded.flatMap { $0 }))
    }

    private static func element(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
        precondition(content.count < 256)
        return [tag] + (content.count < 128 ? [UInt8(content.count)] : [0x81, UInt8(content.count)]) + content
    }
}
