// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import TLSCrypto

@Suite("Authenticated encryption")
struct AEADTests {
    struct Vector: Sendable {
        let algorithm: AEADAlgorithm
        let key: String
        let nonce: String
        let additionalData: String
        let plaintext: String
        let ciphertext: String
        let tag: String
    }

    static let gcmPlaintext = """
        d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72
        1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39
        """

    /// McGrew and Viega's GCM test cases 1, 4 and 16; RFC 8439 §2.8.2.
    static let vectors = [
        Vector(
            algorithm: .aes128GCM,
            key: "00000000000000000000000000000000",
            nonce: "000000000000000000000000",
            additionalData: "",
            plaintext: "",
            ciphertext: "",
            tag: "58e2fccefa7e3061367f1d57a4e7455a"
        ),
        Vector(
            algorithm: .aes128GCM,
            key: "feffe9928665731c6d6a8f9467308308",
            nonce: "cafebabefacedbaddecaf888",
            additionalData: "feedfacedeadbeeffeedfacedeadbeefabaddad2",
            plaintext: gcmPlaintext,
            ciphertext: """
                42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e
                21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091
                """,
            tag: "5bc94fbc3221a5db94fae95ae7121a47"
        ),
        Vector(
            algorithm: .aes256GCM,
            key: "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
            nonce: "cafebabefacedbaddecaf888",
            additionalData: "feedfacedeadbeeffeedfacedeadbeefabaddad2",
            plaintext: gcmPlaintext,
            ciphertext: """
                522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa
                8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662
                """,
            tag: "76fc6ece0f4e1768cddf8853bb2d551b"
        ),
        Vector(
            algorithm: .chaCha20Poly1305,
            key: "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
            nonce: "070000004041424344454647",
            additionalData: "50515253c0c1c2c3c4c5c6c7",
            plaintext: """
                4c616469657320616e642047656e746c656d656e206f662074686520636c6173
                73206f66202739393a204966204920636f756c64206f6666657220796f75206f
                6e6c79206f6e652074697020666f7220746865206675747572652c2073756e73
                637265656e20776f756c642062652069742e
                """,
            ciphertext: """
                d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6
                3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36
                92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc
                3ff4def08e4b7a9de576d26586cec64b6116
                """,
            tag: "1ae10b594f09e26a7e902ecbd0600691"
        ),
    ]

    static let algorithms: [AEADAlgorithm] = [.aes128GCM, .aes256GCM, .chaCha20Poly1305]

    static func key(_ algorithm: AEADAlgorithm) -> [UInt8] {
        (0..<algorithm.keyLength).map { UInt8($0 * 3 + 1) }
    }

    @Test(arguments: vectors)
    func knownAnswers(vector: Vector) throws {
        let plaintext = hex(vector.plaintext)
        let sealed = hex(vector.ciphertext) + hex(vector.tag)
        var sealer = try AEADSealer(vector.algorithm, key: hex(vector.key).span)
        var opener = try AEADOpener(vector.algorithm, key: hex(vector.key).span)
        // Three times: the contexts are used again.
        for _ in 0..<3 {
            var output = [UInt8](repeating: 0xEE, count: 5 + sealed.count + 3)
            var span = output.mutableSpan
            let written = try sealer.seal(
                plaintext.span,
                trailer: nil,
                nonce: nonce(hex(vector.nonce)),
                additionalData: hex(vector.additionalData).span,
                into: &span,
                at: 5
            )
            #expect(written == sealed.count)
            #expect(Array(output[5..<5 + written]) == sealed)
            #expect(output.prefix(5).allSatisfy { $0 == 0xEE } && output.suffix(3).allSatisfy { $0 == 0xEE })

            var elsewhere = [UInt8](repeating: 0xEE, count: plaintext.count + 1)
            var target = elsewhere.mutableSpan
            let length = try opener.open(
                output.span,
                range: 5..<5 + written,
                nonce: nonce(hex(vector.nonce)),
                additionalData: hex(vector.additionalData).span,
                into: &target
            )
            #expect(length == plaintext.count)
            #expect(elsewhere == plaintext + [0xEE])
            #expect(Array(output[5..<5 + written]) == sealed)

            var buffer = output.mutableSpan
            let count = try opener.open(
                &buffer,
                range: 5..<5 + written,
                nonce: nonce(hex(vector.nonce)),
                additionalData: hex(vector.additionalData).span
            )
            #expect(Array(output[5..<5 + count]) == plaintext)
        }
    }

