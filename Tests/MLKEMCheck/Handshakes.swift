// SPDX-License-Identifier: Apache-2.0

import SafeTLS
import TLSCertificates

/// Handshakes with random keys in each group, both sides in one process, with data both ways.
enum Handshakes {
    static func run(count: Int) -> Bool {
        NamedGroup.supported.allSatisfy { group in
            do {
                for _ in 0..<count { try check(group) }
                print("handshakes: \(group): \(count)")
                return true
            } catch {
                print("handshakes: \(group): \(error)")
                return false
            }
        }
    }

    private struct Disagreement: Error {}

    /// A key in place of certificates: signatures are not what this is about.
    private static func check(_ group: NamedGroup) throws {
        let secret = [UInt8](repeating: 1, count: 32)
        let key = try ExternalPSK(identity: [1], key: secret.span)
        var ours = ServerOptions()
        (ours.versions, ours.groups) = (.tls13 ... .tls13, [group])
        (ours.preSharedKeys, ours.requiresPreSharedKey) = ([key], true)
        var theirs = ClientOptions()
        (theirs.versions, theirs.groups) = (.tls13 ... .tls13, [group])
        (theirs.preSharedKeys, theirs.requiresPreSharedKey) = ([key], true)
        guard let name = ServerName("localhost") else { throw Disagreement() }
        var server = ServerSession(configuration: try ServerConfiguration(credentials: [], options: ours))
        let configuration = try ClientConfiguration(trustAnchors: TrustAnchors([]), options: theirs)
        var client = try ClientSession(configuration: configuration, serverName: name)
        try move(&client, &server)
        try move(&server, &client)
        try move(&client, &server)
        guard client.negotiated?.group == group, server.negotiated?.group == group else { throw Disagreement() }
        guard try send(1, from: &client, to: &server), try send(2, from: &server, to: &client) else {
            throw Disagreement()
        }
    }

    /// Carries what one side has to say to the other; gives the data in it.
    @discardableResult
    private static func move<Sender: TLSSession & ~Copyable, Receiver: TLSSession & ~Copyable>(
        _ sender: inout Sender,
        _ receiver: inout Receiver,
        _ sealed: [UInt8] = []
    ) throws -> [UInt8] {
        var bytes = copy(sender.pendingOutput)
        sender.discardOutput(bytes.count)
        bytes += sealed
        var data: [UInt8] = []
        while !bytes.isEmpty {
            var span = bytes.mutableSpan
            let received = try receiver.receive(&span)
            let (plaintext, consumed) = (received.plaintext, received.consumed)
            data += bytes[plaintext]
            guard consumed > 0 else { throw Disagreement() }
            bytes.removeFirst(consumed)
        }
        return data
    }

    private static func copy(_ span: Span<UInt8>) -> [UInt8] {
        var bytes: [UInt8] = []
        for index in span.indices { bytes.append(span[index]) }
        return bytes
    }

    private static func send<Sender: TLSSession & ~Copyable, Receiver: TLSSession & ~Copyable>(
        _ byte: UInt8,
        from sender: inout Sender,
        to receiver: inout Receiver
    ) throws -> Bool {
        var output = [UInt8](repeating: 0, count: sender.sealedByteCount(for: 1))
        let data = [byte]
        var span = output.mutableSpan
        let sealed = try sender.seal(data.span, into: &span)
        return try move(&sender, &receiver, Array(output.prefix(sealed.written))) == data
    }
}
