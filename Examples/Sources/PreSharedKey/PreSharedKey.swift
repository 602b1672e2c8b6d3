// SPDX-License-Identifier: Apache-2.0
//
// PreSharedKey serve HOST:PORT [COUNT]
// PreSharedKey connect HOST:PORT DEVICE
//
// Devices and a server that share a key each, and have no certificates.

import SafeTLS
import SafeTLSSockets

@main
struct PreSharedKey {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count >= 3, let endpoint = Endpoint(arguments[2]) else {
            print("usage: PreSharedKey serve|connect HOST:PORT [COUNT|DEVICE]")
            return
        }
        if arguments[1] == "serve" {
            try serve(endpoint, count: arguments.count > 3 ? Int(arguments[3]) ?? 1 : .max)
        } else {
            try connect(endpoint, device: arguments.count > 3 ? arguments[3] : "sensor 1")
        }
    }

    /// The key of a device. A real one is random, and comes from a place that nobody else can read.
    @Sendable static func key(of identity: [UInt8]) -> ExternalPSK? {
        guard identity.starts(with: Array("sensor ".utf8)) else { return nil }
        let bytes = [UInt8](repeating: identity.reduce(0, &+), count: 32)
        return try? ExternalPSK(importing: identity, key: bytes.span)
    }

    static func serve(_ endpoint: Endpoint, count: Int) throws {
        var options = ServerOptions()
        options.versions = .tls13 ... .tls13
        options.findPreSharedKey = key
        options.requiresPreSharedKey = true
        let configuration = try ServerConfiguration(credentials: [], options: options)
        let listener = try TLSListener.listen(on: endpoint)
        print("listening on \(listener.name)")
        for _ in 0..<count {
            let connection = try listener.accept(with: configuration)
            do {
                try connection.handshake()
                let device = String(decoding: connection.negotiated?.preSharedKeyIdentity ?? [], as: UTF8.self)
                while let data = try connection.read() { print("\(device): \(String(decoding: data, as: UTF8.self))") }
            } catch {
                print("\(connection.peerName) \(error)")
            }
            connection.close()
        }
    }

    static func connect(_ endpoint: Endpoint, device: String) throws {
        guard let key = key(of: Array(device.utf8)) else {
            print("\(device) has no key")
            return
        }
        var options = ClientOptions()
        options.versions = .tls13 ... .tls13
        options.preSharedKeys = [key]
        options.requiresPreSharedKey = true
        let configuration = try ClientConfiguration(trustAnchors: TrustAnchors([]), options: options)
        // The key says who the server is; a name would say no more.
        let session = try ClientSession(unnamedServerOf: configuration)
        let connection = try TLSConnection(session, over: Socket.connect(to: endpoint))
        try connection.write("21.5 degrees")
        connection.close()
    }
}
