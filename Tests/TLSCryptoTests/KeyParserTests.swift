// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization
import Testing

@testable import TLSCrypto

@Suite("Keys that threads read at the same time")
struct KeyParserTests {
    /// Does something on a thread of its own while this one has the parser.
    ///
    /// - Parameter patience: How long it is waited for.
    /// - Returns: Whether it was done while the parser was not to be had.
    private static func isDone(
        within patience: DispatchTimeInterval,
        _ body: @escaping @Sendable () -> Void
    ) -> Bool {
        let (started, ended) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        var isDone = false
        KeyParser.exclusively {
            Thread.detachNewThread {
                started.signal()
                body()
                ended.signal()
            }
            started.wait()
            isDone = ended.wait(timeout: .now() + patience) == .success
        }
        if !isDone { ended.wait() }
        return isDone
    }

    /// What a passphrase costs is up to who has made the key: seconds, for which no other key may have to wait.
    @Test("No key is decrypted while others wait", arguments: ["PKCS#8", "the old way", "PKCS #12"])
    func decryption(form: String) throws {
        let passphrase = Array("secret".utf8)
        let pem = try OpenSSLCommand.run(["ecparam", "-name", "prime256v1", "-genkey", "-noout"])
        let work: @Sendable () throws -> Int
        switch form {
        case "PKCS#8":
            let options = ["pkcs8", "-topk8", "-v2", "aes-256-cbc", "-passout", "pass:secret"]
            let sealed = try KeyFormatTests.firstBlock(of: OpenSSLCommand.run(options, input: pem))
            work = { try EncryptedKey.open(sealed.span, passphrase.span, rounds: 10_000).count }
        case "the old way":
            let sealed = try OpenSSLCommand.run(["ec", "-aes256", "-passout", "pass:secret"], input: pem)
            work = { try EncryptedKey.open(pem: sealed.span, passphrase.span).count }
        default:
            // One without a key: parsing that would wait.
            let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .deletingLastPathComponent().appending(path: "Vectors/pkcs12/no-key.p12")
            let sealed = Array(try Data(contentsOf: file))
            work = { try PKCS12(der: sealed.span, passphrase: passphrase.span).certificates.count }
        }
        let count = Mutex(0)
        #expect(Self.isDone(within: .seconds(120)) { count.withLock { $0 = (try? work()) ?? 0 } })
        #expect(count.withLock { $0 } > 0)
    }

    /// The parser is one.
    @Test("One is parsed after the other")
    func parsing() throws {
        let pem = try OpenSSLCommand.run(["genpkey", "-algorithm", "ED25519"])
        let kind = Mutex<KeyKind?>(nil)
        let isDone = Self.isDone(within: .milliseconds(200)) {
            let key = try? PrivateKey(pem: pem.span)
            kind.withLock { $0 = key?.kind }
        }
        #expect(!isDone && kind.withLock { $0 } == .ed25519)
    }
}
