// SPDX-License-Identifier: Apache-2.0

import TLSCrypto
import Testing

@testable import TLSCertificates

/// Certificates of which not everything is right, read by applications that don't verify them or have rules of their own.
@Suite struct LenientCertificateTests {
    private static func value(_ object: String, _ value: [UInt8]) -> @Sendable (inout TestCertificate) -> Void {
        { TestChain.set(TestExtension(object: object, isCritical: false, value: value), in: &$0) }
    }

    /// What OpenSSL lets pass on a path.
    private static let irregular: [(String, @Sendable (inout TestCertificate) -> Void)] = [
        ("long serial number", { $0.serialNumber = DER.value(2, [UInt8](repeating: 1, count: 80)) }),
        ("Boolean of BER", value("2.5.29.19", DER.sequence(DER.value(1, [1])))),
        ("no alternative names", value("2.5.29.17", DER.sequence())),
    ]

    /// What it doesn't.
    private static let flawed: [(String, @Sendable (inout TestCertificate) -> Void)] = [
        ("the subjectAltName extension is malformed", value("2.5.29.17", DER.boolean(true))),
        ("the subjectAltName extension is malformed", value("2.5.29.17", DER.sequence(DER.value(0x99, [])))),
        ("the basicConstraints extension is malformed", value("2.5.29.19", DER.octets([1]))),
        ("the keyUsage extension is malformed", value("2.5.29.15", DER.null)),
        ("the policyConstraints extension is malformed", value("2.5.29.36", DER.sequence())),
        (
            "the extensions is malformed: the extension 2.5.29.15 occurs twice",
            { $0.extensions.append(.keyUsage(0x80)) }
        ),
        ("the validity is malformed", { $0.notAfter = DER.time("99990101") }),
    ]

    @Test func irregularOnesAreTakenAsOpenSSLDoes() throws {
        for (name, change) in Self.irregular {
            var chain = TestChain()
            change(&chain.leaf)
            chain.serverName = nil
            let der = try chain.leaf.der
            #expect(throws: CertificateError.self, "\(name)") { try Certificate(der: der) }
            chain.isLenient = true
            #expect(try chain.rejection() == nil, "\(name)")
        }
    }

    @Test func flawedOnesAreReadAndNotAccepted() throws {
        for (words, change) in Self.flawed {
            var chain = TestChain()
            change(&chain.leaf)
            chain.serverName = nil
            let der = try chain.leaf.der
            #expect(throws: CertificateError.self, "\(words)") { try Certificate(der: der) }
            let certificate = try Certificate(lenientlyReading: der)
            #expect(try certificate.publicKey().kind == .ecdsaP256)
            chain.isLenient = true
            guard case .malformed(let flaw) = try chain.rejection()?.reason else {
                Issue.record("\(words): \(String(describing: try chain.rejection()))")
                continue
            }
            #expect(flaw.hasPrefix(words), "\(flaw)")
        }
    }

    @Test func aTimeThatIsNoneIsNeverNow() throws {
        var leaf = TestChain().leaf
        leaf.notAfter = DER.time("99990101")
        #expect(try Certificate(lenientlyReading: leaf.der).notAfter == 0)
    }

    /// An issuer is read as leniently, and refused for the same.
    @Test func issuersAreNoExceptions() throws {
        var chain = TestChain()
        chain.isLenient = true
        Self.value("2.5.29.36", DER.sequence())(&chain.intermediate)
        guard case .malformed = try chain.rejection()?.reason else {
            Issue.record("\(String(describing: try chain.rejection()))")
            return
        }
    }

    @Test func structureNamesAndKeyHaveToBeThere() throws {
        let whole = try TestChain().leaf.der
        for length in 0..<whole.count {
            #expect(throws: CertificateError.self) { try Certificate(lenientlyReading: Array(whole.prefix(length))) }
        }
        var leaf = TestChain().leaf
        leaf.subject = DER.octets([])
        #expect(throws: CertificateError.self) { try Certificate(lenientlyReading: leaf.der) }
    }
}
