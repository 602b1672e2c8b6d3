// SPDX-License-Identifier: Apache-2.0
import Foundation
import SafeTLS
import Testing

@testable import HTTPDCore

/// Hosts that name the same files. What was read is one for the whole process.
@Suite(.serialized) struct ReadCredentialsTests {
    @Test func filesAreReadOnce() throws {
        try Fixture.withFile(Fixture.certificate + "\n" + Fixture.key + "\n") { path in
            var settings: [ServerSettings] = []
            func load() throws {
                let one = ServerSettings()
                try one.loadCertificates(files: [path], keyFiles: [path])
                settings.append(one)
            }
            try load()
            // It is not looked at a second time.
            try Data("no certificate".utf8).write(to: URL(fileURLWithPath: path))
            try load()
            let credentials = settings.map { $0.certificates[0].credential }
            #expect(credentials[0].certificateChain == credentials[1].certificateChain)
            // What is stapled to one is not stapled to the other.
            #expect(credentials[0] !== credentials[1])
            var staple = CertificateStaple()
            staple.ocspResponse = [1, 2, 3]
            try credentials[0].setStaple(staple)
            #expect(credentials[1].staple.ocspResponse == nil)
            ReadCredentials.forget()
            #expect(throws: DirectiveError.self) { try load() }
        }
    }
}
