// SPDX-License-Identifier: Apache-2.0

import NIOCore
import SafeTLS
import SafeTLSSockets

/// A client of blocking sockets. It sends everything before it reads, as far as neither side's buffers are full.
enum SocketsClient {
    static func run(
        _ plan: Plan,
        _ port: Int,
        _ configuration: ClientConfiguration,
        _ name: ServerName?
    ) throws -> Outcome {
        guard let name else { return Outcome(isComplete: false, failure: "no name") }
        let session = try ClientSession(configuration: configuration, serverName: name)
        let socket = try Socket.connect(to: Endpoint(host: "127.0.0.1", port: UInt16(port)))
        let connection = try TLSConnection(session, over: socket)
        var head = ByteBuffer()
        head.write(plan.request)
        try connection.write(Array(head.readableBytesView))
        var payload = plan.request.uploaded
        while !payload.isComplete {
            try connection.write(Array(payload.next(10_000, ByteBufferAllocator()).readableBytesView))
        }
        var incoming = plan.request.downloaded
        while !incoming.isComplete, let data = try connection.read() {
            guard incoming.isNext(data) else {
                return Outcome(isComplete: false, failure: "other bytes than were sent")
            }
        }
        connection.close()
        return Outcome(isComplete: incoming.isComplete, failure: nil)
    }
}
