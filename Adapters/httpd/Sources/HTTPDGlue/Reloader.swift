// SPDX-License-Identifier: Apache-2.0
import CHTTPD
import HTTPDCore
import SafeTLS
import Synchronization

/// Takes changed certificates, keys, authorities and revocation lists into use while httpd runs (`TLSReloadInterval`).
///
/// The parent looks at the files every now and then, with its rights. What has changed and is good it puts into memory that
/// its processes share; they notice with their next connection, and make new policies. What is not good is logged once, and
/// the old stays in use.
final class Reloader {
    /// A chain and its key, which several servers may have.
    private struct Slot {
        let certificate: ServerSettings.Certificate
        /// Where it begins in either half, and how many bytes it has there: a head, the chain, the key.
        let offset: Int
        let capacity: Int
        var users: [(state: ServerState, index: Int)]
    }

    /// Three numbers of four bytes: how often the slot has changed, and the lengths of chain and key.
    private static let head = 12

    private var slots: [Slot] = []
    private var states: [ServerState] = []
    private var trustFiles: Set<String> = []
    private var stamps: [String: Stamp] = [:]
    private let interval: apr_time_t
    private var lastLook = apr_time_now()

    /// What this process has taken into use.
    private let applied = Atomic<UInt32>(0)
    private let isBusy = Atomic(false)
    private var versions: [UInt32]
    private var trustVersion: UInt32 = 0

    /// Nil when there is nothing to watch, or memory is out.
    ///
    /// - Parameter seconds: How long the parent waits between two looks.
    init?(_ servers: [ServerState], seconds: Int64, pool: Pool) {
        interval = seconds * 1_000_000
        versions = []
        // The first number of a half counts changes of authorities and revocation lists.
        var offset = 4
        for state in servers where state.settings.policy != nil {
            states.append(state)
            trustFiles.formUnion(state.settings.trustFiles)
            for (index, certificate) in state.settings.certificates.enumerated() {
                if let known = slots.firstIndex(where: { $0.certificate.files == certificate.files }) {
                    slots[known].users.append((state, index))
                    continue
                }
                let bytes = certificate.files.compactMap { Stamp($0).map { Int($0.value.size) } }.reduce(0, +)
                let capacity = Self.head + max(65_536, 4 * bytes)
                slots.append(
                    Slot(certificate: certificate, offset: offset, capacity: capacity, users: [(state, index)])
                )
                offset += capacity
            }
        }
        guard !slots.isEmpty, unsafe tlsd_reload_create(pool.pointer, offset) else { return nil }
        versions = Array(repeating: 0, count: slots.count)
        for file in watched { stamps[file] = Stamp(file) }
    }

    private var watched: Set<String> { trustFiles.union(slots.flatMap { $0.certificate.files }) }

    // MARK: - The parent

    /// Looks at the files if it is time to.
    func look(for server: UnsafeMutablePointer<server_rec>) {
        let now = apr_time_now()
        guard now - lastLook >= interval else { return }
        lastLook = now
        var changed: Set<String> = []
        for file in watched {
            let stamp = Stamp(file)
            if stamp != stamps[file] { changed.insert(file) }
            stamps[file] = stamp
        }
        guard !changed.isEmpty else { return }
        unsafe publish(changed, server)
    }

