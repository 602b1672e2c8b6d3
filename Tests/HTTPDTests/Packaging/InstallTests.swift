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
            .deletingLastPathComponent()
        let copy = try TemporaryDirectory.make("install")
        let files = FileManager.default
        try files.createDirectory(at: copy.appendingPathComponent("Adapters/httpd"), withIntermediateDirectories: true)
        for name in ["Makefile", "Adapters/httpd/install.sh"] {
            try files.copyItem(at: source.appendingPathComponent(name), to: copy.appendingPathComponent(name))
        }
        return copy
    }

    private static func make(
        _ target: String,
        in project: URL,
        arguments: String = "",
        path: String = "/usr/bin:/bin",
        settings: [String] = []
    ) throws -> ChildProcess.Outcome {
        try ChildProcess.run(
            "/usr/bin/env",
            // Nothing of whoever runs the tests says where to install.
            ["PREFIX", "MODULES", "SYSCONFDIR", "APXS"].flatMap { ["-u", $0] }
                + ["PATH=\(path)", "DESTDIR=\(project.path)/root"] + settings
                + ["make", "-C", project.path, target, "ARGS=\(arguments)"]
        )
    }

    /// A project whose modules are built, and an empty directory for them.
    private static func built() throws -> (project: URL, modules: String) {
        let project = try project()
        let build = project.appendingPathComponent("build")
        try FileManager.default.createDirectory(at: build, withIntermediateDirectories: true)
        for name in ["mod_tls.so", "mod_ssl.so"] { try Data(name.utf8).write(to: build.appendingPathComponent(name)) }
        return (project, project.path + "/root/usr/lib/apache2/modules")
    }

    /// Writes Debian's `ssl.load`; returns its path.
    private static func sslLoad(_ line: String, in project: URL) throws -> String {
        let available = project.path + "/root/etc/apache2/mods-available"
        try FileManager.default.createDirectory(atPath: available, withIntermediateDirectories: true)
        try Data("# Depends: setenvif\n\(line)\n".utf8).write(to: URL(fileURLWithPath: available + "/ssl.load"))
        return available + "/ssl.load"
    }

    /// Root has no Swift, and must not build: what is not built is an error that says so.
    @Test func installsWhatIsBuilt() throws {
        let project = try Self.project()
        let missing = try Self.make("install", in: project)
        #expect(missing.status != 0)
        #expect(missing.errors.contains("install: there is no build/mod_tls.so; 'make module' builds it"), "\(missing)")

        let (built, modules) = try Self.built()
        let installed = try Self.make("install", in: built)
        #expect(installed.status == 0, "\(installed)")
        #expect(try String(contentsOfFile: modules + "/mod_tls.so", encoding: .utf8) == "mod_tls.so")
        #expect(try String(contentsOfFile: modules + "/safetls/mod_ssl.so", encoding: .utf8) == "mod_ssl.so")

        #expect(try Self.make("uninstall", in: built).status == 0)
        #expect(!FileManager.default.fileExists(atPath: modules + "/mod_tls.so"))
    }

    /// The command line goes with its manual page and completions, where `make command` has made them.
    @Test func installsTheCommandLine() throws {
        let (project, modules) = try Self.built()
        let build = project.appendingPathComponent("build")
        let files = ["bin/safetls", "share/man/man1/safetls.1", "share/bash-completion/completions/safetls"]
        let more = ["share/zsh/site-functions/_safetls", "share/fish/vendor_completions.d/safetls.fish"]
        let installed = (files + more).map { "\(project.path)/root/usr/local/\($0)" }
        #expect(try Self.make("install", in: project).status == 0)
        #expect(!FileManager.default.fileExists(atPath: installed[0]))
        for name in ["safetls", "safetls.1", "completions/bash/safetls", "completions/zsh/_safetls"] {
            let file = build.appendingPathComponent(name)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            try Data(name.utf8).write(to: file)
        }
        // One of them is missing.
        let incomplete = try Self.make("install", in: project)
        #expect(incomplete.status != 0 && incomplete.errors.contains("'make command' makes it"), "\(incomplete)")
        let fish = build.appendingPathComponent("completions/fish")
        try FileManager.default.createDirectory(at: fish, withIntermediateDirectories: true)
        try Data().write(to: fish.appendingPathComponent("safetls.fish"))
        #expect(try Self.make("install", in: project).status == 0)
        for file in installed { #expect(FileManager.default.fileExists(atPath: file), "\(file)") }
        #expect(FileManager.default.isExecutableFile(atPath: installed[0]))
        #expect(try Self.make("uninstall", in: project).status == 0)
        for file in installed { #expect(!FileManager.default.fileExists(atPath: file), "\(file)") }
        #expect(!FileManager.default.fileExists(atPath: modules + "/mod_tls.so"))
    }

    /// The tarball of a release has no `build`.
    @Test func installsWhatLiesBesideTheScript() throws {
        let project = try Self.project()
        let adapter = project.appendingPathComponent("Adapters/httpd")
        for name in ["mod_tls.so", "mod_ssl.so"] { try Data(name.utf8).write(to: adapter.appendingPathComponent(name)) }
        let outcome = try ChildProcess.run(
            adapter.path + "/install.sh",
            ["install"],
            environment: ["DESTDIR": project.path + "/root", "MODULES": "/modules", "SYSCONFDIR": "/etc/httpd"]
        )
        #expect(outcome.status == 0, "\(outcome)")
        let installed = project.path + "/root/modules/safetls/mod_ssl.so"
        #expect(try String(contentsOfFile: installed, encoding: .utf8) == "mod_ssl.so")
    }

    @Test(
        "the stand-in, however the line is written",
        arguments: [
            "LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so",
            "LoadModule  ssl_module\t/usr/lib/apache2/modules/mod_ssl.so",
            "  loadmodule ssl_module \"/usr/lib/apache2/modules/mod_ssl.so\"",
        ]
    )
    func standIn(line: String) throws {
        let (project, _) = try Self.built()
        let load = try Self.sslLoad(line, in: project)
        // Twice: the second time there is a copy of the distribution's file.
        for _ in 0..<2 {
            let outcome = try Self.make("install", in: project, arguments: "--stand-in")
            #expect(outcome.status == 0, "\(outcome)")
            #expect(
                try String(contentsOfFile: load, encoding: .utf8)
                    == "# Depends: setenvif\nLoadModule ssl_module /usr/lib/apache2/modules/safetls/mod_ssl.so\n"
            )
        }
        #expect(try Self.make("uninstall", in: project).status == 0)
        #expect(try String(contentsOfFile: load, encoding: .utf8) == "# Depends: setenvif\n\(line)\n")
    }

    @Test func aFileThatLoadsSomethingElseIsLeftAlone() throws {
        let (project, _) = try Self.built()
        let load = try Self.sslLoad("LoadModule tls_module mod_tls.so", in: project)
        let outcome = try Self.make("install", in: project, arguments: "--stand-in")
        #expect(outcome.status != 0 && outcome.errors.contains("loads no ssl_module"), "\(outcome)")
        #expect(!FileManager.default.fileExists(atPath: load + ".distribution"))
    }

    @Test func aLayoutOfAnotherKindIsTold() throws {
        let (project, _) = try Self.built()
        let directory = project.path + "/root/etc/httpd/conf.modules.d"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try Data("LoadModule ssl_module modules/mod_ssl.so\n".utf8)
            .write(to: URL(fileURLWithPath: directory + "/00-ssl.conf"))
        let settings = ["MODULES=/usr/lib64/httpd/modules", "SYSCONFDIR=/etc/httpd"]
        let outcome = try Self.make("install", in: project, arguments: "--stand-in", settings: settings)
        #expect(outcome.status != 0)
        #expect(outcome.errors.contains("00-ssl.conf:1:LoadModule ssl_module modules/mod_ssl.so"), "\(outcome)")
        #expect(
            outcome.errors.contains("LoadModule ssl_module /usr/lib64/httpd/modules/safetls/mod_ssl.so"),
            "\(outcome)"
        )
    }

    @Test func unknownArgumentsAreRefused() throws {
        let (project, modules) = try Self.built()
        let outcome = try Self.make("install", in: project, arguments: "--standin")
        #expect(outcome.status != 0 && outcome.errors.contains("usage: install.sh"), "\(outcome)")
        #expect(!FileManager.default.fileExists(atPath: modules))
    }

    /// apxs belongs to the development files, which the machine that serves need not have.
    @Test func apxsIsNotNeeded() throws {
        let (project, modules) = try Self.built()
        let programs = project.path + "/programs"
        try FileManager.default.createDirectory(atPath: programs, withIntermediateDirectories: true)
        for name in try FileManager.default.contentsOfDirectory(atPath: "/usr/bin") where !name.hasPrefix("apxs") {
            try FileManager.default.createSymbolicLink(
                atPath: programs + "/" + name,
                withDestinationPath: "/usr/bin/" + name
            )
        }
        let outcome = try Self.make("install", in: project, path: programs)
        #expect(outcome.status == 0, "\(outcome)")
        #expect(FileManager.default.fileExists(atPath: modules + "/mod_tls.so"))
    }
}
