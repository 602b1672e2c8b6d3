// SPDX-License-Identifier: Apache-2.0
//
// ManyCertificates HOST:PORT DIRECTORY NAME... : a server with a certificate for each of several names.
//
// DIRECTORY has NAME.pem and NAME.key for each; the first name is for clients that ask for none of them. Renewed files are taken
// without a restart, and without an interruption of connections that are open.

import SafeTLS
import SafeTLSSockets

@main
struct ManyCertificates {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count >= 4, let endpoint = Endpoint(arguments[1]) else {
            print("usage: ManyCertificates HOST:PORT DIRECTORY NAME...")
            return
        }
        var sites = try Sites(directory: arguments[2], names: Array(arguments[3...]))
        let listener = try TLSListener.listen(on: endpoint)
        print("listening on \(listener.name)")
        while true {
            let connection = try listener.accept(with: sites.fallback, deferring: .clientHello)
            sites.reload()
            connection.answer = { [sites] request in
                guard case .clientHello(let hello) = request else { return try .builtIn(to: request) }
                return .configuration(sites.configuration(for: hello.serverName), applicationProtocol: .automatic)
            }
            do {
                try connection.handshake()
                try connection.write("This is \(connection.negotiated?.serverName ?? "nobody in particular").\n")
            } catch {
                print("\(connection.peerName) \(error)")
            }
            connection.close()
        }
    }
}

/// A configuration for each name. Configurations never change: a renewed certificate is a new one.
struct Sites {
    private let directory: String
    private let names: [String]
    private var configurations: [String: ServerConfiguration]
    let fallback: ServerConfiguration

    init(directory: String, names: [String]) throws {
        self.directory = directory
        self.names = names
        configurations = [:]
        for name in names { configurations[name] = try Self.load(name, from: directory) }
        fallback = try Self.load(names[0], from: directory)
    }

    func configuration(for name: String?) -> ServerConfiguration { name.flatMap { configurations[$0] } ?? fallback }

    /// Takes what is in the files now. A real server does that when it is told to, or once a minute.
    mutating func reload() {
        for name in names {
            do {
                configurations[name] = try Self.load(name, from: directory)
            } catch {
                // Half-written or wrong: what was good before still is.
                print("\(name) is not renewed: \(error)")
            }
        }
    }

    private static func load(_ name: String, from directory: String) throws -> ServerConfiguration {
        let credential = try Credential(
            certificateFile: "\(directory)/\(name).pem",
            keyFile: "\(directory)/\(name).key"
        )
        return try ServerConfiguration(credentials: [credential])
    }
}
