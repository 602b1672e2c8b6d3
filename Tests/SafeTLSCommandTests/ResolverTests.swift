// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import SafeTLSCommand

/// A resolver that takes its time, in place of the system's: names ending in `.never` are never found, `.slow` ones after a while, on
/// this machine, and `.unknown` ones nobody has.
@Suite struct ResolverTests {
    private static let source = """
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <netdb.h>
        #include <string.h>
        #include <unistd.h>

        static int ends(const char *name, const char *with) {
            size_t a = name == NULL ? 0 : strlen(name), b = strlen(with);
            return a >= b && strcmp(name + a - b, with) == 0;
        }

        int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **result) {
            int (*system)(const char *, const char *, const struct addrinfo *, struct addrinfo **)
                = (int (*)(const char *, const char *, const struct addrinfo *, struct addrinfo **))dlsym(RTLD_NEXT, "getaddrinfo");
            if (!(hints->ai_flags & AI_NUMERICHOST)) {
                while (ends(name, ".never")) pause();
                if (ends(name, ".unknown")) return EAI_NONAME;
                if (ends(name, ".slow")) {
                    usleep(100000);
                    name = "localhost";
                }
            }
            return system(name, service, hints, result);
        }
        """

    /// The variable that has it loaded.
    private static func environment() throws -> [String: String] {
        let directory = try TemporaryDirectory.make("resolver")
        try Data(source.utf8).write(to: directory.appendingPathComponent("resolver.c"))
        try ChildProcess.check("gcc", ["-shared", "-fPIC", "-o", "resolver.so", "resolver.c"], in: directory)
        return ["LD_PRELOAD": directory.appendingPathComponent("resolver.so").path]
    }

    @Test(arguments: [[], ["-4"], ["--starttls", "smtp"]]) func thatDoesNotAnswer(options: [String]) throws {
        let arguments = ["connect", "host.never:443", "--check", "--timeout", "1"] + options
        let outcome = try Tool.run(arguments, environment: Self.environment())
        #expect(outcome.status == 2, "\(outcome)")
        #expect(outcome.errors.contains("cannot connect to host.never:443: Connection timed out"), "\(outcome)")
    }

    @Test func thatAnswersLate() throws {
        let (child, port) = try Tool.serve(try Tool.identity())
        let authority = try TestCertificates.shared().authority.path
        let outcome = try Tool.run(
            ["connect", "host.slow:\(port)", "--servername", "localhost", "--ca", authority, "--check"],
            environment: Self.environment()
        )
        #expect(outcome.status == 0 && outcome.says("verdict", "trusted for localhost"), "\(outcome)")
        withExtendedLifetime(child) {}
    }

    @Test func thatKnowsNoSuchHost() throws {
        let outcome = try Tool.run(["connect", "host.unknown:443", "--check"], environment: Self.environment())
        let words = "cannot connect to host.unknown:443: Name or service not known"
        #expect(outcome.status == 2 && outcome.errors.contains(words), "\(outcome)")
    }

    /// Who tries again and again gets a thread for each attempt, up to a number.
    @Test func thatNeverAnswersManyTimes() throws {
        let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Sources/CSockets")
        let directory = try TemporaryDirectory.make("lookups")
        // Headers of Swift's compiler, whose words say nothing to C.
        for name in ["lifetimebound.h", "ptrcheck.h"] { try Data().write(to: directory.appendingPathComponent(name)) }
        let flags = ["-shared", "-fPIC", "-D__counted_by(n)=", "-D__noescape=", "-I.", "-I", sources.path + "/include"]
        let files = ["CSockets.c", "Resolver.c"].map { "\(sources.path)/\($0)" }
        try ChildProcess.check("gcc", flags + ["-o", "sockets.so"] + files, in: directory)
        let script = """
            import collections, ctypes, errno, os, sys
            sockets = ctypes.CDLL(sys.argv[1])
            def connect(name, milliseconds):
                code = sockets.cs_connect(name, ctypes.c_size_t(len(name)), ctypes.c_uint16(443), 0, milliseconds)
                return errno.errorcode.get(-code, str(code))
            codes = [connect(b"host.never", 1) for _ in range(70)]
            print(*collections.Counter(codes).items(), codes[-1], flush=True)
            os._exit(0)
            """
        let outcome = try ChildProcess.run(
            "python3",
            ["-c", script, directory.appendingPathComponent("sockets.so").path],
            environment: Self.environment()
        )
        #expect(outcome.text == "('ETIMEDOUT', 64) ('EAGAIN', 6) EAGAIN\n", "\(outcome)")
    }
}
