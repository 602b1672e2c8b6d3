// SPDX-License-Identifier: Apache-2.0

import SafeTLS
import Synchronization
import Testing

/// What an observer is told of the messages of a connection.
@Suite("Observed messages")
struct ObservedMessageTests {
    private final class Observer: Sendable {
        private let seen = Mutex<[ObservedMessage]>([])

        var messages: [ObservedMessage] { seen.withLock { $0 } }

        func note(_ message: ObservedMessage) { seen.withLock { $0.append(message) } }

        /// As in ">client_hello" and "<finished*", the star for what was encrypted.
        var lines: [String] {
            messages.map { "\($0.direction == .sent ? ">" : "<")\($0.kind)\($0.isProtected ? "*" : "")" }
        }
    }

    private static func connect(
        _ adjust: (inout Pair) -> Void
    ) throws -> (client: Observer, server: Observer) {
        var pair = Pair()
        adjust(&pair)
        let observers = (client: Observer(), server: Observer())
        pair.client.messageObserver = { observers.client.note($0) }
        pair.server.messageObserver = { observers.server.note($0) }
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        try Loopback.run(&client, &server)
        _ = try Loopback.feed(&client, Loopback.seal(&server, [1, 2, 3]))
        client.close()
        try Loopback.run(&client, &server)
        return observers
    }

    @Test("of TLS 1.3, with a HelloRetryRequest and a ticket")
    func tls13() throws {
        let observers = try Self.connect { pair in
            pair.restrict(to: .tls13)
            pair.client.keyShares = []
            pair.server.ticketCount = 1
            pair.client.sessionCacheCapacity = 8
        }
        #expect(
            observers.client.lines == [
                ">client_hello", "<hello_retry_request", ">change_cipher_spec", "<change_cipher_spec", ">client_hello",
                "<server_hello", "<encrypted_extensions*", "<certificate*", "<certificate_verify*", "<finished*",
                ">finished*", "<new_session_ticket*", ">alert close_notify*",
            ]
        )
        // The other side sees the same, the other way round.
        let mirrored = observers.client.messages.map { "\($0.kind) \($0.length) \($0.direction == .received)" }
        let seen = observers.server.messages.map { "\($0.kind) \($0.length) \($0.direction == .sent)" }
        #expect(Set(mirrored) == Set(seen))
    }

    @Test("of TLS 1.2")
    func tls12() throws {
        let observers = try Self.connect { $0.restrict(to: .tls12) }
        #expect(
            observers.client.lines == [
                ">client_hello", "<server_hello", "<certificate", "<server_key_exchange", "<server_hello_done",
                ">client_key_exchange", ">change_cipher_spec", ">finished*", "<change_cipher_spec", "<finished*",
                ">alert close_notify*",
            ]
        )
        for message in observers.client.messages where message.kind == .handshake(.finished) {
            #expect(message.length == 16)
        }
    }

    @Test("of a refusal")
    func refusal() throws {
        var pair = Pair()
        pair.server.groups = [.secp384r1]
        pair.client.groups = [.x25519]
        let observer = Observer()
        pair.client.messageObserver = { observer.note($0) }
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        #expect(throws: TLSError.self) { try Loopback.run(&client, &server) }
        #expect(throws: TLSError.self) { try Loopback.feed(&client, Loopback.output(&server)) }
        #expect(observer.lines == [">client_hello", "<alert handshake_failure"])
    }
}
