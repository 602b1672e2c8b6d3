// SPDX-License-Identifier: Apache-2.0

import HummingbirdCore
import NIOCore
import NIOPosix
import SafeTLS
import SafeTLSNIO
import Testing

@testable import SafeTLSHummingbird

/// A frame of HTTP/2 (RFC 9113 §4.1).
struct Frame {
    static let data: UInt8 = 0
    static let headers: UInt8 = 1
    static let reset: UInt8 = 3
    static let goAway: UInt8 = 7
    static let endStream: UInt8 = 1
    static let endHeaders: UInt8 = 4

    var type: UInt8
    var flags: UInt8 = 0
    var stream: UInt8
    var payload: [UInt8]

    var bytes: ByteBuffer {
        var buffer = ByteBuffer(bytes: [0, UInt8(payload.count >> 8), UInt8(payload.count & 255), type, flags, 0, 0, 0])
        buffer.writeBytes([stream] + payload)
        return buffer
    }

    /// A field that stands in no table, in the words of HPACK.
    static func field(_ name: String, _ value: String) -> [UInt8] {
        [0, UInt8(name.utf8.count)] + name.utf8 + [UInt8(value.utf8.count)] + value.utf8
    }

    static func request(_ method: String, _ path: String) -> [UInt8] {
        field(":method", method) + field(":scheme", "https") + field(":path", path)
            + field(":authority", "server.example")
    }

    /// The frames that are complete.
    static func all(_ bytes: [UInt8]) -> [Frame] {
        var frames: [Frame] = []
        var rest = bytes[...]
        while rest.count >= 9 {
            let header = Array(rest.prefix(9))
            let length = Int(header[0]) << 16 | Int(header[1]) << 8 | Int(header[2])
            guard rest.count >= 9 + length else { break }
            frames.append(
                Frame(
                    type: header[3],
                    flags: header[4],
                    stream: header[8],
                    payload: Array(rest.dropFirst(9).prefix(length))
                )
            )
            rest = rest.dropFirst(9 + length)
        }
        return frames
    }
}

// What is held for ever is what most of these would find.
@Suite("HTTP/2", .timeLimit(.minutes(10)))
struct HTTP2Tests {
    static func server(
        _ configuration: HTTP2ChannelConfiguration = HTTP2ChannelConfiguration(),
        closeTimeout: TimeAmount = .seconds(5)
    ) throws -> HTTPServerBuilder {
        var options = ServerHandlerOptions()
        options.closeTimeout = closeTimeout
        return try .http2Upgrade(
            tlsConfiguration: TestConfiguration.server(),
            configuration: configuration,
            options: options
        )
    }

    @Test("A client that does not begin as HTTP/2 does is told so, and let go")
    func preface() async throws {
        try await TestServer.run(Self.server()) { server in
            let answer = try await server.connect(["h2"]).exchange(HummingbirdTests.request + HummingbirdTests.request)
            #expect(Frame.all(Array(answer.utf8)).contains { $0.type == Frame.goAway })
        }
    }

    @Test("The error of a stream ends that stream, and no other of the connection")
    func streamError() async throws {
        try await TestServer.run(Self.server()) { server in
            let connection = try await server.connect(["h2"])
            try await connection.executeThenClose { input, output in
                try await output.write(ByteBuffer(string: HummingbirdTests.preface))
                let post = Frame.request("POST", "/echo")
                // Names in upper case are malformed (RFC 9113 §8.2.1).
                let malformed = Frame.request("GET", "/") + Frame.field("X-Upper", "1")
                let ends = Frame.endHeaders | Frame.endStream
                for frame in [
                    Frame(type: Frame.headers, flags: Frame.endHeaders, stream: 1, payload: post),
                    Frame(type: Frame.data, stream: 1, payload: Array("first ".utf8)),
                    Frame(type: Frame.headers, flags: ends, stream: 3, payload: malformed),
                ] {
                    try await output.write(frame.bytes)
                }
                var received: [UInt8] = []
                var isReset = false
                for try await part in input {
                    received += part.readableBytesView
                    let frames = Frame.all(received)
                    if !isReset, frames.contains(where: { $0.type == Frame.reset && $0.stream == 3 }) {
                        isReset = true
                        let rest = Frame(
                            type: Frame.data,
                            flags: Frame.endStream,
                            stream: 1,
                            payload: Array("second".utf8)
                        )
                        try await output.write(rest.bytes)
                    }
                    let ended = frames.contains { $0.stream == 1 && $0.flags & Frame.endStream != 0 }
                    if isReset && ended { break }
                }
                let body = Frame.all(received).filter { $0.type == Frame.data && $0.stream == 1 }.flatMap(\.payload)
                #expect(isReset)
                #expect(String(decoding: body, as: UTF8.self) == "first second")
            }
        }
    }

    @Test("A client that never asks for anything is let go, though it does not answer", arguments: [true, false])
    func idle(isOld: Bool) async throws {
        let time = Duration.milliseconds(50)
        var configuration = HTTP2ChannelConfiguration(gracefulCloseTimeout: time)
        if isOld { configuration.maxAgeTimeout = time } else { configuration.idleTimeout = time }
        try await TestServer.run(Self.server(configuration)) { server in
            // GOAWAY and PING come, of which this client takes no notice. A busy machine may keep it from saying anything in time.
            let answer = try await server.connect(["h2"]).exchange(HummingbirdTests.preface, mayBeClosed: true)
            let frames = Frame.all(Array(answer.utf8))
            #expect(frames.contains { $0.type == Frame.goAway })
        }
    }

    @Test("A client of HTTP/1.1 is let go as well", arguments: [true, false])
    func idleHTTP1(isOld: Bool) async throws {
        let time = Duration.milliseconds(50)
        var configuration = HTTP2ChannelConfiguration()
        if isOld { configuration.maxAgeTimeout = time } else { configuration.idleTimeout = time }
        try await TestServer.run(Self.server(configuration)) { server in
            let answer = try await server.connect(["http/1.1"]).exchange("", mayBeClosed: true)
            #expect(answer.isEmpty)
            // Half a request is no reason to wait for ever.
            guard !isOld else { return }
            _ = try await server.connect(["http/1.1"]).exchange(HummingbirdTests.halfRequest, mayBeClosed: true)
        }
    }
}
