// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// A child of httpd that was taken over does what it can to the others by what they share (`mod_hostile.c`): the parent, which
/// is root, lives and restarts, its new children serve what the files say, and requests that others answer do not fail.
@Suite struct HostileChildTests {
    /// What the child writes over shared memory, and what it does when httpd wants to be rid of it.
    private struct Attack {
        let what: String
        let then: String
        /// Whether it spares the caches of mod_socache_shmcb. What is wrong there ends other children, too: those of every
        /// module that has such a cache.
        let sparesCaches: Bool
    }

    /// Ten: each on the children of another configuration.
    private static let attacks = [
        Attack(what: "random", then: "stop", sparesCaches: true),
        Attack(what: "ones", then: "stop", sparesCaches: true),
        Attack(what: "moved", then: "stop", sparesCaches: true),
        Attack(what: "random", then: "stay", sparesCaches: true),
        Attack(what: "moved", then: "go", sparesCaches: true),
        Attack(what: "random", then: "stop", sparesCaches: false),
        Attack(what: "ones", then: "stop", sparesCaches: false),
        Attack(what: "moved", then: "stop", sparesCaches: false),
        Attack(what: "random", then: "stay", sparesCaches: false),
        Attack(what: "moved", then: "stay", sparesCaches: false),
    ]

    private static let module = Result {
        let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("mod_hostile.c")
        let module = try TemporaryDirectory.make("hostile").appendingPathComponent("mod_hostile.so")
        let flags = ["-D_GNU_SOURCE", "-D_REENTRANT", "-DLINUX", "-I/usr/include/apache2", "-I/usr/include/apr-1.0"]
        try ChildProcess.check("gcc", flags + ["-shared", "-fPIC", "-o", module.path, source.path])
        return module
    }

    private static func server(
        _ mpm: HTTPServer.MultiProcessing,
        _ authority: OCSPAuthority,
        _ identity: OCSPAuthority.Identity
    ) throws -> HTTPServer {
        let (chain, key, locks) = (identity.chain, identity.key, try TemporaryDirectory.make("locks").path)
        return try HTTPServer(mpm, face: .ssl) { port in
            """
            LoadModule hostile_module \(try module.get().path)
            # Debian's: locks that a child can take for good.
            Mutex file:\(locks) default
            TLSReloadInterval 1
            SSLSessionCache shmcb:logs/sessions(\(sessions))
            SSLSessionTickets off
            SSLUseStapling on
            SSLStaplingCache shmcb:logs/staples(\(staples))
            SSLStaplingErrorCacheTimeout 1
            \(mpm == .prefork ? "StartServers 4" : "StartServers 3\nThreadsPerChild 8\nMaxRequestWorkers 64")
            <VirtualHost 127.0.0.1:\(port)>
                ServerName localhost
                SSLEngine on
                SSLCertificateFile "\(chain)"
                SSLCertificateKeyFile "\(key)"
                SSLEarlyData on
                <Location "/hostile">
                    SetHandler hostile
                </Location>
            </VirtualHost>
            """
        }
    }

    /// Bytes of the caches, and of their mappings.
    private static let (sessions, staples) = (512_000, 128_000)
    private static let cacheMappings = "516096,131072"

    private struct Child {
        let process: Int32
        let facts: [String: Int]
    }

    /// - Parameter doomed: Children that an attack which spared nothing ends: one may have taken the connection as its last.
    private static func attack(
        _ server: HTTPServer,
        _ attack: Attack,
        _ authority: OCSPAuthority,
        doomed: Set<Int32> = []
    ) throws -> Child {
        let spared = attack.sparesCaches ? cacheMappings : ""
        let url = "\(server.url)/hostile?what=\(attack.what)&spare=\(spared)&then=\(attack.then)"
        func visit() throws -> ChildProcess.Outcome {
            try ChildProcess.run("curl", ["-sS", "--cacert", authority.authority, url])
        }
        let outcome = try unlessDoomed(doomed, isGood: { $0.status == 0 }, visit)
        let words = outcome.text.split(whereSeparator: \.isWhitespace).map(String.init)
        var facts: [String: Int] = [:]
        for index in stride(from: 0, to: words.count - 1, by: 2) { facts[words[index]] = Int(words[index + 1]) }
        guard let process = facts["process"] else { throw ChildProcessError("\(outcome)\n\(server.errorLog)") }
        // Until then it takes connections, which are its own.
        if attack.then == "stop" {
            try Patience.wait(for: "the stop of \(process)", by: server.child) { isStopped(process) }
        }
        return Child(process: Int32(process), facts: facts)
    }

    /// Does something again while it fails and there was a process in the beginning whose last connection may be to blame.
    private static func unlessDoomed<Value>(
        _ doomed: Set<Int32>,
        isGood: (Value) -> Bool,
        _ body: () throws -> Value
    ) throws -> Value {
        for _ in 0..<100 where doomed.contains(where: { kill($0, 0) == 0 }) {
            let value = try body()
            if isGood(value) { return value }
        }
        return try body()
    }

    /// Whether all threads of a process were stopped.
    private static func isStopped(_ process: Int) -> Bool {
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task")) ?? []
        return !threads.isEmpty
            && threads.allSatisfy { thread in
                let status = try? KernelFile.text("/proc/\(process)/task/\(thread)/status")
                return status?.contains("State:\tT") == true
            }
    }

    private func status(_ server: HTTPServer) throws -> String {
        let outcome = try ChildProcess.run(
            "openssl",
            ["s_client", "-connect", "127.0.0.1:\(server.port)", "-servername", "localhost", "-status"]
        )
        let lines = outcome.text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
        return lines.first { $0.hasPrefix("Cert Status:") || $0.hasPrefix("OCSP response: no") } ?? outcome.text
    }

