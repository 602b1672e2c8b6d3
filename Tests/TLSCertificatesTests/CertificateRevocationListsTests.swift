// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import TLSCertificates

@Suite struct CertificateRevocationListsTests {
    private func withDirectory(_ body: (String) throws -> Void) throws {
        let directory = FileManager.default.temporaryDirectory.path + "/" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: directory + "/deeper", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try body(directory)
    }

    private func write(_ text: String, to path: String) throws {
        try text.write(toFile: path, atomically: false, encoding: .utf8)
    }

    private let other = TestRevocationList(issuer: DER.name("A"), signer: .ed25519)

    @Test func filesAreReadInBothEncodings() throws {
        try withDirectory { directory in
            try write("# List\n" + RevocationSamples.list + RevocationSamples.authority, to: directory + "/a.pem")
            let der = try other.der
            #expect(FileManager.default.createFile(atPath: directory + "/b.crl", contents: Data(der)))
            let lists = try CertificateRevocationLists(
                files: [directory + "/a.pem", directory + "/b.crl", directory + "/a.pem"]
            )
            #expect(lists.count == 2)
            let made = try CertificateRevocationList(der: der)
            #expect(lists.lists(of: made.issuer) == [made])
        }
    }

    @Test func directoriesAreReadWithoutWhatIsNoList() throws {
        try withDirectory { directory in
            try write(RevocationSamples.list, to: directory + "/a.r0")
            try write(RevocationSamples.list, to: directory + "/b.pem")
            try write(RevocationSamples.authority, to: directory + "/c.pem")
            try write("0123456789", to: directory + "/README")
            #expect(try CertificateRevocationLists(directories: [directory]).count == 1)
            // A broken list must not go unnoticed.
            try write("-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n", to: directory + "/d.pem")
            let broken = #expect(throws: CertificateError.self) {
                try CertificateRevocationLists(directories: [directory])
            }
            #expect(broken?.reason.hasPrefix("\(directory)/d.pem: revocation list 1 of the PEM text: ") == true)
        }
    }

    @Test func errorsNameTheFile() throws {
        let missing = #expect(throws: CertificateError.self) { try CertificateRevocationLists(files: ["/nonexistent"]) }
        #expect(missing?.reason == "/nonexistent: the file cannot be read: No such file or directory")
        let nowhere = #expect(throws: CertificateError.self) {
            try CertificateRevocationLists(directories: ["/nonexistent"])
        }
        #expect(nowhere?.reason == "/nonexistent: the directory cannot be read: No such file or directory")
        try withDirectory { directory in
            let empty = #expect(throws: CertificateError.self) {
                try CertificateRevocationLists(directories: [directory])
            }
            #expect(empty?.reason == "\(directory): no file contains an X509 CRL block")
            try write(RevocationSamples.authority, to: directory + "/a.pem")
            let none = #expect(throws: CertificateError.self) {
                try CertificateRevocationLists(files: [directory + "/a.pem"])
            }
            #expect(none?.reason == "\(directory)/a.pem: the file contains no X509 CRL block")
        }
    }

    @Test func theNewestListComesFirst() throws {
        var newer = other
        newer.thisUpdate = DER.time("251202000000Z")
        let (old, new) = (try other.made(), try newer.made())
        for lists in [[old, new], [new, old, new]] {
            let collection = CertificateRevocationLists(lists)
            #expect(collection.lists(of: old.issuer) == [new, old])
            #expect(collection.count == 2)
        }
    }
}
