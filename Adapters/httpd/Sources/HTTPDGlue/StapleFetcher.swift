// SPDX-License-Identifier: Apache-2.0
import CHTTPD
import HTTPDCore
import Synchronization

/// Fetches OCSP responses ahead of time (`SSLUseStapling`): in one of the processes, on a thread of mod_watchdog, so that no
/// handshake waits for a responder. The others find them in the cache that `SSLStaplingCache` names.
final class StapleFetcher {
    private let servers: [ServerState]
    /// When to look at a certificate again, by its identifier.
    private var due: [[UInt8]: Int64] = [:]
    private var failures: [[UInt8]: Int64] = [:]

    /// Responses that the parent has seen: they outlive a restart, whose caches may be new.
    private static let remembered = Mutex<[[UInt8]: Staple]>([:])

    init(_ servers: [ServerState]) { self.servers = servers }

    /// What there is to fetch: no certificate twice, and none that another module takes care of.
    private func subjects() -> [(StapledCertificate, StaplingPolicy)] {
        var seen: Set<[UInt8]> = []
        var result: [(StapledCertificate, StaplingPolicy)] = []
        for server in servers {
            guard let staples = server.settings.policy?.staples else { continue }
            for item in staples.items where server.stapling?.manages(item.subject.certificate) != true {
                if seen.insert(item.subject.identifier).inserted { result.append((item.subject, staples.policy)) }
            }
        }
        return result
    }

    // MARK: - The process that fetches

    /// Fetches what is due, for a second; the rest is for the next call.
    func fetch(_ server: UnsafeMutablePointer<server_rec>, _ pool: Pool) {
        let begin = apr_time_now()
        let now = Int64(begin / 1_000_000)
        for (subject, policy) in subjects() {
            let identifier = subject.identifier
            guard now >= due[identifier] ?? 0 else { continue }
            let kept = Self.kept(about: subject).flatMap { policy.allows($0, about: subject, at: now) ? $0 : nil }
            let next = policy.nextFetch(after: kept, failure: failures[identifier])
            due[identifier] = next
            guard now >= next else { continue }
            let staple: Staple?
            let failure: String?
            do throws(DirectiveError) {
                let answer = try policy.answer(ask(subject, policy, pool), about: subject, at: now)
                (staple, failure) = (answer.staple, answer.failure)
            } catch {
                (staple, failure) = (policy.stapleWithoutAnswer(at: now), "\(error)")
            }
            failures[identifier] = failure.map { _ in now }
            if let failure {
                unsafe report(
                    server,
                    APLOG_ERR,
                    "no good OCSP response about '\(subject.certificate)' from \(subject.responder): \(failure)"
                )
            } else {
                unsafe report(server, APLOG_INFO, "there is a new OCSP response about '\(subject.certificate)'")
            }
            if let staple, staple.replaces(kept) { Self.keep(staple, about: subject) }
            due[identifier] = policy.nextFetch(after: staple ?? kept, failure: failures[identifier])
            guard apr_time_now() - begin < 1_000_000, !tlsd_mpm_is_stopping() else { return }
        }
    }

    private func ask(
        _ subject: StapledCertificate,
        _ policy: StaplingPolicy,
        _ pool: Pool
    ) throws(DirectiveError) -> [UInt8] {
        try Responder.ask(subject.responder, subject.request(), seconds: policy.responderTimeout, pool)
    }

    private func report(_ server: UnsafeMutablePointer<server_rec>, _ level: CInt, _ sentence: String) {
        unsafe tlsd_log_server(server, level, APR_SUCCESS, Event.stapling.line(sentence))
    }

    // MARK: - The parent

    /// Remembers what has been fetched.
    func remember() {
        let now = Int64(apr_time_now() / 1_000_000)
        var found: [[UInt8]: Staple] = [:]
        for (subject, policy) in subjects() {
            guard let staple = Self.kept(about: subject), policy.allows(staple, about: subject, at: now) else {
                continue
            }
            found[subject.identifier] = staple
        }
        Self.remembered.withLock { [found] remembered in remembered.merge(found) { $1 } }
    }

    /// Gives the processes that are about to be forked what was known before the restart.
    func carryOver() {
        let now = Int64(apr_time_now() / 1_000_000)
        var known: [[UInt8]: Staple] = [:]
        for (subject, policy) in subjects() {
            let candidates = [Self.kept(about: subject), Self.remembered.withLock { $0[subject.identifier] }]
            let usable = candidates.compactMap { $0 }.filter { policy.allows($0, about: subject, at: now) }
            guard let staple = usable.max(by: { $0.fetched < $1.fetched }) else { continue }
            known[subject.identifier] = staple
            Self.keep(staple, about: subject)
        }
        // What no certificate of this configuration needs is forgotten.
        Self.remembered.withLock { [known] in $0 = known }
        for server in servers { server.refreshStaples(at: now) }
    }

    // MARK: - The cache

    /// What is in the cache about a certificate.
    static func kept(about subject: StapledCertificate) -> Staple? {
        let identifier = subject.identifier
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: Staple.maximumByteCount) { buffer, length in
            guard let start = buffer.baseAddress else { return }
            length = unsafe Int(
                tlsd_cache_find(tlsd_staples, identifier, UInt32(identifier.count), start, UInt32(buffer.count))
            )
        }
        return Staple(bytes: bytes)
    }

    private static func keep(_ staple: Staple, about subject: StapledCertificate) {
        let (identifier, bytes) = (subject.identifier, staple.bytes)
        unsafe tlsd_cache_store(
            tlsd_staples,
            identifier,
            UInt32(identifier.count),
            bytes,
            UInt32(bytes.count),
            staple.expiry
        )
    }
}

/// Runs once a second in one of the processes.
@c @implementation
func tlsd_fetch_staples(_ server: UnsafeMutablePointer<server_rec>, _ pool: OpaquePointer) {
    let engines = unsafe ServerState.of(server)?.engines
    unsafe engines?.reloader?.takeUp(server)
    unsafe engines?.stapleFetcher?.fetch(server, Pool(pool))
}
