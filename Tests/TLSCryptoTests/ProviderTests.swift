// SPDX-License-Identifier: Apache-2.0

import CMLKEMCheck
import Foundation
import Testing

@testable import TLSCrypto

/// Whose algorithms are used is for libcrypto's configuration to say, as where FIPS 140-3 wants a certain provider. It is read once in a
/// process, so that each of these tests has one of its own.
@Suite("Providers of libcrypto")
struct ProviderTests {
    /// A key on P-256, and its signature of "sample" with SHA-256.
    private static let point = hex(
        """
        04
        60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6
        7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299
        """
    )
    private static let signature = hex(
        """
        3046
        022100EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716
        022100F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8
        """
    )

    /// Whether the signature is verified with a configuration of libcrypto's, and the default provider there afterwards.
    private static func outcome(_ configuration: String) throws -> (isVerified: Bool, hasDefaultProvider: Bool) {
        try OpenSSLCommand.withDirectory { directory in
            let path = "\(directory)/openssl.cnf"
            try configuration.write(toFile: path, atomically: false, encoding: .utf8)
            let bytes = Array(path.utf8)
            let isUsed = check_use_configuration(bytes.span)
            #expect(isUsed)
            let message = Array("sample".utf8)
            let isVerified = (try? PublicKey(ecdsaPoint: point.span, group: .secp256r1)).map { key in
                (try? key.verify(
                    signature: signature.span,
                    message: message.span,
                    algorithm: .ecdsa(.sha256)
                )) != nil
            }
            return (isVerified ?? false, check_has_default_provider())
        }
    }

    @Test("with the default provider, which nobody has named, curves are verified on the short way")
    func usual() async {
        await #expect(processExitsWith: .success) {
            let (isVerified, hasDefaultProvider) = try Self.outcome("openssl_conf = start\n[start]\n")
            #expect(isVerified && hasDefaultProvider && CurveKey.isAllowed)
        }
    }

    @Test("a default provider that was left out is neither loaded nor gone around")
    func leftOut() async {
        await #expect(processExitsWith: .success) {
            let (isVerified, hasDefaultProvider) = try Self.outcome(
                """
                openssl_conf = start
                [start]
                providers = all
                [all]
                base = base
                [base]
                activate = 1
                """
            )
            #expect(!isVerified && !hasDefaultProvider && !CurveKey.isAllowed)
        }
    }

    @Test("properties that the default provider has not keep it from being used")
    func properties() async {
        await #expect(processExitsWith: .success) {
            let (isVerified, hasDefaultProvider) = try Self.outcome(
                """
                openssl_conf = start
                [start]
                alg_section = algorithms
                providers = all
                [algorithms]
                default_properties = provider=base
                [all]
                default = one
                base = one
                [one]
                activate = 1
                """
            )
            #expect(!isVerified && hasDefaultProvider && !CurveKey.isAllowed)
        }
    }
}
