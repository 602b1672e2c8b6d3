// SPDX-License-Identifier: Apache-2.0
//
// EchoServer CERTIFICATE KEY [HOST:PORT]: sends back what it gets.

import SafeTLS
import SafeTLSSockets

@main
struct EchoServer {
    static func main() async throws {
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

        // Each client has a thread as long as its connection lasts. For thousands of them there is SafeTLSNIO.
        try await withThrowingDiscardingTaskGroup { group in
            while true {
                let connection = try listener.accept(with: configuration)
                group.addTask { serve(connection) }
            }
        }
    }

    static func serve(_ connection: TLSConnection<ServerSession>) {
        do {
            while let data = try connection.read() { try connection.write(data) }
            connection.close()
        } catch {
            print("\(connection.peerName) \(error)")
        }
    }
}
