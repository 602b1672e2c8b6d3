// SPDX-License-Identifier: Apache-2.0

import Foundation
import TLSCertificates
import TLSCrypto
import Testing

@testable import SafeTLS

/// The certificates of `Vectors/certificates`.
enum TestCredentials {
    /// Within the validity of all test certificates.
    static let now: Int64 = 1_800_000_000

    static let directory = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Vectors/certificates").path

    static let anchors: TrustAnchors = {
        do {
            return try TrustAnchors(pemFile: "\(directory)/ca.pem")
        } catch {
            Issue.record("the test authority cannot be read: \(error)")
            return TrustAnchors([])
        }
    }()

    /// The first certificate of a file.
    static func certificate(_ name: String) throws -> Certificate {
        let pem = Array(try Data(contentsOf: URL(filePath: "\(directory)/\(name).pem")))
        return try #require(try Certificate.certificates(fromPEM: pem.span).first)
    }

    /// The credential of this name: p256, p384, p521, ed25519, rsa2048, rsapss2048 or other.
    static func named(_ name: String) throws -> Credential {
        try Credential(certificateFile: "\(directory)/\(name).pem", keyFile: "\(directory)/\(name).key")
    }
}

extension Credential {
    /// The key of a credential whose key is here.
    var privateKey: PrivateKey {
        get throws {
            guard case .here(let key) = key else { throw ConfigurationError(reason: "the key is elsewhere") }
            return key
        }
    }
}
