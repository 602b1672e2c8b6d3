// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import SafeTLS
import SafeTLSNIO
import TLSCertificates

// Tasks wait for other tests, on a busy machine longer than any peer is waited for.

extension ServerHandlerOptions {
    /// Those that wait for the client as long as it takes.
    static let patient = {
        var options = ServerHandlerOptions()
        options.handshakeTimeout = nil
        options.closeTimeout = .hours(1)
        return options
    }()
}

extension ClientHandlerOptions {
    /// Those that wait for the server as long as it takes.
    static let patient = {
        var options = ClientHandlerOptions()
        options.handshakeTimeout = nil
        options.closeTimeout = .hours(1)
        return options
    }()
}

/// The certificates of `Vectors/certificates`, and configurations with them.
enum TestCredentials {
    /// Within the validity of all test certificates.
    static let now: Int64 = 1_800_000_000

    static let directory = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Vectors/certificates").path

    static func credential(_ name: String = "p256") throws -> Credential {
        try Credential(certificateFile: "\(directory)/\(name).pem", keyFile: "\(directory)/\(name).key")
    }

    /// A file of theirs.
    static func path(_ file: String) -> String { "\(directory)/\(file)" }

    static func anchors() throws -> TrustAnchors { try TrustAnchors(pemFile: "\(directory)/ca.pem") }

    /// A server's configuration with the P-256 certificate.
    static func server(
        _ name: String = "p256",
        _ change: (inout ServerOptions) throws -> Void = { _ in }
    ) throws -> ServerConfiguration {
        var options = ServerOptions()
        options.clock = { now }
        try change(&options)
        return try ServerConfiguration(credentials: [credential(name)], options: options)
    }

    /// A client's configuration that trusts the test authority.
    static func client(_ change: (inout ClientOptions) throws -> Void = { _ in }) throws -> ClientConfiguration {
        var options = ClientOptions()
        options.clock = { now }
        try change(&options)
        return try ClientConfiguration(trustAnchors: anchors(), options: options)
    }
}
