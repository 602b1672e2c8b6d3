// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOPosix
import SafeTLS
import Testing

@Suite("Sessions that programs keep themselves")
struct KeptSessionTests {
    @Test("One in a handler, one in an actor, and NIOAsyncChannels at both ends", arguments: HandshakeTests.versions)
    func handlerAndActor(version: ProtocolVersion) async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let server = try TestCredentials.server()
        let listener = try await ServerBootstrap(group: group).bind(host: "127.0.0.1", port: 0) { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(SessionInHandler(server))
                return try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
            }
        }
        let port = try #require(listener.channel.localAddress?.port)
        let client = try TestCredentials.client { $0.versions = version...version }
        let name = try #require(ServerName("server.example"))
        try await listener.executeThenClose { connections in
            async let answer = {
                let channel = try await ClientBootstrap(group: group).connect(host: "127.0.0.1", port: port) {
                    channel in
                    channel.eventLoop.makeCompletedFuture {
                        try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                    }
                }
                let session = try ClientSession(configuration: client, serverName: name)
                return try await SessionOverChannel(session).ask("hello", count: 5, over: channel)
            }()
            var iterator = connections.makeAsyncIterator()
            let connection = try #require(try await iterator.next())
            try await connection.executeThenClose { input, output in
                for try await data in input { try await output.write(data) }
            }
            #expect(try await answer == "hello")
        }
    }
}
