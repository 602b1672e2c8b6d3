// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// `inspect.sh`, which says whether what was built runs on all systems that it is meant for.
@Suite struct InspectionTests {
    private static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Adapters/httpd/packaging/inspect.sh").path

    private static let hardened = ["-Wl,-z,now", "-Wl,-z,relro"]

    /// Builds a library of some C and inspects it.
    private static func inspect(_ source: String, linking options: [String] = hardened) throws -> ChildProcess.Outcome {
        let directory = try TemporaryDirectory.make("inspection")
        let (code, library) = (directory.path + "/library.c", directory.path + "/library.so")
        try Data(source.utf8).write(to: URL(fileURLWithPath: code))
        let compiled = try ChildProcess.run(
            "/usr/bin/gcc",
            ["-shared", "-fPIC", "-fno-builtin", "-o", library, code] + options + ["-lm", "-lcrypto"]
        )
        try #require(compiled.status == 0, "\(compiled)")
        return try ChildProcess.run(script, [library])
    }

    @Test func whatOldSystemsHaveIsFine() throws {
        let outcome = try Self.inspect(
            """
            double pow(double, double);
            const char *OpenSSL_version(int);
            double value(void) { return pow(3, 4) + OpenSSL_version(0)[0]; }
            """
        )
        #expect(outcome.status == 0, "\(outcome)")
    }

    @Test(
        "symbols that are too new",
        arguments: [
            ("float hypotf(float, float); float value(void) { return hypotf(3, 4); }", "needs GLIBC_2.35"),
            (
                """
                double pow(double, double);
                int OPENSSL_strcasecmp(const char *, const char *);
                double value(void) { return pow(3, 4) + OPENSSL_strcasecmp("", ""); }
                """,
                "needs OPENSSL_3.0.3"
            ),
        ]
    )
    func tooNew(source: String, complaint: String) throws {
        let outcome = try Self.inspect(source)
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains(complaint), "\(outcome)")
    }

    @Test(
        "how it is linked",
        arguments: [
            (["-Wl,-z,lazy"], "is not bound when it is loaded"),
            (hardened + ["-Wl,-rpath,/opt"], "in places of its own"),
            (hardened + ["-Wl,-z,execstack"], "can run what is on its stack"),
            (["-Wl,-z,now", "-Wl,-z,norelro"], "can change its tables of functions"),
        ]
    )
    func badlyLinked(options: [String], complaint: String) throws {
        let outcome = try Self.inspect("int value(void) { return 1; }", linking: options)
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains(complaint), "\(outcome)")
    }

    @Test func whatIsNotThereIsNotFine() throws {
        let outcome = try ChildProcess.run(Self.script, ["/nonexistent.so"])
        #expect(outcome.status == 1 && outcome.errors.contains("is not there"), "\(outcome)")
    }
}
