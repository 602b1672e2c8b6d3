// SPDX-License-Identifier: Apache-2.0
//
// OnePage [HOST:PORT]: the server of the tutorial "Your first server in five minutes".

import SafeTLS
import SafeTLSSockets

let credential = try Credential(certificateFile: "server.pem", keyFile: "server.key")
let configuration = try ServerConfiguration(credentials: [credential])

let address = CommandLine.arguments.dropFirst().first ?? "localhost:8443"
guard let endpoint = Endpoint(address) else {
    fatalError("\(address) is no host with a port")
}
let listener = try TLSListener.listen(on: endpoint)
print("listening on \(listener.name)")

while true {
    let connection = try listener.accept(with: configuration)
    do {
        try answer(connection)
    } catch {
        print("\(connection.peerName): \(error)")
    }
    connection.close()
}

/// Reads a request up to its empty line, and answers with the page.
func answer(_ connection: TLSConnection<ServerSession>) throws {
    var request = ""
    while !request.contains("\r\n\r\n"), request.utf8.count < 16_384 {
        guard let data = try connection.read() else { return }
        request += String(decoding: data, as: UTF8.self)
    }
    guard let facts = connection.negotiated else { return }
    print("\(connection.peerName): \(facts.version) \(facts.cipherSuite)")
    let page = "<!doctype html><h1>Hello over \(facts.version)</h1>\n"
    let head = [
        "HTTP/1.1 200 OK", "Content-Type: text/html",
        "Content-Length: \(page.utf8.count)", "Connection: close", "", "",
    ]
    try connection.write(head.joined(separator: "\r\n") + page)
}
