// SPDX-License-Identifier: Apache-2.0
import CHTTPD
import HTTPDCore

/// Fetches OCSP responses ahead of time (`SSLUseStapling`): in one of the processes, on a thread of mod_watchdog, so that no
/// handshake waits for a responder. The others find them in the cache that `SSLStaplingCache` names. The parent has nothing to
/// do with either; those that it forks at a restart find what is carried over in memory that outlives it.
final class StapleFetcher {
    private let servers: [ServerState]
    /// When to look at a certificate again, by its identifier.
    private var due: [[UInt8]: Int64] = [:]
    private var failures: [[UInt8]: Int64] = [:]

    private static let carried = CarriedStaples(CarriedMemory())

    init(_ servers: [ServerState]) { self.servers = servers }

    /// Sees to the memory for what is carried over a restart. For the parent.
    func prepareCarriage() {
        _ = tlsd_carried_reserve(CarriedStaplesLayout.bytes(for: subjects().count))
    }

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
            let kept = Self.kept(about: subject, policy, at: now)
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

    // MARK: - The cache

    /// What is known about a certificate: what is in the cache, or was before a restart. Other processes have written it, and
    /// it is good.
    static func kept(about subject: StapledCertificate, _ policy: StaplingPolicy, at now: Int64) -> Staple? {
        func allows(_ staple: Staple) -> Bool { policy.allows(staple, about: subject, at: now) }
        if let cached = cached(about: subject), allows(cached) { return cached }
        return carried.staple(for: subject.identifier, where: allows)
    }

    private static func cached(about subject: StapledCertificate) -> Staple? {
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
        carried.keep(staple, for: identifier)
    }
}

/// Runs once a second in one of the processes.
@c @implementation
func tlsd_fetch_staples(_ server: UnsafeMutablePointer<server_rec>, _ pool: OpaquePointer) {
    let engines = unsafe ServerState.of(server)?.engines
    unsafe engines?.reloader?.takeUp(server)
    unsafe engines?.stapleFetcher?.fetch(server, Pool(pool))
}
