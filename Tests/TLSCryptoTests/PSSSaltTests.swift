// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import TLSCrypto

/// RFC 9846 §4.3.3: the salt of an RSA-PSS signature is as long as the digest. The signatures are another program's.
@Suite("RSA-PSS salts")
struct PSSSaltTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let hash: String
        let salt: Int
        let message: [UInt8]
        let signature: [UInt8]

        var testDescription: String { "\(hash), \(salt) bytes" }
    }

    private static let directory = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../Vectors")

    private static let cases: [Case] = {
        guard let data = try? Data(contentsOf: directory.appending(path: "references.json")),
            let root = try? JSONSerialization.jsonObject(with: data) as? [String: Any],
            let entries = root["pss"] as? [[String: Any]]
        else { return [] }
        return entries.map { entry in
            Case(
                hash: entry["hash"] as? String ?? "",
                salt: entry["salt"] as? Int ?? -1,
                message: bytes(entry["message"]),
                signature: bytes(entry["signature"])
            )
        }
    }()

    private static func bytes(_ digits: Any?) -> [UInt8] {
        let digits = Array(digits as? String ?? "")
        return stride(from: 0, to: digits.count - 1, by: 2).compactMap { UInt8(String(digits[$0...$0 + 1]), radix: 16) }
    }

    @Test("all lengths are there, the right one and others")
    func lengths() {
        #expect(Self.cases.count == 18)
        #expect(Self.cases.allSatisfy { $0.signature.count == 256 })
    }

    @Test("of another length than the digest's are refused", arguments: cases)
    func salt(_ test: Case) throws {
        let pem = try Array(Data(contentsOf: Self.directory.appending(path: "certificates/rsa2048.key")))
        let key = try PrivateKey(pem: pem.span).publicKey
        let hash: HashAlgorithm = test.hash == "sha256" ? .sha256 : test.hash == "sha384" ? .sha384 : .sha512
        let isRight = test.salt == hash.digestLength
        do throws(CryptoError) {
            try key.verify(signature: test.signature.span, message: test.message.span, algorithm: .rsaPSS(hash))
            #expect(isRight)
        } catch {
            #expect(!isRight && error == .invalidSignature)
        }
    }
}
