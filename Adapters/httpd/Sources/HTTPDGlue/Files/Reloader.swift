// SPDX-License-Identifier: Apache-2.0
import CHTTPD
import HTTPDCore
import SafeTLS
import Synchronization

/// Takes changed certificates, keys, authorities and revocation lists into use while httpd runs (`TLSReloadInterval`).
///
/// The parent looks at the files every now and then, with its rights. What has changed and is good it puts into memory that
/// its processes can read, and it alone can write; they notice with their next connection, and make new policies. What is not
/// good is logged once, and the old stays in use.
final class Reloader {
    /// A chain and its key, or certificates with their keys for proxied servers, which several may have.
    private struct Slot {
        let chainFiles: [String]
        /// Nil for proxied servers: keys are among the certificates.
        let keyFile: String?
        /// Where it begins in either half, and how many bytes it has there: a head, the chain, the key.
        let offset: Int
        let capacity: Int
        var users: [User]

        var files: [String] { chainFiles + (keyFile.map { [$0] } ?? []) }
    }

    private enum User {
        /// A server, and the place of the certificate among its own.
        case server(ServerState, index: Int)
        case proxy(ProxySettings)
    }

    /// Three numbers of four bytes: how often the slot has changed, and the lengths of chain and key.
    private static let head = 12

    private var slots: [Slot] = []
    private var states: [ServerState] = []
    private let proxies: [ProxySettings]
    private var trustFiles: Set<String> = []
    private var stamps: [String: Contents] = [:]
    private let interval: apr_time_t
    private var lastLook = apr_time_now()
    /// What mod_md has renewed; nil when it manages nothing.
    private(set) var staged: StagedCertificates?

    /// What this process has taken into use.
    private let applied = Atomic<UInt32>(0)
    private let isBusy = Atomic(false)
    private var versions: [UInt32]
    private var trustVersion: UInt32 = 0
    /// When to try again what could not be read; 0 when everything was.
    private let retryTime = Atomic<apr_time_t>(0)

    /// Nil when there is nothing to watch.
    ///
    /// - Parameter seconds: How long the parent waits between two looks.
    /// - Throws: Why nothing can be handed to other processes.
    init?(
        _ servers: [ServerState],
        _ proxies: [ProxySettings],
        seconds: Int64,
        pool: Pool
    ) throws(DirectiveError) {
        interval = seconds * 1_000_000
        versions = []
        self.proxies = proxies
        for state in servers where state.settings.policy != nil {
            states.append(state)
            trustFiles.formUnion(state.settings.trustFiles)
            for (index, certificate) in state.settings.certificates.enumerated() {
                add(.server(state, index: index), chain: certificate.chainFiles, key: certificate.keyFile)
            }
        }
        for proxy in proxies {
            trustFiles.formUnion(proxy.trustFiles)
            if !proxy.machineFiles.isEmpty { add(.proxy(proxy), chain: proxy.machineFiles, key: nil) }
        }
        guard !watched.isEmpty else { return nil }
        staged = StagedCertificates(states, interval: interval)
        guard unsafe tlsd_reload_create(pool.pointer, end) else {
            let reason = unsafe String(cString: strerror(tlsd_errno()))
            throw DirectiveError(
                "files that change are taken into use by restarts only (TLSReloadInterval): the system has no memory that "
                    + "one process writes and others can only read (memfd_create, F_SEAL_FUTURE_WRITE): \(reason)"
            )
        }
        versions = Array(repeating: 0, count: slots.count)
        for file in watched { stamps[file] = Contents(of: file, pool) }
        tlsd_reload_note_look(lastLook / 1_000_000)
    }

    /// Where the next slot begins: the first number of a half counts changes of authorities and revocation lists.
    private var end: Int { slots.last.map { $0.offset + $0.capacity } ?? 4 }

