// SPDX-License-Identifier: Apache-2.0

import Testing
import TLSCrypto

@testable import TLSCertificates

/// Damaged certificates are refused or read; none traps.
@Suite struct CertificateFuzzTests {
    /// The same numbers in every run (SplitMix64).
    private struct Numbers: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var value = state
            value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
            value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
            return value ^ value >> 31
        }
    }

    private var samples: [Certificate] {
        get throws {
            let samples = try Samples.all.flatMap { pem in
                let text = Array(pem.utf8)
                return try Certificate.certificates(fromPEM: text.span)
            }
            return samples + [try PolicyTests.sample.made()]
        }
    }

    /// Asks a certificate everything there is to ask.
    private func use(_ certificate: Certificate, with verifier: CertificateVerifier) {
        _ = certificate.description + certificate.subject.description + certificate.issuer.description
        _ = (certificate.dnsNames, certificate.ipAddresses, certificate.nameConstraints, certificate.publicKeyKind)
        _ = try? certificate.publicKey()
        for name in [ServerName.dns("www.example.com"), .ipv4(1), .ipv6(1)] { _ = certificate.matches(name) }
        do throws(CertificateRejection) {
            _ = try verifier.verify([certificate], serverName: nil, at: Samples.now)
            _ = try verifier.verify([certificate, certificate], serverName: nil, at: Samples.now)
            _ = try verifier.verify([certificate], serverName: nil, at: TestCertificate.now)
        } catch {
            _ = error.description
        }
    }

    @Test func everyPrefixIsRefused() throws {
        for certificate in try samples {
            for count in 0..<certificate.der.count {
                #expect(throws: CertificateError.self) { try Certificate(der: Array(certificate.der.prefix(count))) }
            }
        }
    }

    @Test func flippedBitsNeverTrap() throws {
        let samples = try samples
        let verifier = CertificateVerifier(
            trustAnchors: TrustAnchors(samples),
            purpose: .serverAuthentication,
            policies: PolicyRequirements(requiringOneOf: ["1.2.3.4.1"])
        )
        var numbers = Numbers(state: 1)
        var parsed = 0
        for certificate in samples {
            for _ in 0..<1500 {
                var der = certificate.der
                for _ in 0..<Int.random(in: 1...3, using: &numbers) {
                    let index = Int.random(in: der.indices, using: &numbers)
                    der[index] ^= 1 << UInt8.random(in: 0...7, using: &numbers)
                }
                if let damaged = try? Certificate(lenientlyReading: der) { use(damaged, with: verifier) }
                guard let damaged = try? Certificate(der: der) else { continue }
                parsed += 1
                use(damaged, with: verifier)
            }
        }
        // Flips in names, keys and signatures leave the structure whole.
        #expect(parsed > 1000)
    }

    @Test func damagedLeavesAreNeverAccepted() throws {
        let text = Array(Samples.ed25519.utf8)
        let chain = try Certificate.certificates(fromPEM: text.span)
        let verifier = CertificateVerifier(
            trustAnchors: TrustAnchors([chain[1]]),
            purpose: .serverAuthentication
        )
        // One flip at each place: every bit is signed, or part of the signature or its algorithm.
        for index in chain[0].der.indices {
            var der = chain[0].der
            der[index] ^= 1 << UInt8(index % 8)
            for damaged in [try? Certificate(der: der), try? Certificate(lenientlyReading: der)] {
                guard let damaged else { continue }
                #expect(throws: CertificateRejection.self) {
                    try verifier.verify([damaged], serverName: nil, at: Samples.now)
                }
            }
        }
    }

    @Test func splicedBytesNeverTrap() throws {
        let samples = try samples
        let verifier = CertificateVerifier(trustAnchors: TrustAnchors(samples), purpose: .clientAuthentication)
        var numbers = Numbers(state: 2)
        for _ in 0..<4000 {
            let (left, right) = (samples.randomElement(using: &numbers), samples.randomElement(using: &numbers))
            guard let left = left?.der, let right = right?.der else { continue }
            var der = left
            let start = Int.random(in: 0..<der.count, using: &numbers)
            let count = Int.random(in: 0...min(40, der.count - start), using: &numbers)
            let source = Int.random(in: 0..<right.count, using: &numbers)
            let bytes = right[source..<min(right.count, source + Int.random(in: 0...40, using: &numbers))]
            der.replaceSubrange(start..<start + count, with: bytes)
            if let damaged = try? Certificate(der: der) { use(damaged, with: verifier) }
        }
    }

    @Test func deepNestingEndsAtOnce() {
        // Half a megabyte of nested sequences: nothing follows them down.
        var der: [UInt8] = [0x30, 0x00]
        for _ in 0..<2000 { der = DER.value(0x30, der) }
        #expect(throws: CertificateError.self) { try Certificate(der: der) }
        #expect(throws: CertificateError.self) { try DistinguishedName(der: der) }
    }
}
