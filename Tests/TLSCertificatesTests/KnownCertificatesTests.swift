// SPDX-License-Identifier: Apache-2.0

import TLSCrypto
import Testing

@testable import TLSCertificates

@Suite("Certificates of valid paths are known")
struct KnownCertificatesTests {
    private static let leaf = CertificateRole.leaf(ServerName("www.example.com"))

    private func verifier(_ chain: TestChain, known: Int = 64) throws -> CertificateVerifier {
        var limits = CertificateVerifier.Limits()
        limits.knownCertificates = known
        return CertificateVerifier(
            trustAnchors: TrustAnchors([try chain.root.made()]),
            purpose: .serverAuthentication,
            limits: limits
        )
    }

    /// The chain as a peer that sends these bytes has it.
    private func read(_ encodings: [[UInt8]], by verifier: CertificateVerifier) throws -> [Certificate] {
        try encodings.enumerated().map { index, der in
            try verifier.certificate(der.span, as: index == 0 ? Self.leaf : .issuer)
        }
    }

    /// Whether the same bytes, as a leaf's, give this object.
    private func isKnown(_ certificate: Certificate, to verifier: CertificateVerifier) throws -> Bool {
        let der = certificate.der
        return try verifier.certificate(der.span, as: Self.leaf).storage === certificate.storage
    }

    private func verify(
        _ chain: [Certificate],
        by verifier: CertificateVerifier,
        name: String = "www.example.com",
        at time: Int64 = TestCertificate.now
    ) throws -> [Certificate] {
        try verifier.verify(chain, serverName: ServerName(name), at: time)
    }

    @Test("the same bytes are the same object behind a valid path, and not before")
    func sameBytes() throws {
        let made = TestChain()
        let encodings = try [made.leaf.der, made.intermediate.der]
        let verifier = try verifier(made)
        let first = try read(encodings, by: verifier)
        #expect(try read(encodings, by: verifier)[0].storage !== first[0].storage)
        _ = try verify(first, by: verifier)
        let second = try read(encodings, by: verifier)
        #expect(second[0].storage === first[0].storage && second[1].storage === first[1].storage)
        #expect(second[0].isKnownToBeSigned(by: second[1]))
        #expect(try verify(second, by: verifier).count == 3)
        // Of a leaf's place an issuer knows nothing, and another verifier nothing of either.
        let issuer = encodings[1]
        let misplaced = try verifier.certificate(issuer.span, as: Self.leaf)
        #expect(misplaced.storage !== first[1].storage)
        #expect(try read(encodings, by: self.verifier(made))[0].storage !== first[0].storage)
    }

    @Test("all bytes count, not those alone by which a place is found")
    func otherBytes() throws {
        var made = TestChain()
        let verifier = try verifier(made)
        let known = try read([made.leaf.der, made.intermediate.der], by: verifier)
        _ = try verify(known, by: verifier)
        // The signature of the one over the contents of the other.
        var forged = known[0].der
        forged[known[0].storage.fields.signedPart.upperBound - 1] ^= 1
        let other = try? verifier.certificate(forged.span, as: Self.leaf)
        #expect(other?.storage !== known[0].storage)
        #expect(other?.isKnownToBeSigned(by: known[1]) != true)
        made.leaf.damagesSignature = true
        let damaged = try read([made.leaf.der, made.intermediate.der], by: verifier)
        #expect(throws: CertificateRejection.self) { try verify(damaged, by: verifier) }
    }

    @Test("a path that is refused is not kept, and its certificates' places are free")
    func refusedPaths() throws {
        let made = TestChain()
        let verifier = try verifier(made)
        let chain = try read([made.leaf.der, made.intermediate.der], by: verifier)
        #expect(throws: CertificateRejection.self) { try verify(chain, by: verifier, name: "other.example") }
        #expect(!(try isKnown(chain[0], to: verifier)))
    }

    @Test("what is known is judged again: name, time, usages")
    func judgedAgain() throws {
        let made = TestChain()
        let verifier = try verifier(made)
        let chain = try read([made.leaf.der, made.intermediate.der], by: verifier)
        _ = try verify(chain, by: verifier)
        #expect(throws: CertificateRejection.self) { try verify(chain, by: verifier, name: "other.example") }
        #expect(throws: CertificateRejection.self) { try verify(chain, by: verifier, at: TestCertificate.now * 2) }
        let clients = CertificateVerifier(
            trustAnchors: verifier.trustAnchors,
            purpose: .serverAuthentication,
            leafKeyUsages: .keyEncipherment
        )
        #expect(throws: CertificateRejection.self) { try verify(chain, by: clients) }
    }

