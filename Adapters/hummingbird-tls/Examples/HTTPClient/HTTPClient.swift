// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTP2
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NIOHTTPTypesHTTP2
import NIOPosix
import NIOTLS
import SafeTLS
import SafeTLSNIO

/// The parts of an answer come in, those of requests go out: the same for both versions of HTTP.
typealias Exchange = NIOAsyncChannel<HTTPResponsePart, HTTPRequestPart>
typealias Negotiation = NIOTypedApplicationProtocolNegotiationHandler<
    NIONegotiatedHTTPVersion<Exchange, NIOHTTP2Handler.AsyncStreamMultiplexer<Void>>
>

/// Fetches a page with HTTP/2, or HTTP/1.1 where the server has no other: `HTTPClient HOST:PORT PATH [CA-FILE [PROTOCOL]]`.
@main
enum HTTPClient {
    static func main() async throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        guard arguments.count >= 2, let colon = arguments[0].lastIndex(of: ":"),
            let port = Int(arguments[0][arguments[0].index(after: colon)...]), 0...65_535 ~= port
        else {
            print("usage: HTTPClient HOST:PORT PATH [CA-FILE [h2|http/1.1]]")
            return
        }
        let host = String(arguments[0][..<colon])
        var options = ClientOptions()
        options.applicationProtocols = arguments.count > 3 ? [arguments[3]] : NIOHTTP2SupportedALPNProtocols
        let anchors = try arguments.count > 2 ? TrustAnchors(pemFile: arguments[2]) : .system()
        do {
            try await fetch(arguments[1], host, port, ClientConfiguration(trustAnchors: anchors, options: options))
        } catch {
            print("\(arguments[0]): \(error)")
        }
    }

    /// Connects, and asks as the server wants to be asked.
    static func fetch(_ path: String, _ host: String, _ port: Int, _ configuration: ClientConfiguration) async throws {
        let (channel, info, negotiated) = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .connectTLS(host: host, port: port, configuration) { channel in
                let negotiation = Negotiation(alpnCompleteHandler: setUp)
                try channel.pipeline.syncOperations.addHandler(negotiation)
                return (channel, channel.tlsConnectionInfo(), negotiation.protocolNegotiationResult)
            }
        // Says what is wrong when the handshake fails, which the other does not.
        let tls = try await info.get().negotiated
        let request = HTTPRequest(method: .get, scheme: "https", authority: "\(host):\(port)", path: path)
        switch try await negotiated.get() {
        case .http1_1(let exchange):
            print("HTTP/1.1 over \(tls.version.name)")
            try await ask(request, exchange)
        case .http2(let streams):
            print("HTTP/2 over \(tls.version.name)")
            // Each request has a stream of its own: more of them may go beside this one.
            try await ask(request, try await streams.openStream(setUpStream))
            try await channel.close()
        }
    }

    /// Speaks what the server has chosen.
    static func setUp(
        _ result: ALPNResult,
        _ channel: any Channel
    ) -> EventLoopFuture<NIONegotiatedHTTPVersion<Exchange, NIOHTTP2Handler.AsyncStreamMultiplexer<Void>>> {
        channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            if case .negotiated("h2") = result {
                let streams = try pipeline.configureAsyncHTTP2Pipeline(mode: .client) { stream in stream.close() }
                // NIOHTTP2Handler only says what has failed, and goes on gathering what comes. There is one request to lose.
                try pipeline.addHandler(NIOCloseOnErrorHandler())
                return .http2(streams)
            }
            try pipeline.addHTTPClientHandlers()
            try pipeline.addHandler(HTTP1ToHTTPClientCodec())
            return .http1_1(try Exchange(wrappingChannelSynchronously: channel))
        }
    }

    static func setUpStream(_ stream: any Channel) -> EventLoopFuture<Exchange> {
        stream.eventLoop.makeCompletedFuture {
            try stream.pipeline.syncOperations.addHandler(HTTP2FramePayloadToHTTPClientCodec())
            return try Exchange(wrappingChannelSynchronously: stream)
        }
    }

    static func ask(_ request: HTTPRequest, _ exchange: Exchange) async throws {
        try await exchange.executeThenClose { parts, output in
            try await output.write(.head(request))
            try await output.write(.end(nil))
            for try await part in parts {
                switch part {
                case .head(let response): print(response.status.code)
                case .body(let data): print(String(buffer: data), terminator: "")
                case .end: return
                }
            }
            // The connection has ended before the answer did.
            throw ChannelError.eof
        }
    }
}
