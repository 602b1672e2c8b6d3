// SPDX-License-Identifier: Apache-2.0
import SafeTLS
import TLSCertificates
import Testing

@testable import HTTPDCore

/// What is said of a configuration that works.
@Suite struct StartWarningTests {
    @Test func ofDirectives() {
        var warnings = DirectiveWarnings()
        #expect(warnings.sentences.isEmpty)
        for (text, place) in [
            ("b", "line 1"), ("a", "line 2"), ("b", "line 3"), ("c", "line 4"), ("b", "line 1"), ("c", "x"),
        ] {
            warnings.add(text, at: place)
        }
        #expect(warnings.sentences == ["b (line 1, and 2 more times)", "a (line 2)", "c (line 4, and 1 more time)"])
    }

    @Test func ofCertificates() throws {
        let certificate = try #require(Fixture.settings().certificates.first?.credential.certificateChain.first)
        let (start, end) = (certificate.notBefore, certificate.notAfter)
        func words(_ host: String, _ now: Int64) -> [String] {
            CertificateWarnings.sentences(about: certificate, host: host, at: now)
                .map { String($0.dropFirst("the certificate '\(certificate)' ".count)) }
        }
        let authority = "is that of an authority (basicConstraints): it is not meant for servers"
        #expect(words("host.test", start) == [authority])
        #expect(words("www.HOST.test", start) == [authority])
        #expect(words("other.test", start) == [authority, "is not for 'other.test', only for host.test, *.host.test"])
        #expect(words("host.test", end - 14 * 86_400) == [authority])
        let soon = words("host.test", end - 14 * 86_400 + 1)
        #expect(soon.count == 2 && soon[1].hasSuffix(", soon"))
        #expect(words("host.test", end + 1)[1].hasPrefix("has expired on "))
        #expect(words("host.test", start - 1)[1].hasPrefix("is not good before "))
    }

    @Test func ofChains() throws {
        let chain = try #require(Fixture.settings().certificates.first?.credential.certificateChain)
        #expect(CertificateWarnings.sentence(about: chain, hasSHA1Signature: false) == nil)
        let sentence = CertificateWarnings.sentence(about: chain, hasSHA1Signature: true)
        #expect(sentence?.hasPrefix("the chain of the certificate '\(chain[0])' has SHA-1 signatures: ") == true)
    }

    @Test(
        arguments: [
            ([], nil, nil), (["require"], nil, "get 403"), (["optional", "require"], nil, "get 403"),
            (["optional"], nil, "are served without one"), (["none"], nil, nil), (["require"], "optional", nil),
        ] as [([String], String?, String?)]
    )
    func ofDirectories(_ demands: [String], _ host: String?, _ words: String?) throws {
        let line = SSLLine(resolvingPathsWith: { $0 })
        try Fixture.withFile(Fixture.certificate) { authority in
            for version in ["all", "TLSv1.3"] {
                let settings = try Fixture.settings { settings in
                    _ = try settings.apply(ssl: "SSLEngine", ["on"], at: line)
                    _ = try settings.apply(ssl: "SSLProtocol", [version], at: line)
                    _ = try settings.apply(ssl: "SSLCACertificateFile", [authority], at: line)
                    if let host { _ = try settings.apply(ssl: "SSLVerifyClient", [host], at: line) }
                }
                // The main server's directories are every host's.
                let main = ServerSettings()
                main.directoryDemands = try demands.map {
                    DirectoryDemand(try ClientVerification($0), at: "line 7 of x")
                }
                let merged = ServerSettings(outer: main, inner: settings)
                try merged.makePolicy(names: VirtualHostNames(exact: ["host.test"], patterns: []))
                let warning = merged.directoryWarning
                #expect((warning != nil) == (words != nil && version == "all"))
                if let words, let warning {
                    #expect(warning.contains("TLS 1.2 \(words)") && warning.contains("line 7 of x"))
                }
            }
        }
    }
}
