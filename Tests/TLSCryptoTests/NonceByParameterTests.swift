// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import TLSCrypto

/// AES-GCM's nonces are set in a shorter way where libcrypto has one, and a trial says that it does the same.
@Suite("Nonces as parameters")
struct NonceByParameterTests {
    private static func seal(_ sealer: inout AEADSealer, _ count: Int) throws -> [UInt8] {
        let plaintext = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        var output = zeros(count + 17)
        var span = output.mutableSpan
        let written = try sealer.seal(
            plaintext.span,
            trailer: 0x17,
            nonce: nonce([UInt8](repeating: 0xA5, count: 10) + [UInt8(count >> 8), UInt8(count & 0xFF)]),
            additionalData: hex("1703030011").span,
            into: &span,
            at: 0
        )
        #expect(written == count + 17)
        return output
    }

    private static func open(_ opener: inout AEADOpener, _ record: [UInt8], _ count: Int) throws(CryptoError) -> [UInt8]
    {
        var bytes = record
        var span = bytes.mutableSpan
        let opened = try opener.open(
            &span,
            range: 0..<record.count,
            nonce: nonce([UInt8](repeating: 0xA5, count: 10) + [UInt8(count >> 8), UInt8(count & 0xFF)]),
            additionalData: hex("1703030011").span
        )
        return Array(bytes[..<opened])
    }

    /// Whichever way this libcrypto takes by itself.
    @Test(
        "both ways give the same records, and each opens those of the other",
        arguments: [AEADAlgorithm.aes128GCM, .aes256GCM]
    )
    func ways(algorithm: AEADAlgorithm) throws {
        #expect(FetchedCipher.passesTrial(algorithm))
        let key = AEADTests.key(algorithm)
        var sealer = try AEADSealer(algorithm, key: key.span)
        var otherSealer = try AEADSealer(algorithm, key: key.span)
        var opener = try AEADOpener(algorithm, key: key.span)
        var otherOpener = try AEADOpener(algorithm, key: key.span)
        (sealer.context.nonceByParameter, otherSealer.context.nonceByParameter) = (0, 1)
        (opener.context.nonceByParameter, otherOpener.context.nonceByParameter) = (0, 1)
        for count in [0, 1, 15, 16, 17, 300, 16_384] {
            let first = try Self.seal(&sealer, count)
            let second = try Self.seal(&otherSealer, count)
            #expect(first == second, "\(count) bytes")
            let plain = try Self.open(&opener, second, count)
            let same = try Self.open(&otherOpener, first, count)
            #expect(plain == same && plain.count == count + 1 && plain.last == 0x17)
            // Damaged, it is refused in either, and the next record is not.
            var damaged = first
            damaged[count] ^= 1
            let isRefused = try Self.refuses(&opener, damaged, count)
            let isRefusedByOther = try Self.refuses(&otherOpener, damaged, count)
            #expect(isRefused && isRefusedByOther)
        }
        // A key that takes the first one's place is used with the same nonces.
        var hash = try KeyedHash(.sha256)
        let secret = [UInt8](repeating: 3, count: 32)
        try sealer.replaceKey(trafficSecret: secret.span, &hash)
        try otherSealer.replaceKey(trafficSecret: secret.span, &hash)
        try opener.replaceKey(trafficSecret: secret.span, &hash)
        try otherOpener.replaceKey(trafficSecret: secret.span, &hash)
        let first = try Self.seal(&sealer, 20)
        let second = try Self.seal(&otherSealer, 20)
        #expect(first == second)
        let plain = try Self.open(&opener, second, 20)
        let same = try Self.open(&otherOpener, first, 20)
        #expect(plain == same)
    }

    private static func refuses(_ opener: inout AEADOpener, _ record: [UInt8], _ count: Int) throws -> Bool {
        do throws(CryptoError) {
            _ = try open(&opener, record, count)
            return false
        } catch .authenticationFailed {
            return true
        }
    }

    @Test("the trial fails a cipher that does not take them, which then is used in the usual way")
    func failedTrial() throws {
        #expect(!FetchedCipher.passesTrial(.chaCha20Poly1305))
        let isByParameter = try Self.isByParameter(.chaCha20Poly1305)
        #expect(!isByParameter)
        #expect(ErrorQueue.isEmpty)
    }

    /// What a context of this libcrypto does.
    private static func isByParameter(_ algorithm: AEADAlgorithm) throws -> Bool {
        let key = AEADTests.key(algorithm)
        let context = try AEADContext(algorithm, key: key.span, encrypts: true)
        return context.nonceByParameter == 1
    }

    @Test("they are used with OpenSSL 3.0 alone, and only after both trials")
    func choice() throws {
        for isOpenSSL30 in [false, true] {
            for passing: Set<AEADAlgorithm> in [[], [.aes128GCM], [.aes256GCM], [.aes128GCM, .aes256GCM]] {
                let isChosen = FetchedCipher.gcmTakesNonceByParameter(isOpenSSL30: isOpenSSL30) { passing.contains($0) }
                #expect(isChosen == (isOpenSSL30 && passing.count == 2))
            }
        }
        for algorithm in [AEADAlgorithm.aes128GCM, .aes256GCM] {
            #expect(try Self.isByParameter(algorithm) == LibcryptoVersion.name.hasPrefix("3.0."))
        }
    }
}
