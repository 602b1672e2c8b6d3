// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTP2
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NIOHTTPTypesHTTP2
import NIOPosix
import SafeTLS
import SafeTLSNIO

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// A request comes in parts, and so goes the answer: the same for both versions of HTTP.
typealias Exchange = NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>

/// Serves HTTP/2 and HTTP/1.1 with swift-nio alone: `HTTP2Server CERTIFICATE KEY [HOST[:PORT] [IDLE-SECONDS]]`.
@main
enum HTTP2Server {
    static func main() async throws {
        let files = Array(CommandLine.arguments.dropFirst())
        guard 2...4 ~= files.count, let (host, port) = address(files.count > 2 ? files[2] : "127.0.0.1"),
            let seconds = files.count > 3 ? Int64(files[3]) : 60, 1...86_400 ~= seconds
        else {
            print("usage: HTTP2Server CERTIFICATE KEY [HOST[:PORT] [IDLE-SECONDS]]")
            return
        }
        let idleTimeout = TimeAmount.seconds(seconds)

        var options = ServerOptions()
        options.applicationProtocols = NIOHTTP2SupportedALPNProtocols
        let credential = try Credential(certificateFile: files[0], keyFile: files[1])
        let configuration = try ServerConfiguration(credentials: [credential], options: options)

        let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            // What the system has for a client and cannot send yet, in bytes. With more there, writes to clients that read slowly
            // would all be complete, or none for a long time: nobody could tell who is idle.
            .childChannelOption(.tcpOption(.init(rawValue: TCP_NOTSENT_LOWAT)), value: 65_536)
            .bind(host: host, port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addTLS(server: configuration)
                }
                // What ALPN said is known when the handshake is complete.
                .flatMap {
                    channel.configureHTTP2AsyncSecureUpgrade(
                        http1ConnectionInitializer: { setUpHTTP1($0, idleTimeout) },
                        http2ConnectionInitializer: { setUpHTTP2($0, idleTimeout) }
                    )
                }
            }
        print("listening on \(host):\(listener.channel.localAddress?.port ?? 0)")
        try await listener.executeThenClose { connections in
            try await withThrowingDiscardingTaskGroup { tasks in
                for try await connection in connections {
                    tasks.addTask {
                        // A client that fails ends its own connection, and no other.
                        try? await serve(try await connection.get())
                    }
                }
            }
        }
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

    static func setUpHTTP1(_ channel: any Channel, _ idleTimeout: TimeAmount) -> EventLoopFuture<Exchange> {
        channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            try IdleConnectionCloser.add(to: pipeline, after: idleTimeout)
            try pipeline.configureHTTPServerPipeline()
            try pipeline.addHandler(HTTP1ConnectionCloser())
            try pipeline.addHandler(HTTP1ToHTTPServerCodec(secure: true))
            return try Exchange(wrappingChannelSynchronously: channel)
        }
    }

    static func setUpHTTP2(
        _ channel: any Channel,
        _ idleTimeout: TimeAmount
    ) -> EventLoopFuture<NIOHTTP2Handler.AsyncStreamMultiplexer<Exchange>> {
        channel.eventLoop.makeCompletedFuture {
            let closer = HTTP2ErrorCloser()
            let pipeline = channel.pipeline.syncOperations
            try IdleConnectionCloser.add(to: pipeline, after: idleTimeout)
            let streams = try pipeline.configureAsyncHTTP2Pipeline(
                mode: .server,
                streamDelegate: nil,
                frameDelegate: closer,
                streamInitializer: setUpStream
            )
            try pipeline.addHandler(closer)
            return streams
        }
    }

    static func setUpStream(_ stream: any Channel) -> EventLoopFuture<Exchange> {
        stream.eventLoop.makeCompletedFuture {
            try stream.pipeline.syncOperations.addHandler(HTTP2FramePayloadToHTTPServerCodec())
            return try Exchange(wrappingChannelSynchronously: stream)
        }
    }

    static func serve(
        _ connection: NIONegotiatedHTTPVersion<Exchange, NIOHTTP2Handler.AsyncStreamMultiplexer<Exchange>>
    ) async throws {
        switch connection {
        case .http1_1(let exchanges): try await answer(exchanges, "HTTP/1.1")
        case .http2(let streams):
            try await withThrowingDiscardingTaskGroup { tasks in
                for try await stream in streams.inbound {
                    tasks.addTask { try? await answer(stream, "HTTP/2") }
                }
            }
        }
    }

    /// Answers each request with a greeting, or with what was posted.
    static func answer(_ exchange: Exchange, _ version: String) async throws {
        try await exchange.executeThenClose { parts, output in
            var isPost = false
            for try await part in parts {
                switch part {
                case .head(let request):
                    isPost = request.method == .post
                    try await output.write(.head(HTTPResponse(status: .ok, headerFields: [.contentType: "text/plain"])))
                case .body(let data): if isPost { try await output.write(.body(data)) }
                case .end:
                    if !isPost { try await output.write(.body(ByteBuffer(string: "Hello over \(version)!\n"))) }
                    try await output.write(.end(nil))
                }
            }
        }
    }
}
