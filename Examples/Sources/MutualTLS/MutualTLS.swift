// SPDX-License-Identifier: Apache-2.0
//
// MutualTLS serve HOST:PORT CERTIFICATE KEY AUTHORITIES [COUNT]
// MutualTLS connect HOST:PORT CERTIFICATE KEY AUTHORITIES
//
// Both sides show a certificate. The server greets its client by the name in it.

import SafeTLS
import SafeTLSSockets

@main
struct MutualTLS {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count >= 6, let endpoint = Endpoint(arguments[2]) else {
            print("usage: MutualTLS serve|connect HOST:PORT CERTIFICATE KEY AUTHORITIES [COUNT]")
            return
        }
        let credential = try Credential(certificateFile: arguments[3], keyFile: arguments[4])
        let authorities = try TrustAnchors(pemFile: arguments[5])
        if arguments[1] == "serve" {
            let count = arguments.count > 6 ? Int(arguments[6]) : nil
            try serve(endpoint, credential, clientsOf: authorities, count: count ?? .max)
        } else {
            try connect(endpoint, credential, authorities)
        }
    }

    static func serve(
        _ endpoint: Endpoint,
        _ credential: Credential,
        clientsOf authorities: TrustAnchors,
        count: Int
    ) throws {
        var options = ServerOptions()
        options.clientAuthentication = ClientAuthentication(.required, trustAnchors: authorities)
        let configuration = try ServerConfiguration(credentials: [credential], options: options)
        let listener = try TLSListener.listen(on: endpoint)
        print("listening on \(listener.name)")
        for _ in 0..<count {
            let connection = try listener.accept(with: configuration)
            do {
                try connection.handshake()
                let client = connection.verifiedPath.first
                try connection.write("Hello, \(client?.subject.commonName ?? "nobody")!\n")
            } catch {
                print("\(connection.peerName) \(error)")
            }
            connection.close()
        }
    }

    static func connect(_ endpoint: Endpoint, _ credential: Credential, _ authorities: TrustAnchors) throws {
        var options = ClientOptions()
        options.credentials = [credential]
        let configuration = try ClientConfiguration(trustAnchors: authorities, options: options)
        let connection = try TLSConnection.connect(to: endpoint, with: configuration)
        do {
            while let data = try connection.read() { print(String(decoding: data, as: UTF8.self), terminator: "") }
        } catch {
            print("\(endpoint): \(error)")
        }
        connection.close()
    }
}
