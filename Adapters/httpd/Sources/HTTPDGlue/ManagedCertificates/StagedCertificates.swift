// SPDX-License-Identifier: Apache-2.0
import CHTTPD
import HTTPDCore
import SafeTLS
import Synchronization
import TLSCertificates

/// Takes certificates into use that mod_md has renewed, before a restart moves them to where they are used.
///
/// A process with clients has written them. So the parent, which is root, never looks there: each process does so for itself, and
/// believes nothing that it has not checked (``StagedRenewal``). Keys that wait are encrypted with a passphrase in a file of
/// root's, which the parent reads at the start, as mod_md does. To be used by one thread at a time, but for ``isDue(_:)``.
final class StagedCertificates {
    /// A certificate that may wait, and who has it.
    private struct Candidate {
        let files: StagedFiles
        let passphrase: StorePassphrase
        var users: [(server: ServerState, index: Int)]
        /// What was there when this was last looked at.
        var seen: [Stamp] = []
        /// Whether that comes into use later by itself.
        var waits = false
    }

    /// Longest note about a renewal that is read, in bytes: it has a log of what was tried.
    private static let longestJob = 1_048_576

    private var candidates: [Candidate] = []
    /// Microseconds between two looks.
    private let interval: Int64
    /// When the next is due, in microseconds since 1970; the first connection of a process looks.
    private let next = Atomic<Int64>(0)
    private let parent = getpid()
    /// The servers that may be given something.
    private var servers: Set<ObjectIdentifier> = []

    /// Nil when no certificate is in a store of mod_md's.
    ///
    /// - Parameter interval: Microseconds between two looks.
    init?(_ servers: [ServerState], interval: Int64) {
        self.interval = interval
        guard tlsd_certificates_are_managed() else { return nil }
        var passphrases: [String: StorePassphrase] = [:]
        for server in servers {
            for (index, certificate) in server.settings.certificates.enumerated()
            where certificate.chainFiles.count == 1 {
                guard let files = StagedFiles(chainFile: certificate.chainFiles[0], keyFile: certificate.keyFile) else {
                    continue
                }
                if let known = candidates.firstIndex(where: { $0.files == files }) {
                    candidates[known].users.append((server, index))
                    continue
                }
                guard let passphrase = passphrases[files.store] ?? StorePassphrase(files.store) else { continue }
                passphrases[files.store] = passphrase
                candidates.append(Candidate(files: files, passphrase: passphrase, users: [(server, index)]))
            }
        }
        guard !candidates.isEmpty else { return nil }
        self.servers = Set(candidates.flatMap { $0.users.map { ObjectIdentifier($0.server) } })
    }

    /// Whether somebody should look now; never in the parent.
    func isDue(_ now: Int64) -> Bool { now >= next.load(ordering: .relaxed) && getpid() != parent }

    /// When this process looks next, with a connection, in UNIX seconds; nil for a server whose certificates mod_md does not
    /// renew. For any thread.
    func nextLook(at server: ServerState) -> Int64? {
        servers.contains(ObjectIdentifier(server)) ? next.load(ordering: .relaxed) / 1_000_000 : nil
    }

    /// Looks for what has been renewed, and takes it into use.
    func look(for server: UnsafeMutablePointer<server_rec>) {
        let now = apr_time_now()
        next.store(now + interval, ordering: .relaxed)
        for index in candidates.indices {
            let files = candidates[index].files
            let stamps = [files.chain, files.key, files.job].compactMap { Stamp($0) }
            guard stamps.count == 3, stamps != candidates[index].seen || candidates[index].waits else { continue }
            candidates[index].seen = stamps
            do throws(DirectiveError) {
                candidates[index].waits = try unsafe !take(candidates[index], at: now / 1_000_000, server)
            } catch {
                candidates[index].waits = error.isPassing
                unsafe log(
                    server,
                    APLOG_ERR,
                    "\(files.chain), renewed, cannot be used, the old certificate stays: \(error)"
                )
            }
        }
    }

    /// False if it has to wait for its time, or to be complete.
    private func take(
        _ candidate: Candidate,
        at now: Int64,
        _ server: UnsafeMutablePointer<server_rec>
    ) throws(DirectiveError) -> Bool {
        let files = candidate.files
        guard case .isComplete(let start) = StagedRenewal.progress(ofJob: Self.contents(files.job)) else {
            return false
        }
        if let start, unsafe Int64(apr_date_parse_rfc(start)) / 1_000_000 > now { return false }
        let credential = try Self.credential(files, candidate.passphrase)
        var isReady = true
        for (user, index) in candidate.users where user.settings.certificates.indices.contains(index) {
            let old = user.settings.certificates[index].credential
            guard old.certificateChain != credential.certificateChain else { continue }
            let mayUse = try StagedRenewal.mayUse(
                credential,
                insteadOf: old,
                isFirst: files.isFirst && user.awaitsCertificate.load(ordering: .relaxed),
                for: user.names,
                at: now
            )
            guard mayUse else {
                isReady = false
                continue
            }
            // mod_md fetches responses for what was there at the start.
            guard credential.certificateChain[0].requiresStapledStatus == false || user.settings.staplingPolicy != nil
            else {
                throw DirectiveError("it needs a stapled OCSP response, which mod_md fetches after a restart")
            }
            try user.settings.replace([index: credential])
            user.awaitsCertificate.store(false, ordering: .relaxed)
            unsafe log(
                server,
                APLOG_NOTICE,
                "\(files.chain), renewed, is taken into use for \(user.names.all.first ?? "a host")"
            )
        }
        return isReady
    }

    /// Reads what waits. What that costs is bounded, whoever has written it: lengths, rounds of the passphrase, kinds of keys.
    private static func credential(
        _ files: StagedFiles,
        _ passphrase: StorePassphrase
    ) throws(DirectiveError) -> Credential {
        try FileContents.with([files.chain], limit: StagedFiles.longest) { chain throws(DirectiveError) in
            try FileContents.with([files.key], limit: StagedFiles.longest) { key throws(DirectiveError) in
                do throws(ConfigurationError) {
                    return try Credential(
                        certificateChainPEM: chain,
                        privateKeyPEM: key,
                        passphrase: passphrase.bytes,
                        derivationRounds: StagedFiles.derivationRounds
                    )
                } catch {
                    throw DirectiveError("\(error)")
                }
            }
        }
    }

    private static func contents(_ file: String) -> [UInt8] {
        guard let size = Stamp(file).map({ Int($0.value.size) }), (1...longestJob).contains(size) else { return [] }
        return unsafe [UInt8](unsafeUninitializedCapacity: size + 1) { buffer, count in
            count = max(0, unsafe buffer.baseAddress.map { unsafe tlsd_read_file(file, $0, size + 1) } ?? -1)
        }
    }

    private func log(_ server: UnsafeMutablePointer<server_rec>, _ level: CInt, _ sentence: String) {
        unsafe tlsd_log_server(server, level, APR_SUCCESS, Event.reload.line(sentence))
    }
}
