// SPDX-License-Identifier: Apache-2.0
//
// HTTPSClient HOST[:PORT] [AUTHORITIES] [PATH]: fetches a page and prints it with its head.

import SafeTLS
import SafeTLSSockets

@main
struct HTTPSClient {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count >= 2, let endpoint = Endpoint(arguments[1]) else {
            print("usage: HTTPSClient HOST[:PORT] [AUTHORITIES] [PATH]")
            return
        }
        var options = ClientOptions()
        options.applicationProtocols = ["http/1.1"]
        let anchors = arguments.count > 2 ? try TrustAnchors(pemFile: arguments[2]) : try TrustAnchors.system()
        let configuration = try ClientConfiguration(trustAnchors: anchors, options: options)
        let path = arguments.count > 3 ? arguments[3] : "/"

        do {
            let connection = try TLSConnection.connect(to: endpoint, with: configuration)
            defer { connection.close() }
            try connection.write("GET \(path) HTTP/1.1\r\nHost: \(endpoint)\r\nConnection: close\r\n\r\n")
            while let data = try connection.read() { print(String(decoding: data, as: UTF8.self), terminator: "") }
        } catch {
            print("\(endpoint): \(error)")
        }
    }
}