    private func add(_ user: User, chain: [String], key: String?) {
        if let known = slots.firstIndex(where: { $0.chainFiles == chain && $0.keyFile == key }) {
            return slots[known].users.append(user)
        }
        let bytes = (chain + (key.map { [$0] } ?? [])).compactMap { Stamp($0).map { Int($0.value.size) } }.reduce(0, +)
        let capacity = Self.head + max(65_536, 4 * bytes)
        slots.append(Slot(chainFiles: chain, keyFile: key, offset: end, capacity: capacity, users: [user]))
    }

    private var watched: Set<String> { trustFiles.union(slots.flatMap(\.files)) }

    // MARK: - The parent

    /// Looks at the files if it is time to.
    func look(for server: UnsafeMutablePointer<server_rec>, _ pool: Pool) {
        let now = apr_time_now()
        guard now - lastLook >= interval else { return }
        lastLook = now
        tlsd_reload_note_look(now / 1_000_000)
        var changed: Set<String> = []
        for file in watched {
            let contents = Contents(of: file, pool)
            if contents != stamps[file] { changed.insert(file) }
            stamps[file] = contents
        }
        guard changed.isEmpty else { return unsafe publish(changed, server) }
        // Authorities and lists that could not be read: who is forked is to have them.
        unsafe takeUp(server)
    }

    /// Puts what has changed into the half that nobody reads, and has it count.
    private func publish(_ changed: Set<String>, _ server: UnsafeMutablePointer<server_rec>) {
        let generation = tlsd_reload_generation() &+ 1
        let (new, old) = unsafe (tlsd_reload_writable_half(generation), tlsd_reload_half(generation &- 1))
        var isNews = !changed.isDisjoint(with: trustFiles)
        var taken: [String] = []
        unsafe store(load(old, 0) &+ (isNews ? 1 : 0), new, 0)
        for slot in slots {
            unsafe (new + slot.offset).update(from: old + slot.offset, count: slot.capacity)
            guard !changed.isDisjoint(with: slot.files) else { continue }
            let name = slot.chainFiles[0]
            do throws(DirectiveError) {
                try unsafe read(slot, new + slot.offset)
                isNews = true
                taken.append(name)
            } catch {
                unsafe (new + slot.offset).update(from: old + slot.offset, count: slot.capacity)
                // The next look tries again.
                if error.isPassing { for file in slot.files { stamps[file] = nil } }
                unsafe tlsd_log_server(
                    server,
                    APLOG_ERR,
                    APR_SUCCESS,
                    Event.reload.line("\(name) has changed and cannot be used, the old certificate stays: \(error)")
                )
            }
        }
        guard isNews else { return }
        tlsd_reload_publish(generation)
        // Who reads it can rely on it: no connection gets the old one from now on.
        for name in taken {
            let line = Event.reload.line("\(name) has changed and is taken into use")
            unsafe tlsd_log_server(server, APLOG_NOTICE, APR_SUCCESS, line)
        }
        // Processes that are forked later begin with what the parent has.
        unsafe takeUp(server)
    }

    /// Reads the files of a slot to where its processes will find them, if they are good.
    private func read(_ slot: Slot, _ memory: UnsafeMutablePointer<UInt8>) throws(DirectiveError) {
        let (start, capacity) = unsafe (memory + Self.head, slot.capacity - Self.head)
        let keyFile = slot.keyFile.map { [$0] } ?? []
        let chain = try unsafe FileContents.read(slot.chainFiles, to: start, capacity: capacity)
        let key = try unsafe FileContents.read(keyFile, to: start + chain, capacity: capacity - chain)
        unsafe store(UInt32(chain), memory, 4)
        unsafe store(UInt32(key), memory, 8)
        unsafe store(load(memory, 0) &+ 1, memory, 0)
        _ = try unsafe credentials(slot, memory)
    }

    // MARK: - Every process

    /// When the parent looks at the files next, in UNIX seconds; it does so within ten seconds then.
    var nextLook: Int64 { tlsd_reload_last_look() + interval / 1_000_000 }

