// SPDX-License-Identifier: Apache-2.0
//
// ExternalSigner sign SOCKET KEY
// ExternalSigner serve SOCKET HOST:PORT CERTIFICATE [COUNT]
//
// Two processes: one has the private key and makes signatures, the other serves and has none. Whoever breaks into the server
// cannot take the key along.

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

/// The key of another process. A request is the scheme and the message, each number two bytes, highest first; the answer is the
/// signature. Both have their length in front.
struct RemoteKey: SigningKey {
    let path: String
    let schemes: [SignatureScheme]

    func sign(_ message: [UInt8], scheme: SignatureScheme) throws -> [UInt8] {
        let socket = try Socket.connect(toPath: path)
        try socket.send([UInt8(scheme.rawValue >> 8), UInt8(scheme.rawValue & 0xFF)] + message)
        return try socket.receive()
    }
}

extension ExternalSigner {
    /// The process with the key. Whoever may connect may have anything signed: the socket is for this user alone.
    static func sign(onPath path: String, with key: PrivateKey) throws {
        let listener = try Socket.listen(onPath: path)
        print("signing for \(path)")
        while true {
            let client = try listener.acceptNext()
            do {
                try client.setBlocking(true)
                let request = try client.receive()
                guard request.count > 2 else { continue }
                let scheme = SignatureScheme(rawValue: UInt16(request[0]) << 8 | UInt16(request[1]))
                try client.send(key.sign(Array(request[2...]), scheme: scheme))
            } catch {
                print("not signed: \(error)")
            }
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
                connection.close()
            } catch {
                print("\(connection.peerName) \(error)")
            }
        }
    }
}

extension Socket {
    /// Sends bytes with their length in front.
    borrowing func send(_ bytes: [UInt8]) throws {
        let message = [UInt8(bytes.count >> 8), UInt8(bytes.count & 0xFF)] + bytes
        var start = 0
        while start < message.count { start += try write(message.span.extracting(start...)) ?? 0 }
    }

    /// Receives bytes with their length in front.
    borrowing func receive() throws -> [UInt8] {
        let length = try receive(2)
        return try receive(Int(length[0]) << 8 | Int(length[1]))
    }

    private borrowing func receive(_ count: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let more = try read(into: &bytes, at: filled) ?? 0
            guard more > 0 else { throw Unfinished() }
            filled += more
        }
        return bytes
    }
}

struct Unfinished: Error {}