    @Test(arguments: [HTTPServer.MultiProcessing.event, .worker, .prefork])
    func tenRestarts(mpm: HTTPServer.MultiProcessing) throws {
        let authority = try OCSPAuthority()
        let identity = try authority.issue("localhost", serial: "07", purpose: "serverAuth")
        try authority.start(["07": .good])
        let server = try Self.server(mpm, authority, identity)
        let parent = server.process
        #expect(parent > 0)
        let certificate = URL(fileURLWithPath: identity.chain).deletingLastPathComponent()
            .appendingPathComponent("localhost.crt")
        let load = try ChildProcess(
            "python3",
            ["-c", ClientScripts.prelude + Self.load, "\(server.port)", authority.authority, certificate.path],
            input: .pipe
        )
        var rounds = 0
        func run() throws {
            rounds += 1
            try load.write("12\n")
        }
        /// How many visits failed.
        func failures() throws -> Int {
            try load.waitForText("round \(rounds) failed ")
            let line = load.transcript.split(separator: "\n").last { $0.hasPrefix("round \(rounds) failed ") }
            return line?.split(separator: " ").dropFirst(3).first.flatMap { Int($0) } ?? -1
        }
        // The other children of the last configuration, where what they had in common with the hostile one ends them.
        var doomed: Set<Int32> = []
        for attack in Self.attacks {
            let name = "\(mpm) \(attack)"
            let child = try Self.attack(server, attack, authority, doomed: doomed)
            if getuid() == 0 { #expect(child.facts["user"] != 0) }
            // Counters, the register of 0-RTT data, responses that are carried over: all of this can be written.
            #expect((child.facts["written"] ?? 0) >= (attack.sparesCaches ? 3 : 5), "\(name): \(child)")
            // Certificates and keys cannot.
            #expect(child.facts["broken"] == 0 && child.facts["kept"] == 1, "\(name): \(child)")
            #expect(child.facts["descriptors"] == 0, "\(name): \(child)")
            #expect(child.facts["locks"] == 2, "\(name): \(child)")
            // Others that had a cache in common with it may be ended by that.
            if attack.sparesCaches {
                try run()
                #expect(try failures() == 0, "\(name): \(load.transcript)\n\(server.errorLog)")
                try run()
            }
            doomed = try attack.sparesCaches ? [] : server.children().subtracting([child.process])
            try server.restartGracefully()
            if attack.sparesCaches {
                #expect(try failures() == 0, "\(name): \(load.transcript)\n\(server.errorLog)")
            }
            kill(child.process, SIGKILL)
            let failed = try Self.unlessDoomed(doomed, isGood: { $0 == 0 }) { () -> Int in
                try run()
                return try failures()
            }
            #expect(failed == 0, "\(name): \(load.transcript)\n\(server.errorLog)")
            #expect(server.process == parent && kill(parent, 0) == 0, "\(name): \(server.errorLog)")
            // What says anything else than the authority does is not stapled; the truth comes again.
            let truths = ["Cert Status: good", "OCSP response: no response sent"]
            let told = try Self.unlessDoomed(doomed, isGood: { truths.contains($0) }) { try status(server) }
            #expect(truths.contains(told), "\(name): \(told)")
        }
        try Patience.wait(for: "the staple", by: server.child, details: { server.errorLog }) {
            try status(server) == "Cert Status: good"
        }
        load.closeInput()
        #expect(try load.waitForExit().status == 0)
        try server.stop(isGraceful: false)
    }

    /// A child that was stopped with the locks in its hands keeps neither the others from serving nor the parent from
    /// ending, and somebody is told.
    @Test func lockThatIsNotGivenBack() throws {
        let authority = try OCSPAuthority()
        let identity = try authority.issue("localhost", serial: "07", purpose: "serverAuth")
        let server = try Self.server(.prefork, authority, identity)
        let child = try Self.attack(server, .init(what: "ones", then: "stop", sparesCaches: true), authority)
        for _ in 0..<20 {
            let outcome = try ChildProcess.run("curl", ["-sS", "--cacert", authority.authority, server.url])
            #expect(outcome.text == "This is localhost.\n", "\(outcome)")
        }
        #expect(server.errorLog.contains("STLS0017: the lock 'ssl-cache' is not given back"), "\(server.errorLog)")
        #expect(kill(child.process, 0) == 0)
        try server.stop(isGraceful: false)
        #expect(kill(child.process, 0) != 0)
    }

    /// For each number that it reads, makes as many visits on each of four threads: new handshakes, whose certificate and
    /// page are compared.
    private static let load = """
        expected = ssl.PEM_cert_to_DER_cert(open(sys.argv[3]).read())
        failures = []

        def visit(number):
            for attempt in range(number):
                try:
                    tls = connect()
                    assert tls.getpeercert(binary_form=True) == expected, "another certificate"
                    tls.sendall(request(close=True))
                    answer = read_all(tls)
                    assert answer.startswith(b"HTTP/1.1 200") and answer.endswith(b"This is localhost.\\n"), answer
                    tls.close()
                except Exception as error:
                    failures.append(repr(error))

        round = 0
        for line in sys.stdin:
            round += 1
            failures.clear()
            threads = [threading.Thread(target=visit, args=(int(line),)) for _ in range(4)]
            for thread in threads: thread.start()
            for thread in threads: thread.join()
            print("round", round, "failed", len(failures), failures[:3], flush=True)
        """
}