    /// Takes into use what the parent has found, if there is something new, and what mod_md has renewed. Called for each
    /// connection.
    func takeUp(_ server: UnsafeMutablePointer<server_rec>) {
        let generation = tlsd_reload_generation()
        let retryTime = retryTime.load(ordering: .relaxed)
        let isNew =
            generation != applied.load(ordering: .acquiring) || (retryTime != 0 && apr_time_now() >= retryTime)
        let isDue = staged?.isDue(apr_time_now()) == true
        guard isNew || isDue else { return }
        // One thread does it; the others go on with the old until it is done.
        guard isBusy.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged else { return }
        defer { isBusy.store(false, ordering: .releasing) }
        if isNew { unsafe takeUp(generation, server) }
        if isDue { unsafe staged?.look(for: server) }
    }

    private func takeUp(_ generation: UInt32, _ server: UnsafeMutablePointer<server_rec>) {
        let half = unsafe tlsd_reload_half(generation)
        let seen = versions
        var replacements: [ObjectIdentifier: [Int: Credential]] = [:]
        var machines: [ObjectIdentifier: [Credential]] = [:]
        for (number, slot) in slots.enumerated() {
            let memory = unsafe half + slot.offset
            let version = unsafe load(memory, 0)
            guard version != versions[number] else { continue }
            guard let credentials = try? unsafe credentials(slot, memory) else { continue }
            versions[number] = version
            for user in slot.users {
                switch user {
                case .server(let state, let index):
                    replacements[ObjectIdentifier(state), default: [:]][index] = credentials[0]
                case .proxy(let proxy): machines[ObjectIdentifier(proxy)] = credentials
                }
            }
        }
        // A change while this was read: the parent may be writing over it for the next. The next connection tries again.
        guard tlsd_reload_generation() == generation else { return versions = seen }
        let isOtherTrust = unsafe load(half, 0) != trustVersion
        var isMissingTrust = false
        for state in states {
            let credentials = replacements[ObjectIdentifier(state)] ?? [:]
            guard !credentials.isEmpty || (isOtherTrust && !state.settings.trustFiles.isEmpty) else { continue }
            let isTaken = unsafe attempt(server) { () throws(DirectiveError) in try state.settings.replace(credentials)
            }
            isMissingTrust = isMissingTrust || (!isTaken && isOtherTrust)
            if !isTaken { keepOld(seen) { if case .server(let user, _) = $0 { user === state } else { false } } }
        }
        for proxy in proxies {
            let credentials = machines[ObjectIdentifier(proxy)]
            guard credentials != nil || (isOtherTrust && !proxy.trustFiles.isEmpty) else { continue }
            let isTaken = unsafe attempt(server) { () throws(DirectiveError) in try proxy.replace(credentials) }
            isMissingTrust = isMissingTrust || (!isTaken && isOtherTrust)
            if !isTaken { keepOld(seen) { if case .proxy(let user) = $0 { user === proxy } else { false } } }
        }
        // A revocation list that could not be read, for whatever reason, may be one that can at the next look.
        if !isMissingTrust { unsafe trustVersion = load(half, 0) }
        retryTime.store(isMissingTrust ? apr_time_now() + interval : 0, ordering: .relaxed)
        applied.store(generation, ordering: .releasing)
    }

    /// What stays old is tried again with the next change: it may be of what was wrong.
    private func keepOld(_ seen: [UInt32], _ isConcerned: (User) -> Bool) {
        for (number, slot) in slots.enumerated() where slot.users.contains(where: isConcerned) {
            versions[number] = seen[number]
        }
    }

    private func attempt(
        _ server: UnsafeMutablePointer<server_rec>,
        _ change: () throws(DirectiveError) -> Void
    ) -> Bool {
        do throws(DirectiveError) {
            try change()
            return true
        } catch {
            unsafe tlsd_log_server(
                server,
                APLOG_ERR,
                APR_SUCCESS,
                Event.reload.line("files that have changed cannot be used, the old stay: \(error)")
            )
            return false
        }
    }

