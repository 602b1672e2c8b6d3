// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// `linkage.sh`, which holds the library and the modules to what they promise to do without.
@Suite struct LinkageTests {
    private static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Adapters/httpd/packaging/linkage.sh").path

    /// Checks a directory with an object file that refers to a function.
    private static func check(callOf function: String) throws -> ChildProcess.Outcome {
        let directory = try TemporaryDirectory.make("linkage")
        let code = directory.path + "/object.c"
        try Data("__asm__(\".data\\n.quad \\\"\(function)\\\"\");".utf8).write(to: URL(fileURLWithPath: code))
        let compiled = try ChildProcess.run("/usr/bin/gcc", ["-c", "-o", directory.path + "/object.o", code])
        try #require(compiled.status == 0, "\(compiled)")
        return try ChildProcess.run(script, ["objects", directory.path])
    }

    @Test(arguments: [
        "EVP_DigestSign", "swift_retain", "ap_ssl_conn_is_ssl", "tls_function", "$sSS4utf8SS8UTF8ViewVvg",
    ])
    func whatIsCalledIsFine(function: String) throws {
        let outcome = try Self.check(callOf: function)
        #expect(outcome.status == 0, "\(outcome)")
    }

    @Test(arguments: [
        ("SSL_read", "libssl"), ("TLS_server_method", "libssl"), ("OPENSSL_init_ssl", "libssl"),
        ("dispatch_async_f", "Dispatch"), ("$s8Dispatch0A5QueueC4mainACvgZ", "Dispatch"),
        ("$s10Foundation4DataVMn", "Foundation"), ("$s20FoundationEssentials4DataVMn", "Foundation"),
        ("swift_task_create", "the concurrency runtime"), ("$sScTMn", "the concurrency runtime"),
    ])
    func whatIsNot(function: String, what: String) throws {
        let outcome = try Self.check(callOf: function)
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("this calls \(what): \(function) in "), "\(outcome)")
    }

    @Test func nothingToLookAtIsNotFine() throws {
        let directory = try TemporaryDirectory.make("linkage")
        let outcome = try ChildProcess.run(Self.script, ["objects", directory.path])
        #expect(outcome.status == 1 && outcome.errors.contains("there are no object files"), "\(outcome)")
    }

    @Test func otherLibrariesAreNotFine() throws {
        let directory = try TemporaryDirectory.make("linkage")
        let (code, library) = (directory.path + "/library.c", directory.path + "/library.so")
        try Data("int value(void) { return 1; }".utf8).write(to: URL(fileURLWithPath: code))
        let compiled = try ChildProcess.run(
            "/usr/bin/gcc",
            ["-shared", "-fPIC", "-Wl,--no-as-needed", "-o", library, code, "-lm", "-lssl", "-lcrypto"]
        )
        try #require(compiled.status == 0, "\(compiled)")
        let outcome = try ChildProcess.run(Self.script, ["modules", library])
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("needs the libraries libc libcrypto libm libssl, "), "\(outcome)")
    }
}