    /// Puts what has changed into the half that nobody reads, and has it count.
    private func publish(_ changed: Set<String>, _ server: UnsafeMutablePointer<server_rec>) {
        let generation = tlsd_reload_generation() &+ 1
        let (new, old) = unsafe (tlsd_reload_half(generation), tlsd_reload_half(generation &- 1))
        var isNews = !changed.isDisjoint(with: trustFiles)
        unsafe store(load(old, 0) &+ (isNews ? 1 : 0), new, 0)
        for slot in slots {
            unsafe (new + slot.offset).update(from: old + slot.offset, count: slot.capacity)
            guard !changed.isDisjoint(with: slot.certificate.files) else { continue }
            let name = slot.certificate.chainFiles[0]
            do throws(DirectiveError) {
                try unsafe read(slot, new + slot.offset)
                isNews = true
                unsafe tlsd_log_server(
                    server,
                    APLOG_NOTICE,
                    APR_SUCCESS,
                    Event.reload.line("\(name) has changed and is taken into use")
                )
            } catch {
                unsafe (new + slot.offset).update(from: old + slot.offset, count: slot.capacity)
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
        // Processes that are forked later begin with what the parent has.
        unsafe takeUp(server)
    }

    /// Reads the files of a slot to where its processes will find them, if they are good.
    private func read(_ slot: Slot, _ memory: UnsafeMutablePointer<UInt8>) throws(DirectiveError) {
        var position = Self.head
        func append(_ file: String) throws(DirectiveError) {
            let count = unsafe tlsd_read_file(file, memory + position, slot.capacity - position - 1)
            guard count >= 0 else {
                throw DirectiveError("\(file): cannot be read (\(unsafe String(cString: strerror(tlsd_errno()))))")
            }
            position += count
            // Files need not end with a line's end.
            unsafe memory[position] = UInt8(ascii: "\n")
            position += 1
        }
        for file in slot.certificate.chainFiles { try append(file) }
        let chain = position - Self.head
        try append(slot.certificate.keyFile)
        unsafe store(UInt32(chain), memory, 4)
        unsafe store(UInt32(position - Self.head - chain), memory, 8)
        unsafe store(load(memory, 0) &+ 1, memory, 0)
        do throws(ConfigurationError) {
            _ = try unsafe credential(memory, slot.capacity)
        } catch {
            throw DirectiveError("\(error)")
        }
    }

    // MARK: - Every process

    /// Takes into use what the parent has found, if there is something new. Called for each connection.
    func takeUp(_ server: UnsafeMutablePointer<server_rec>) {
        let generation = tlsd_reload_generation()
        guard generation != applied.load(ordering: .acquiring) else { return }
        // One thread does it; the others go on with the old until it is done.
        guard isBusy.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged else { return }
        defer { isBusy.store(false, ordering: .releasing) }
        let half = unsafe tlsd_reload_half(generation)
        let seen = versions
        var replacements: [ObjectIdentifier: [Int: Credential]] = [:]
        for (number, slot) in slots.enumerated() {
            let memory = unsafe half + slot.offset
            let version = unsafe load(memory, 0)
            guard version != versions[number] else { continue }
            guard let credential = try? unsafe credential(memory, slot.capacity) else { continue }
            versions[number] = version
            for user in slot.users { replacements[ObjectIdentifier(user.state), default: [:]][user.index] = credential }
        }
        // A change while this was read: the parent may be writing over it for the next. The next connection tries again.
        guard tlsd_reload_generation() == generation else { return versions = seen }
        let isOtherTrust = unsafe load(half, 0) != trustVersion
        unsafe trustVersion = load(half, 0)
        for state in states {
            let credentials = replacements[ObjectIdentifier(state)] ?? [:]
            guard !credentials.isEmpty || (isOtherTrust && !state.settings.trustFiles.isEmpty) else { continue }
            do throws(DirectiveError) {
                try state.settings.replace(credentials)
            } catch {
                // What stays old is tried again with the next change: it may be of what was wrong.
                for (number, slot) in slots.enumerated() where slot.users.contains(where: { $0.state === state }) {
                    versions[number] = seen[number]
                }
                unsafe tlsd_log_server(
                    server,
                    APLOG_ERR,
                    APR_SUCCESS,
                    Event.reload.line("files that have changed cannot be used, the old stay: \(error)")
                )
            }
        }
        applied.store(generation, ordering: .releasing)
    }

    // MARK: - Memory

    /// Reads a slot. The parent, which may read everything, does so as well, and every process can write there: lengths are
    /// not taken on trust.
    private func credential(
        _ memory: UnsafeMutablePointer<UInt8>,
        _ capacity: Int
    ) throws(ConfigurationError) -> Credential {
        let chain = unsafe Int(load(memory, 4))
        let key = unsafe Int(load(memory, 8))
        guard chain + key <= capacity - Self.head else { throw ConfigurationError(reason: "the memory is damaged") }
        let start = unsafe memory + Self.head
        return try unsafe Credential(
            certificateChainPEM: Span(_unsafeElements: UnsafeBufferPointer(start: start, count: chain)),
            privateKeyPEM: Span(_unsafeElements: UnsafeBufferPointer(start: start + chain, count: key))
        )
    }

    private func load(_ memory: UnsafeMutablePointer<UInt8>, _ offset: Int) -> UInt32 {
        unsafe UnsafeRawPointer(memory).loadUnaligned(fromByteOffset: offset, as: UInt32.self)
    }

    private func store(_ number: UInt32, _ memory: UnsafeMutablePointer<UInt8>, _ offset: Int) {
        unsafe UnsafeMutableRawPointer(memory).storeBytes(of: number, toByteOffset: offset, as: UInt32.self)
    }
}

/// What tells that a file has changed.
private struct Stamp: Equatable {
    var value = tlsd_stamp()

    init?(_ file: String) {
        guard unsafe tlsd_file_stamp(file, &value) else { return nil }
    }

    static func == (left: Stamp, right: Stamp) -> Bool {
        left.value.inode == right.value.inode && left.value.size == right.value.size
            && left.value.seconds == right.value.seconds && left.value.nanoseconds == right.value.nanoseconds
    }
}

/// Runs in the parent about every ten seconds.
@c @implementation
func tlsd_monitor(_ pool: OpaquePointer, _ server: UnsafeMutablePointer<server_rec>) -> CInt {
    unsafe ServerState.of(server)?.engines?.reloader?.look(for: server)
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
