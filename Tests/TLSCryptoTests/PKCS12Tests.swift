// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import TLSCrypto

/// The files of `Vectors/pkcs12`.
@Suite("PKCS #12 files")
struct PKCS12Tests {
    private static let directory = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Vectors/pkcs12")

    private static func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: directory.appending(path: "\(name).p12")))
    }

    private static func read(_ bytes: [UInt8], _ passphrase: String) throws(CryptoError) -> PKCS12 {
        let words = Array(passphrase.utf8)
        return try PKCS12(der: bytes.span, passphrase: words.span)
    }

    private static let wrong = CryptoError.invalidKey(
        "The PKCS #12 file cannot be opened: the passphrase is not right, or what protects it is not supported."
    )

    @Test(
        "Are opened, whatever protects them",
        arguments: [
            ("modern", "secret", 4), ("triple-des", "Schlüssel", 4), ("empty", "", 4), ("plain", "", 4),
            ("null", "", 1),
        ]
    )
    func opened(name: String, passphrase: String, certificates: Int) throws {
        let file = try Self.read(try Self.bytes(name), passphrase)
        #expect(file.privateKeys.map(\.kind) == [.ecdsaP256])
        #expect(file.certificates.count == certificates && file.certificates.allSatisfy { $0.first == 0x30 })
    }

    @Test("Without a key, or without a certificate, have the rest")
    func parts() throws {
        let noKey = try Self.read(try Self.bytes("no-key"), "secret")
        #expect(noKey.privateKeys.isEmpty && noKey.certificates.count == 1)
        let noCertificate = try Self.read(try Self.bytes("no-certificate"), "secret")
        #expect(noCertificate.privateKeys.count == 1 && noCertificate.certificates.isEmpty)
    }

    @Test("Are not opened by another passphrase", arguments: ["modern", "triple-des", "empty", "null"])
    func wrongPassphrase(name: String) throws {
        let bytes = try Self.bytes(name)
        #expect(throws: Self.wrong) { try Self.read(bytes, "guess") }
    }

    @Test(
        "That take too long are refused, wherever it says so",
        arguments: ["long-mac", "long-certificates", "long-key", "long-triple-des", "long-pbmac1"]
    )
    func tooLong(name: String) throws {
        let bytes = try Self.bytes(name)
        let error = #expect(throws: CryptoError.self) { try Self.read(bytes, "secret") }
        #expect(
            error?.description == "The PKCS #12 file takes more than 10000000 iterations to open, which is too long."
        )
    }

    @Test("With a PBMAC1 are opened where libcrypto knows it")
    func pbmac1() throws {
        let bytes = try Self.bytes("pbmac1")
        // OpenSSL has it since 3.4, and ML-DSA since 3.5.
        if MLDSAParameterSet.isAvailable {
            #expect(try Self.read(bytes, "secret").privateKeys.count == 1)
        } else {
            #expect(throws: Self.wrong) { try Self.read(bytes, "secret") }
        }
    }

    @Test("That are damaged are refused, at any byte")
    func damaged() throws {
        let bytes = try Self.bytes("plain")
        for end in stride(from: 0, to: bytes.count, by: 37) {
            #expect(throws: CryptoError.self) { try Self.read(Array(bytes.prefix(end)), "") }
        }
        #expect(throws: CryptoError.self) { try Self.read(bytes + [0], "") }
        // Whatever it is then, nothing worse than an error comes of it.
        let sealed = try Self.bytes("modern")
        for position in stride(from: 0, to: sealed.count, by: 11) {
            var changed = sealed
            changed[position] ^= 0x41
            _ = try? Self.read(changed, "secret")
        }
    }
}
