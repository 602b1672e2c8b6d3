// SPDX-License-Identifier: Apache-2.0
import SafeTLS
import TLSCertificates
import Testing

@testable import HTTPDCore

/// What is known and asked of certificates that wait in mod_md's store.
@Suite struct StagedCertificateTests {
    @Test func places() throws {
        let base = "/var/lib/apache2/md"
        let files = try #require(
            StagedFiles(
                chainFile: "\(base)/domains/a.example/pubcert.secp256r1.pem",
                keyFile: "\(base)/domains/a.example/privkey.secp256r1.pem"
            )
        )
        #expect(files.chain == "\(base)/staging/a.example/pubcert.secp256r1.pem")
        #expect(files.key == "\(base)/staging/a.example/privkey.secp256r1.pem")
        #expect(files.job == "\(base)/staging/a.example/job.json" && files.store == "\(base)/md_store.json")
        #expect(!files.isFirst)
        let first = StagedFiles(
            chainFile: "md/domains/a/fallback-pubcert.pem",
            keyFile: "md/domains/a/fallback-privkey.pem"
        )
        #expect(first?.chain == "md/staging/a/pubcert.pem" && first?.isFirst == true)
    }

    @Test(arguments: [
        ("/etc/ssl/a.pem", "/etc/ssl/a.key"), ("domains/a/pubcert.pem", "domains/b/privkey.pem"),
        ("/x/domains/../pubcert.pem", "/x/domains/../privkey.pem"),
        ("/x/domains/a/pubcert.pem", "/x/domains/a/key.pem"),
        ("/x/domains/a/pubcert.pem", "/y/domains/a/privkey.pem"), ("domains/a/pubcert.pem", "domains/a/privkey.pem"),
        ("/x/domains/a/fallback-pubcert.pem", "/x/domains/a/privkey.pem"),
        ("/x/domains//pubcert.pem", "/x/domains//privkey.pem"),
    ])
    func otherPlaces(chain: String, key: String) {
        #expect(StagedFiles(chainFile: chain, keyFile: key) == nil)
    }

    @Test func jobs() {
        func progress(_ json: String) -> StagedRenewal.Progress { StagedRenewal.progress(ofJob: Array(json.utf8)) }
        #expect(progress(#"{"name": "a", "finished": true}"#) == .isComplete(usableFrom: nil))
        #expect(
            progress(#"{"last":{"valid-from":"x","finished":false},"finished":true,"valid-from":"y"}"#)
                == .isComplete(usableFrom: "y")
        )
        for other in [
            "", "{", #"{"finished": false}"#, #"{"a": {"finished": true}}"#, #"{"a": "\"finished\": true"}"#,
            #"{"finished"}"#, #"["finished", true]"#, #"{"a": ["finished", true]}"#, #"{"finished": "#, "\\", "\"\\",
        ] {
            #expect(progress(other) == .isUnderWay, "\(other)")
        }
    }

    /// Words of marks that have to be put in order before strings are equal: in a megabyte of them that takes minutes.
    @Test func jobsOfMarks() {
        let marks = String(
            String.UnicodeScalarView((0..<100_000).flatMap { _ in ["\u{0301}", "\u{0316}"] as [Unicode.Scalar] })
        )
        for json in [#"{"finished": "\#(marks)"}"#, #"{"\#(marks)": true}"#, #"{"finished": \#(marks)}"#] {
            #expect(StagedRenewal.progress(ofJob: Array(json.utf8)) == .isUnderWay)
        }
        let known = #"{"\#(marks)": "\#(marks)", "finished": true}"#
        #expect(StagedRenewal.progress(ofJob: Array(known.utf8)) == .isComplete(usableFrom: nil))
    }

    @Test func passphrases() {
        func passphrase(_ json: String) -> [UInt8]? {
            let text = Array(json.utf8)
            var bytes: [UInt8] = []
            let isWhole = StagedRenewal.passphrase(ofStore: text.span) { bytes.append($0) }
            #expect(bytes.count <= text.count)
            return isWhole ? bytes : nil
        }
        #expect(passphrase(#"{"key": "AAECAwQFBgcICQoLDA0ODw-_", "version": 3}"#) == Array(0...15) + [15, 191])
        for other in [
            "", #"{"key": "AAEC"}"#, #"{"key": "AAECAwQFBgcICQoLDA0ODw+/"}"#,
            #"{"a": {"key": "AAECAwQFBgcICQoLDA0ODw"}}"#, #"{"key": "AAECAwQFBgcICQoLDA0O\\u0044w"}"#, #"{"key"}"#,
        ] {
            #expect(passphrase(other) == nil, "\(other)")
        }
    }

    @Test func judgement() throws {
        let credential = try #require(Fixture.settings().certificates.first?.credential)
        let leaf = credential.certificateChain[0]
        func mayUse(_ names: [String], at now: Int64, isFirst: Bool = false) throws -> Bool {
            let names = VirtualHostNames(exact: names, patterns: ["*"])
            return try StagedRenewal.mayUse(credential, insteadOf: credential, isFirst: isFirst, for: names, at: now)
        }
        #expect(try mayUse(["host.test", "www.host.test"], at: leaf.notBefore))
        #expect(try !mayUse(["host.test"], at: leaf.notBefore - 1))
        // The old one was not for it either.
        #expect(try mayUse(["other.test"], at: leaf.notBefore))
        #expect(throws: DirectiveError.self) { try mayUse(["other.test"], at: leaf.notBefore, isFirst: true) }
        #expect(try mayUse(["host.test", "other.test"], at: leaf.notBefore, isFirst: true))
        #expect(throws: DirectiveError.self) { try mayUse(["host.test"], at: leaf.notAfter + 1) }
    }

    /// The host has no name that says so, and still keeps the names of the certificate that it has.
    @Test func otherNames() throws {
        let old = try #require(Fixture.settings().certificates.first?.credential)
        let settings = try Fixture.settings(identity: Fixture.otherIdentity)
        let other = try #require(settings.certificates.first?.credential)
        let now = other.certificateChain[0].notBefore
        for names in [["host.test"], ["a host"], []] {
            let names = VirtualHostNames(exact: names, patterns: ["*"])
            #expect(throws: DirectiveError.self) {
                try StagedRenewal.mayUse(other, insteadOf: old, isFirst: false, for: names, at: now)
            }
        }
    }

    @Test func ages() throws {
        let settings = try Fixture.settings { settings in
            try settings.makePolicy(names: VirtualHostNames(exact: ["host.test"], patterns: []))
        }
        let policy = try #require(settings.policy)
        let leaf = policy.configuration.credentials[0].certificateChain[0]
        var ages = CertificateAges()
        #expect(ages.lines(at: 0) == "TLSCertificates: 0\n" && ages.table(at: 0) { $0 }.isEmpty)
        ages.add(policy, host: "host test", nextLook: nil)
        let (start, end) = ("2026-11-23T16:02:26Z", "2126-10-30T16:02:26Z")
        let common = "key=id-ecPublicKey notBefore=\(start) notAfter=\(end)"
        #expect(
            ages.lines(at: leaf.notAfter - 86_400)
                == "TLSCertificates: 1\nTLSCertificate: host=host?test hosts=1 \(common) daysLeft=1 nextLook=restart\n"
        )
        ages.add(policy, host: "b", nextLook: leaf.notAfter + 9)
        ages.add(policy, host: "c", nextLook: leaf.notAfter + 7)
        for (offset, days) in [(-86_399, 0), (0, 0), (1, -1), (86_400, -1), (86_401, -2)] as [(Int64, Int)] {
            #expect(ages.lines(at: leaf.notAfter + offset).contains("hosts=3 \(common) daysLeft=\(days) nextLook=21"))
        }
        #expect(ages.lines(at: leaf.notAfter).hasSuffix("nextLook=2126-10-30T16:02:33Z\n"))
        // A look that is due is due now.
        #expect(ages.lines(at: leaf.notAfter + 8).hasSuffix("nextLook=2126-10-30T16:02:34Z\n"))
        let table = ages.table(at: leaf.notAfter) { "<\($0)>" }
        #expect(
            table.contains(
                "<tr><td><host test> and 2 more</td><td>id-ecPublicKey</td><td>\(start)</td><td>\(end)</td><td>0</td>"
            )
        )
    }
}