    @Test(
        "What is opened elsewhere and is a forgery leaves no plaintext there, nor what finds no room",
        arguments: algorithms
    )
    func elsewhere(algorithm: AEADAlgorithm) throws {
        let plaintext = [UInt8](repeating: 0x41, count: 40)
        var sealer = try AEADSealer(algorithm, key: Self.key(algorithm).span)
        var opener = try AEADOpener(algorithm, key: Self.key(algorithm).span)
        let header = hex("1703030038")
        var sealed = [UInt8](repeating: 0, count: 56)
        var span = sealed.mutableSpan
        _ = try sealer.seal(
            plaintext.span,
            trailer: nil,
            nonce: nonce([9]),
            additionalData: header.span,
            into: &span,
            at: 0
        )

        func open(_ bytes: [UInt8], _ range: Range<Int>, room: Int = 44) -> (CryptoError?, [UInt8]) {
            var output = [UInt8](repeating: 0xEE, count: room)
            var target = output.mutableSpan
            do {
                _ = try opener.open(
                    bytes.span,
                    range: range,
                    nonce: nonce([9]),
                    additionalData: header.span,
                    into: &target
                )
                return (nil, output)
            } catch {
                return (error, output)
            }
        }
        for i in 0..<sealed.count * 8 {
            var forged = sealed
            forged[i / 8] ^= 1 << (i % 8)
            let (error, output) = open(forged, 0..<56)
            #expect(error == .authenticationFailed)
            #expect(output == [UInt8](repeating: 0, count: 40) + [0xEE, 0xEE, 0xEE, 0xEE])
            #expect(ErrorQueue.isEmpty)
        }
        #expect(open(sealed, 0..<15).0 == .authenticationFailed)
        for (range, room) in [(0..<57, 44), (0..<56, 39), (0..<16, 0)] {
            guard case .internalFailure = open(sealed, range, room: room).0 else {
                Issue.record("\(range) into \(room)")
                continue
            }
        }
        let (error, output) = open(sealed, 0..<56)
        #expect(error == nil)
        #expect(Array(output[..<40]) == plaintext)
    }

    @Test("A trailer byte is the same as a longer plaintext", arguments: algorithms)
    func trailer(algorithm: AEADAlgorithm) throws {
        var sealer = try AEADSealer(algorithm, key: Self.key(algorithm).span)
        var opener = try AEADOpener(algorithm, key: Self.key(algorithm).span)
        let header = hex("1703034001")
        for count in [0, 1, 15, 16, 17, 63, 64, 65, 255, 256, 1000, 16383, 16384] {
            let plaintext = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
            let number = nonce([UInt8(truncatingIfNeeded: count), UInt8(count >> 8)])
            var withTrailer = [UInt8](repeating: 0, count: count + 17)
            var first = withTrailer.mutableSpan
            let written = try sealer.seal(
                plaintext.span,
                trailer: 0x17,
                nonce: number,
                additionalData: header.span,
                into: &first,
                at: 0
            )
            var longer = [UInt8](repeating: 0, count: count + 17)
            var second = longer.mutableSpan
            _ = try sealer.seal(
                (plaintext + [0x17]).span,
                trailer: nil,
                nonce: number,
                additionalData: header.span,
                into: &second,
                at: 0
            )
            #expect(written == count + 17)
            #expect(withTrailer == longer, "\(count) bytes")
            var buffer = withTrailer.mutableSpan
            let opened = try opener.open(&buffer, range: 0..<written, nonce: number, additionalData: header.span)
            #expect(opened == count + 1)
            #expect(Array(withTrailer[..<opened]) == plaintext + [0x17])
        }
    }

    @Test("Any changed bit is found and leaves no plaintext", arguments: algorithms)
    func forgeries(algorithm: AEADAlgorithm) throws {
        let plaintext = [UInt8](repeating: 0x41, count: 40)
        let header = hex("1703030038")
        let number = nonce([9])
        var sealer = try AEADSealer(algorithm, key: Self.key(algorithm).span)
        var opener = try AEADOpener(algorithm, key: Self.key(algorithm).span)
        var sealed = [UInt8](repeating: 0, count: 56)
        var output = sealed.mutableSpan
        _ = try sealer.seal(
            plaintext.span,
            trailer: nil,
            nonce: number,
            additionalData: header.span,
            into: &output,
            at: 0
        )

        func open(_ bytes: inout [UInt8], nonce: [12 of UInt8], header: [UInt8]) -> CryptoError? {
            let count = bytes.count
            var span = bytes.mutableSpan
            do {
                _ = try opener.open(&span, range: 0..<count, nonce: nonce, additionalData: header.span)
                return nil
            } catch {
                return error
            }
        }
        for i in 0..<sealed.count * 8 {
            var forged = sealed
            forged[i / 8] ^= 1 << (i % 8)
            #expect(open(&forged, nonce: number, header: header) == .authenticationFailed)
            #expect(forged[..<40].allSatisfy { $0 == 0 })
            #expect(ErrorQueue.isEmpty)
        }
        var copy = sealed
        #expect(open(&copy, nonce: nonce([8]), header: header) == .authenticationFailed)
        copy = sealed
        #expect(open(&copy, nonce: number, header: hex("1703030039")) == .authenticationFailed)
        copy = Array(sealed.dropLast())
        #expect(open(&copy, nonce: number, header: header) == .authenticationFailed)
        // The context is still good afterwards.
        copy = sealed
        #expect(open(&copy, nonce: number, header: header) == nil)
        #expect(Array(copy[..<40]) == plaintext)
    }

