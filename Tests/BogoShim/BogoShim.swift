// SPDX-License-Identifier: Apache-2.0

import CSockets
import SafeTLS
import TLSCertificates

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The side of BoringSSL's test runner ("BoGo") that a TLS library provides: a process that shakes hands as its flags
/// say and reports by its exit status.
///
/// 0: everything was as the flags expect, 1: something was not (the reason is on standard error), 89: the flags ask for
/// something that is not implemented.
@main
struct BogoShim {
    static func main() {
        cs_ignore_broken_pipes()
        let arguments = Array(CommandLine.arguments.dropFirst())
        if arguments.contains("-is-handshaker-supported") {
            write("No\n", to: 1)
            exit(0)
        }
        do throws(ShimFailure) {
            let plan = try Plan(arguments)
            var test = Test(resumeCount: plan.resumeCount, retried: plan.retried)
            for number in 0...plan.resumeCount {
                try test.run(number == 0 ? plan.initial : plan.resumed)
            }
        } catch .unimplemented(let what) {
            write("not implemented: \(what)\n", to: 1)
            exit(89)
        } catch {
            write(error.line + "\n", to: 2)
            exit(1)
        }
        exit(0)
    }

    private static func write(_ text: String, to descriptor: Int32) {
        let bytes = Array(text.utf8)
        _ = cs_write(descriptor, bytes.span)
    }
}
