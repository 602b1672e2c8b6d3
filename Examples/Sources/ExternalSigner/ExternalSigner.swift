// SPDX-License-Identifier: Apache-2.0
//
// ExternalSigner sign SOCKET KEY
// ExternalSigner serve SOCKET HOST:PORT CERTIFICATE [COUNT]
//
// Two processes: one has the private key and makes signatures, the other serves and has none. Whoever breaks into the server
// cannot take the key along.

import Foundation
import SafeTLS
import SafeTLSSockets

@main
struct ExternalSigner {
    static func main() throws {
        let arguments = CommandLine.arguments
        if arguments.count == 4, arguments[1] == "sign" {
            try sign(onPath: arguments[2], with: PrivateKey.read(file: arguments[3]))
        } else if arguments.count >= 5, arguments[1] == "serve", let endpoint = Endpoint(arguments[3]) {
            let key = RemoteKey(path: arguments[2], schemes: [.ecdsaSECP256R1SHA256])
            let credential = try Credential(certificateFile: arguments[4], signingWith: key)
            try serve(endpoint, credential, count: arguments.count > 5 ? Int(arguments[5]) ?? 1 : .max)
        } else {
            print("usage: ExternalSigner sign SOCKET KEY | serve SOCKET HOST:PORT CERTIFICATE [COUNT]")
        }
    }
}

/// The key of another process. A request is the scheme, two bytes with the highest first, and the message; the answer is the
/// signature. Both have their length in front, four bytes.
struct RemoteKey: SigningKey {
    let path: String
    let schemes: [SignatureScheme]

    func sign(_ message: [UInt8], scheme: SignatureScheme) throws -> [UInt8] {
        let socket = try Socket.connect(toPath: path, milliseconds: patience)
        try socket.send([UInt8(scheme.rawValue >> 8), UInt8(scheme.rawValue & 0xFF)] + message)
        return try socket.receive()
    }
}

extension ExternalSigner {
    /// The process with the key. Whoever may connect may have anything signed: the socket is for this user alone.
    static func sign(onPath path: String, with key: PrivateKey) throws {
        let listener = try Socket.listen(onPath: path)
        print("signing for \(path)")
        // One that connects and asks for nothing holds up nobody but its own thread, and that not for long.
        for _ in 1..<8 { Thread.detachNewThread { sign(listener, key) } }
        sign(listener, key)
    }

    private static func sign(_ listener: borrowing Socket, _ key: PrivateKey) {
        while true {
            do {
                answer(try listener.acceptNext(), key)
            } catch {
                // Of the listener itself: there will be no more.
                print("\(error)")
                return
            }
        }
    }

    private static func answer(_ client: consuming Socket, _ key: PrivateKey) {
        do {
            try client.setBlocking(true)
            try client.setTimeout(milliseconds: patience)
            let request = try client.receive()
            guard request.count > 2 else { return }
            let scheme = SignatureScheme(rawValue: UInt16(request[0]) << 8 | UInt16(request[1]))
            try client.send(key.sign(Array(request[2...]), scheme: scheme))
        } catch {
            print("not signed: \(error)")
        }
    }

    /// The process without it.
    static func serve(_ endpoint: Endpoint, _ credential: Credential, count: Int) throws {
        let configuration = try ServerConfiguration(credentials: [credential])
        let listener = try TLSListener.listen(on: endpoint)
        print("listening on \(listener.name)")
        for _ in 0..<count {
            let connection = try listener.accept(with: configuration)
            do {
                while let data = try connection.read() { try connection.write(data) }
            } catch {
                print("\(connection.peerName) \(error)")
            }
            connection.close()
        }
    }
}

/// How many milliseconds the other process may keep this one waiting for a piece of a message.
private let patience: Int32 = 5000

/// The longest message, in bytes: in TLS 1.2 a client signs the whole handshake, which may have long chains in it.
private let longestMessage = 1 << 20

extension Socket {
    /// Sends bytes with their length in front.
    borrowing func send(_ bytes: [UInt8]) throws {
        guard bytes.count <= longestMessage else { throw Failure(description: "the message is too long") }
        let message = (0..<4).map { UInt8(truncatingIfNeeded: bytes.count >> (24 - 8 * $0)) } + bytes
        var start = 0
        while start < message.count {
            guard let count = try write(message.span.extracting(start...)) else { throw Failure.late }
            start += count
        }
    }

    /// Receives bytes with their length in front.
    borrowing func receive() throws -> [UInt8] {
        let length = try receive(4).reduce(0) { $0 << 8 | Int($1) }
        guard length <= longestMessage else { throw Failure(description: "the message is too long") }
        return try receive(length)
    }

    private borrowing func receive(_ count: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            guard let more = try read(into: &bytes, at: filled) else { throw Failure.late }
            guard more > 0 else { throw Failure(description: "the message has no end") }
            filled += more
        }
        return bytes
    }
}

struct Failure: Error, CustomStringConvertible {
    let description: String

    static let late = Failure(description: "the other process takes too long")
}
