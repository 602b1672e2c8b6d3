// SPDX-License-Identifier: Apache-2.0

import CBenchmarkPeer
import Glibc
import SafeTLS
import TLSCertificates

/// What the longest lists cost, against the limits: 2 ms of CPU, and twice the list in memory.
///
/// Both count everything from the first byte to the server's answer or refusal: key exchange, signature, the sentence of an
/// error. The time is the least of many repetitions, which a busy machine does not change much; the memory is what was held
/// at most at once, besides the caller's buffer, the message itself and what a conversation holds with ordinary lists.
enum ListReport {
    static let nanoseconds: UInt64 = 2_000_000
    static let repetitions = 40

    struct Cost {
        var nanoseconds = UInt64.max
        var bytes: Int64 = 0
        var outcome = ""
    }

    static func run() throws {
        let ordinary = try cost(
            ListCase(name: "", size: 0, messages: [HelloBytes(version: 0x0304).message]),
            configuration(asksForCertificate: false)
        )
        var isWithinLimits = true
        print(row("list", "bytes", "CPU us", "memory", "limit", "outcome"))
        for list in ListCase.all {
            let cost = try cost(list, configuration(asksForCertificate: list.asksForCertificate))
            let message = list.messages.last?.count ?? 0
            isWithinLimits = show(list.name, list.size, cost, besides: ordinary, message: message) && isWithinLimits
        }
        isWithinLimits = try runOnClient() && isWithinLimits
        guard isWithinLimits else {
            throw BenchmarkFailure("a list costs more than \(nanoseconds / 1000) us or twice its size in memory")
        }
    }

    /// Prints a row; whether it is within the limits.
    static func show(
        _ name: String,
        _ size: Int,
        _ cost: Cost,
        besides ordinary: Cost,
        message: Int
    ) -> Bool {
        let bytes = max(0, cost.bytes - ordinary.bytes - Int64(message))
        // A page more or less is the allocator's.
        let limit = Int64(2 * max(size, 4096))
        let isAbove = cost.nanoseconds > nanoseconds || bytes > limit
        print(
            row(
                name,
                "\(size)",
                "\(cost.nanoseconds / 1000)",
                "\(bytes)",
                "\(limit)",
                (isAbove ? "ABOVE THE LIMIT: " : "") + cost.outcome
            )
        )
        return !isAbove
    }

    private static func row(_ cells: String...) -> String {
        zip(cells, [60, 8, 8, 8, 8, 0]).map { cell, width in
            cell + String(repeating: " ", count: max(1, width - cell.count))
        }.joined()
    }

    private static func configuration(asksForCertificate: Bool) throws -> ServerConfiguration {
        let chain = try SafeTLSPeer.identity(.p256, bench_pem_chain)
        let key = try SafeTLSPeer.identity(.p256, bench_pem_key)
        let anchor = try SafeTLSPeer.identity(.p256, bench_pem_anchor)
        let credential = try Credential(certificateChainPEM: chain.span, privateKeyPEM: key.span)
        var options = ServerOptions()
        options.applicationProtocols = ["h2", "http/1.1"]
        if asksForCertificate {
            let anchors = TrustAnchors(try Certificate.certificates(fromPEM: anchor.span))
            options.clientAuthentication = ClientAuthentication(.optional, trustAnchors: anchors)
        }
        // Two, so that the client's schemes are looked at for the choice.
        return try ServerConfiguration(credentials: [credential, credential], options: options)
    }

    private static func cost(_ list: ListCase, _ configuration: ServerConfiguration) throws -> Cost {
        var cost = Cost()
        for _ in 0..<repetitions {
            // Records are decrypted in place: each time others.
            var buffers = list.messages.map(ClientBytes.records)
            var outcome = ""
            let before = bench_read_meters().nanoseconds
            bench_watch_heap()
            outcome = serve(&buffers, list, configuration)
            let bytes = bench_stop_watching_heap()
            let after = bench_read_meters().nanoseconds
            cost.nanoseconds = min(cost.nanoseconds, after - before)
            cost.bytes = max(cost.bytes, bytes)
            cost.outcome = outcome
        }
        return cost
    }

    /// A server's part; gives what came of it.
    private static func serve(
        _ buffers: inout [[UInt8]],
        _ list: ListCase,
        _ configuration: ServerConfiguration
    ) -> String {
        var session = ServerSession(configuration: configuration, deferring: list.defersHello ? .clientHello : [])
        do throws(TLSError) {
            for index in buffers.indices {
                var consumed = 0
                while consumed < buffers[index].count {
                    var span = buffers[index].mutableSpan
                    var rest = span._mutatingExtracting(consumed..<span.count)
                    let received = try session.receive(&rest)
                    consumed += received.consumed
                    if received.consumed == 0 { break }
                }
                if case .clientHello(let hello) = session.request { try choose(hello, configuration, &session) }
            }
            return "taken"
        } catch {
            return "\(error)"
        }
    }

    /// What a driver looks for.
    private static func choose(
        _ hello: ClientHelloInfo,
        _ configuration: ServerConfiguration,
        _ session: inout ServerSession
    ) throws(TLSError) {
        let names = hello.applicationProtocols(first: 64)
        let chosen = names.first { $0 == "h2" || $0 == "http/1.1" }
        guard chosen != nil || !hello.offersApplicationProtocols else {
            session.reject(.noApplicationProtocol, reason: "no protocol")
            throw .nothingInCommon(.applicationProtocol)
        }
        _ = hello.offered(SignatureScheme.supported)
        _ = hello.ja4
        try session.answer(configuration: configuration, applicationProtocol: .automatic)
    }
}
