// SPDX-License-Identifier: Apache-2.0

/// The ClientHello that is being answered, and how this server answers: what every step of the answer looks at.
struct ReceivedClientHello: ~Copyable, ~Escapable {
    let context: ServerContext
    /// The message as it came, header included.
    let message: Span<UInt8>
    let hello: ClientHello

    @_lifetime(copy message)
    init(_ message: Span<UInt8>, _ context: ServerContext) throws(TLSError) {
        do throws(DecodeError) {
            hello = try ClientHello(message.extracting(droppingFirst: HandshakeMessage.headerLength))
        } catch {
            throw TLSError(error, in: .clientHello)
        }
        self.message = message
        self.context = context
    }

    var options: ServerOptions {
        _read { yield context.configuration.options }
    }

    var clientRandom: [32 of UInt8] {
        var random: [32 of UInt8] = .init(repeating: 0)
        for index in 0..<32 { random[index] = hello.random[index] }
        return random
    }
}
