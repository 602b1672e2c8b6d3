// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// `make install`, into a directory of its own.
@Suite struct InstallTests {
    /// A copy of what root needs of the project.
    private static func project() throws -> URL {
        let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let copy = try TemporaryDirectory.make("install")
        let files = FileManager.default
        try files.createDirectory(at: copy.appendingPathComponent("Adapters/httpd"), withIntermediateDirectories: true)
        for name in ["Makefile", "Adapters/httpd/install.sh"] {
            try files.copyItem(at: source.appendingPathComponent(name), to: copy.appendingPathComponent(name))
        }
        return copy
    }

    private static func make(_ target: String, in project: URL) throws -> ChildProcess.Outcome {
        try ChildProcess.run(
            "/usr/bin/env",
            ["PATH=/usr/bin:/bin", "DESTDIR=\(project.path)/root", "make", "-C", project.path, target]
        )
    }

    /// Root has no Swift, and must not build: what is not built is an error that says so.
    @Test func installsWhatIsBuilt() throws {
        let project = try Self.project()
        let missing = try Self.make("install", in: project)
        #expect(missing.status != 0)
        #expect(missing.errors.contains("install: there is no build/mod_tls.so; 'make module' builds it"), "\(missing)")

        let build = project.appendingPathComponent("build")
        try FileManager.default.createDirectory(at: build, withIntermediateDirectories: true)
        for name in ["mod_tls.so", "mod_ssl.so"] { try Data(name.utf8).write(to: build.appendingPathComponent(name)) }
        let installed = try Self.make("install", in: project)
        #expect(installed.status == 0, "\(installed)")
        let modules = project.path + "/root/usr/lib/apache2/modules"
        #expect(try String(contentsOfFile: modules + "/mod_tls.so", encoding: .utf8) == "mod_tls.so")
        #expect(try String(contentsOfFile: modules + "/safetls/mod_ssl.so", encoding: .utf8) == "mod_ssl.so")

        #expect(try Self.make("uninstall", in: project).status == 0)
        #expect(!FileManager.default.fileExists(atPath: modules + "/mod_tls.so"))
    }
}