    // MARK: - Memory

    /// What a slot holds; one for a server. In a process that is slow the parent may be writing there again.
    private func credentials(
        _ slot: Slot,
        _ memory: UnsafePointer<UInt8>
    ) throws(DirectiveError) -> [Credential] {
        let (chain, key) = unsafe (Int(load(memory, 4)), Int(load(memory, 8)))
        guard chain + key <= slot.capacity - Self.head else { throw DirectiveError("the memory is damaged") }
        let start = unsafe memory + Self.head
        let certificates = unsafe Span(_unsafeElements: UnsafeBufferPointer(start: start, count: chain))
        guard slot.keyFile != nil else { return try MachineCertificates.credentials(in: certificates) }
        do throws(ConfigurationError) {
            return [
                try unsafe Credential(
                    certificateChainPEM: certificates,
                    privateKeyPEM: Span(_unsafeElements: UnsafeBufferPointer(start: start + chain, count: key))
                )
            ]
        } catch {
            throw DirectiveError("\(error)")
        }
    }

    private func load(_ memory: UnsafePointer<UInt8>, _ offset: Int) -> UInt32 {
        unsafe UnsafeRawPointer(memory).loadUnaligned(fromByteOffset: offset, as: UInt32.self)
    }

    private func store(_ number: UInt32, _ memory: UnsafeMutablePointer<UInt8>, _ offset: Int) {
        unsafe UnsafeMutableRawPointer(memory).storeBytes(of: number, toByteOffset: offset, as: UInt32.self)
    }
}

/// What tells that a file has changed.
struct Stamp: Equatable {
    var value = tlsd_stamp()

    init?(_ file: String) {
        guard unsafe tlsd_file_stamp(file, &value) else { return nil }
    }

    static func == (left: Stamp, right: Stamp) -> Bool {
        left.value.inode == right.value.inode && left.value.size == right.value.size
            && left.value.seconds == right.value.seconds && left.value.nanoseconds == right.value.nanoseconds
    }
}

/// What tells that a file has changed, or one of the files in a directory: that one is written anew in its place is not seen
/// by the directory.
private struct Contents: Equatable {
    private let stamp: Stamp?
    private var files: [String: Stamp] = [:]

    init(of path: String, _ pool: Pool) {
        stamp = Stamp(path)
        guard stamp?.value.is_directory == true else { return }
        // The pool of the configuration would grow with each look.
        var made: OpaquePointer?
        guard unsafe tlsd_make_pool(&made, pool.pointer), let made = unsafe made else { return }
        defer { unsafe apr_pool_destroy(made) }
        for file in unsafe HTTPDGlue.files(in: path, areAll: true, Pool(made)) ?? [] { files[file] = Stamp(file) }
    }
}

/// Runs in the parent about every ten seconds.
@c @implementation
func tlsd_monitor(_ pool: OpaquePointer, _ server: UnsafeMutablePointer<server_rec>) -> CInt {
    unsafe ServerState.of(server)?.engines?.reloader?.look(for: server, Pool(pool))
    return DECLINED
}

@c @implementation
func tlsd_set_reload_interval(
    _ command: UnsafeMutablePointer<cmd_parms>,
    _ config: UnsafeMutableRawPointer?,
    _ text: UnsafePointer<CChar>
) -> UnsafePointer<CChar>? {
    if let misplaced = unsafe ap_check_cmd_context(command, UInt32(tlsd_global_only)) { return unsafe misplaced }
    let word = unsafe String(cString: text)
    guard let seconds = word.lowercased() == "off" ? 0 : Int64(word), (0...86_400).contains(seconds) else {
        return unsafe Pool(command.pointee.pool)
            .copy("TLSReloadInterval: '\(word)' is neither off nor a number of seconds up to 86400")
    }
    unsafe ServerState.of(command.pointee.server)?.reloadInterval = seconds
    return nil
}
