// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// The bytes that a TLS 1.3 CertificateVerify signs (RFC 9846 §4.5.2).
enum CertificateVerifyContent {
    enum Signer: String {
        case server = "TLS 1.3, server CertificateVerify"
        case client = "TLS 1.3, client CertificateVerify"
    }

    static func bytes(_ signer: Signer, transcript: Digest) -> [UInt8] {
        var writer = ByteWriter(reserving: 64 + 34 + transcript.count)
        for _ in 0..<64 { writer.append(UInt8(0x20)) }
        writer.append(signer.rawValue)
        writer.append(UInt8(0))
        writer.append(transcript.bytes)
        return writer.takeBytes()
    }
}
