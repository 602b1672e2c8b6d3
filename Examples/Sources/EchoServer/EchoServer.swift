// SPDX-License-Identifier: Apache-2.0
//
// EchoServer CERTIFICATE KEY [HOST:PORT]: sends back what it gets.

import Foundation
import SafeTLS
import SafeTLSSockets

@main
struct EchoServer {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count >= 3, let endpoint = Endpoint(arguments.count > 3 ? arguments[3] : "127.0.0.1:4433")
        else {
            print("usage: EchoServer CERTIFICATE KEY [HOST:PORT]")
            return
        }
        let credential = try Credential(certificateFile: arguments[1], keyFile: arguments[2])
        let configuration = try ServerConfiguration(credentials: [credential])
        let listener = try TLSListener.listen(on: endpoint)
        print("listening on \(listener.name)")

        // Each thread serves one client after the other: so many are served at once, and more wait. Calls that wait have no place
        // on the few threads of tasks. For thousands of clients there is SafeTLSNIO.
        for _ in 1..<threadCount { Thread.detachNewThread { serve(listener, configuration) } }
        serve(listener, configuration)
    }

    private static let threadCount = 64

    static func serve(_ listener: borrowing TLSListener, _ configuration: ServerConfiguration) {
        while true {
            do {
                let connection = try listener.accept(with: configuration)
                echo(connection)
                connection.close()
            } catch {
                // Of the listener itself: there will be no more.
                print("\(error)")
                return
            }
        }
    }

    private static func echo(_ connection: TLSConnection<ServerSession>) {
        do {
            while let data = try connection.read() { try connection.write(data) }
        } catch {
            print("\(connection.peerName) \(error)")
        }
    }
}