    @Test("Ranges and room are checked")
    func bounds() throws {
        var sealer = try AEADSealer(.aes128GCM, key: Self.key(.aes128GCM).span)
        var opener = try AEADOpener(.aes128GCM, key: Self.key(.aes128GCM).span)
        var bytes = [UInt8](repeating: 0, count: 32)
        var span = bytes.mutableSpan
        for (count, offset) in [(17, 0), (0, 17), (16, 1), (0, 33), (0, -1), (0, .max)] {
            do {
                _ = try sealer.seal(
                    [UInt8](repeating: 0, count: count).span,
                    trailer: nil,
                    nonce: nonce([]),
                    additionalData: [UInt8]().span,
                    into: &span,
                    at: offset
                )
                Issue.record("\(count) bytes at \(offset) were sealed")
            } catch {
                #expect(error == .internalFailure("There is no room for a sealed record."))
            }
        }
        for range in [0..<0, 0..<15, 20..<32] {
            do {
                _ = try opener.open(&span, range: range, nonce: nonce([]), additionalData: [UInt8]().span)
                Issue.record("\(range) was opened")
            } catch {
                #expect(error == .authenticationFailed)
            }
        }
        for range in [0..<33, -1..<32, 40..<60] {
            do {
                _ = try opener.open(&span, range: range, nonce: nonce([]), additionalData: [UInt8]().span)
                Issue.record("\(range) was opened")
            } catch {
                #expect(error == .internalFailure("A record to be opened is not within its buffer."))
            }
        }
    }

    /// What a cipher that got its first key in either way makes of a message.
    private func seal(_ sealer: inout AEADSealer) throws -> [UInt8] {
        var output = [UInt8](repeating: 0, count: 21)
        var span = output.mutableSpan
        _ = try sealer.seal(
            Array("hello".utf8).span,
            trailer: nil,
            nonce: nonce([1]),
            additionalData: [UInt8]().span,
            into: &span,
            at: 0
        )
        return output
    }

    @Test("The key of a traffic secret, in a new cipher and in one that had another", arguments: algorithms)
    func trafficSecrets(algorithm: AEADAlgorithm) throws {
        var hash = try KeyedHash(algorithm == .aes256GCM ? .sha384 : .sha256)
        let first = [UInt8](repeating: 1, count: hash.algorithm.digestLength)
        let second = [UInt8](repeating: 2, count: hash.algorithm.digestLength)
        var expected: [[UInt8]] = []
        for secret in [first, second] {
            let key = try hash.expandLabel(secret.span, "key", count: algorithm.keyLength)
            var sealer = try AEADSealer(algorithm, key: key.bytes)
            expected.append(try seal(&sealer))
            let iv = try hash.expandLabel(secret.span, "iv", count: 12)
            let staticIV = try hash.staticIV(trafficSecret: secret.span)
            let isSame = isEqual(staticIV.span, iv.bytes)
            #expect(isSame)
        }
        #expect(expected[0] != expected[1])
        var sealer = try AEADSealer(algorithm, trafficSecret: first.span, &hash)
        var opener = try AEADOpener(algorithm, trafficSecret: first.span, &hash)
        let algorithms = (sealer.algorithm, opener.algorithm)
        #expect(algorithms == (algorithm, algorithm))
        for (secret, sealed) in zip([first, second, first], [expected[0], expected[1], expected[0]]) {
            try sealer.replaceKey(trafficSecret: secret.span, &hash)
            try opener.replaceKey(trafficSecret: secret.span, &hash)
            let again = try seal(&sealer)
            #expect(again == sealed)
            var copy = sealed
            var span = copy.mutableSpan
            let length = try opener.open(&span, range: 0..<21, nonce: nonce([1]), additionalData: [UInt8]().span)
            #expect(copy.prefix(length) == Array("hello".utf8)[...])
        }
    }

    @Test(arguments: algorithms)
    func keysOfOtherLengthsAreRefused(algorithm: AEADAlgorithm) {
        for count in [0, 15, 24, 33] {
            let key = [UInt8](repeating: 0, count: count)
            do {
                _ = try AEADSealer(algorithm, key: key.span)
                Issue.record("A key of \(count) bytes was taken")
            } catch {
                #expect(
                    error == .invalidKey("The cipher needs a key of \(algorithm.keyLength) bytes, not \(count).")
                )
            }
        }
    }
}
