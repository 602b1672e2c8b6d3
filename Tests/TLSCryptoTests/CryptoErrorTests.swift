// SPDX-License-Identifier: Apache-2.0

import TLSCrypto
import Testing

@Suite("Errors of primitives")
struct CryptoErrorTests {
    @Test("say what is wrong in one sentence")
    func sentences() {
        let errors: [CryptoError] = [
            .authenticationFailed, .invalidKey("The key is short."), .invalidPeerKey, .invalidSignature,
            .unsupported("This libcrypto lacks it."), .randomUnavailable, .internalFailure("The cipher failed."),
        ]
        for error in errors {
            let words = "\(error)"
            #expect(words.first?.isUppercase == true && words.last == "." && words.contains(" "))
        }
        #expect("\(CryptoError.invalidKey("The key is short."))" == "The key is short.")
    }
}
