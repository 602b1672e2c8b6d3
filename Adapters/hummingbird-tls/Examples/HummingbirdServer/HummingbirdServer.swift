// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Logging
import NIOCore
import SafeTLSHummingbird

/// Serves HTTP/2 and HTTP/1.1 with Hummingbird, and a certificate that may be renewed while it runs:
/// `HummingbirdServer CERTIFICATE KEY [HOST[:PORT]]`. It ends gracefully with SIGTERM.
@main
enum HummingbirdServer {
    static func main() async throws {
        let files = Array(CommandLine.arguments.dropFirst())
        guard 2...3 ~= files.count, let (host, port) = address(files.count == 3 ? files[2] : "127.0.0.1") else {
            print("usage: HummingbirdServer CERTIFICATE KEY [HOST[:PORT]]")
            return
        }
        let logger = Logger(label: "server")

        let router = Router()
        router.get("/") { _, _ in "Hello!\n" }
        router.post("/echo") { request, _ in Response(status: .ok, body: ResponseBody(asyncSequence: request.body)) }

        let certificate = try ReloadingServerConfiguration(certificateFile: files[0], keyFile: files[1])
        let application = try Application(
            router: router,
            // Clients that keep silent when the server is to end are waited for no longer than that.
            server: .http2Upgrade(
                tlsConfiguration: certificate,
                configuration: HTTP2ChannelConfiguration(gracefulCloseTimeout: .seconds(3))
            ),
            configuration: ApplicationConfiguration(
                address: .hostname(host, port: port)
            ),
            services: [CertificateReload(of: certificate, every: .seconds(1), logger: logger)],
            onServerRunning: { channel in
                print("listening on \(host):\(channel.localAddress?.port ?? 0)")
            },
            logger: logger
        )
        try await application.runService()
    }

    /// What `HOST:PORT`, `HOST` or `:PORT` says, with port 8443 and this machine alone where it says nothing. An IPv6 address stands
    /// in brackets.
    static func address(_ text: String) -> (host: String, port: Int)? {
        let bracket = text.lastIndex(of: "]") ?? text.startIndex
        let colon = text[bracket...].lastIndex(of: ":") ?? text.endIndex
        let port = colon == text.endIndex ? 8_443 : Int(text[text.index(after: colon)...])
        guard let port, 0...65_535 ~= port else { return nil }
        let host = text[..<colon].filter { $0 != "[" && $0 != "]" }
        return (host.isEmpty ? "127.0.0.1" : host, port)
    }
}