    @Test("a leaf is known where the name that it was verified for is wanted, and nowhere else")
    func namesOfLeaves() throws {
        let made = TestChain()
        let verifier = try verifier(made)
        let chain = try read([made.leaf.der, made.intermediate.der], by: verifier)
        _ = try verify(chain, by: verifier)
        let der = chain[0].der
        for name in [ServerName("other.example"), nil] {
            let shown = try verifier.certificate(der.span, as: .leaf(name))
            #expect(shown.storage !== chain[0].storage)
        }
        #expect(try isKnown(chain[0], to: verifier))
    }

    @Test("what was read leniently is not known to those who read strictly")
    func leniently() throws {
        var made = TestChain()
        made.leaf.serialNumber = DER.value(2, [UInt8](repeating: 1, count: 30))
        let verifier = try verifier(made)
        let leaf = try Certificate(lenientlyReading: made.leaf.der)
        let chain = [leaf, try made.intermediate.made()]
        _ = try verify(chain, by: verifier)
        #expect(throws: CertificateError.self) { try read([made.leaf.der], by: verifier) }
        let issuer = chain[1].der
        #expect(try verifier.certificate(issuer.span, as: .issuer).storage === chain[1].storage)
    }

    @Test("a chain that was read again does not take the place of the one that is known")
    func readAgain() throws {
        let made = TestChain()
        let verifier = try verifier(made)
        let chain = try read([made.leaf.der, made.intermediate.der], by: verifier)
        _ = try verify(chain, by: verifier)
        let copies = [try made.leaf.made(), try made.intermediate.made()]
        _ = try verify(copies, by: verifier)
        #expect(try isKnown(chain[0], to: verifier))
    }

    @Test("a good signature is one of that key, not of that name")
    func anotherKeyOfTheSameName() throws {
        var made = TestChain()
        let verifier = try verifier(made)
        let chain = try read([made.leaf.der, made.intermediate.der], by: verifier)
        _ = try verify(chain, by: verifier)
        // An issuer of the same name with another key, certified by the same root.
        made.intermediate.key = .leaf
        let impostor = try made.intermediate.made()
        #expect(!chain[0].isKnownToBeSigned(by: impostor))
        let rejection = #expect(throws: CertificateRejection.self) { try verify([chain[0], impostor], by: verifier) }
        #expect(rejection?.reason == .badSignature(issuer: "CN=Intermediate"))
    }

    @Test("the same key in another certificate still counts")
    func theSameKeyElsewhere() throws {
        var made = TestChain()
        let verifier = try verifier(made)
        let chain = try read([made.leaf.der, made.intermediate.der], by: verifier)
        _ = try verify(chain, by: verifier)
        made.intermediate.serialNumber = DER.integer(99)
        let renewed = try made.intermediate.made()
        #expect(chain[0].isKnownToBeSigned(by: renewed))
        #expect(try verify([chain[0], renewed], by: verifier)[1] == renewed)
    }

    @Test("where there is one place for issuers, it is that of the one that peers send")
    func nearestToTheLeaf() throws {
        let made = TestChain()
        let verifier = try verifier(made, known: 2)
        let chain = try read([made.leaf.der, made.intermediate.der], by: verifier)
        _ = try verify(chain, by: verifier)
        let issuer = chain[1].der
        #expect(try verifier.certificate(issuer.span, as: .issuer).storage === chain[1].storage)
    }

    @Test("issuers do not take each other's places while there are free ones", arguments: 0..<5)
    func free(round: Int) throws {
        var made = TestChain()
        let verifier = try verifier(made, known: 8)
        // With the root four of them.
        let chains = try (1...3).map { number in
            made.intermediate.serialNumber = DER.integer(UInt8(10 * round + number))
            let chain = try read([made.leaf.der, made.intermediate.der], by: verifier)
            _ = try verify(chain, by: verifier)
            return chain
        }
        for chain in chains {
            let issuer = chain[1].der
            #expect(try verifier.certificate(issuer.span, as: .issuer).storage === chain[1].storage)
        }
    }

    @Test("places are limited, and so are lengths", arguments: [0, 1, 2, 8])
    func limits(known: Int) throws {
        var made = TestChain()
        let verifier = try verifier(made, known: known)
        var chains: [[Certificate]] = []
        for number in 1..<40 {
            made.leaf.serialNumber = DER.integer(UInt8(number))
            let chain = try read([made.leaf.der, made.intermediate.der], by: verifier)
            _ = try verify(chain, by: verifier)
            chains.append(chain)
        }
        let kept = try chains.filter { try isKnown($0[0], to: verifier) }
        #expect(kept.count <= known / 2 && (kept.count > 0) == (known >= 2))
        let names = (0..<300).map { TestName.dns("name-number-\($0).example.com") }
        TestChain.set(.alternativeNames(of: [TestName.dns("www.example.com")] + names), in: &made.leaf)
        let long = try read([made.leaf.der, made.intermediate.der], by: verifier)
        #expect(long[0].der.count > 4096)
        _ = try verify(long, by: verifier)
        #expect(!(try isKnown(long[0], to: verifier)))
    }
}
