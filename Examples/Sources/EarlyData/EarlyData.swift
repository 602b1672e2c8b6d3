// SPDX-License-Identifier: Apache-2.0
//
// EarlyData serve HOST:PORT CERTIFICATE KEY [COUNT]
// EarlyData connect HOST:PORT AUTHORITIES
//
// A question that may be asked twice travels with the first message of a resumed connection (0-RTT).

import SafeTLS
import SafeTLSSockets

@main
struct EarlyData {
    static func main() throws {
        let arguments = CommandLine.arguments
        if arguments.count >= 5, arguments[1] == "serve", let endpoint = Endpoint(arguments[2]) {
            let credential = try Credential(certificateFile: arguments[3], keyFile: arguments[4])
            try serve(endpoint, credential, count: arguments.count > 5 ? Int(arguments[5]) ?? 1 : .max)
        } else if arguments.count >= 4, arguments[1] == "connect", let endpoint = Endpoint(arguments[2]) {
            try connect(endpoint, TrustAnchors(pemFile: arguments[3]))
        } else {
            print("usage: EarlyData serve HOST:PORT CERTIFICATE KEY [COUNT] | connect HOST:PORT AUTHORITIES")
        }
    }

    static func serve(_ endpoint: Endpoint, _ credential: Credential, count: Int) throws {
        var options = ServerOptions()
        // No ticket is older than this process, so that the register has seen every ClientHello there was.
        options.earlyData = EarlyDataOptions(replayProtection: StrikeRegister(start: 0))
        let configuration = try ServerConfiguration(credentials: [credential], options: options)
        let listener = try TLSListener.listen(on: endpoint)
        print("listening on \(listener.name)")
        for _ in 0..<count {
            let connection = try listener.accept(with: configuration)
            do {
                while let question = try connection.read() { try connection.write("You asked: ".utf8 + question) }
            } catch {
                print("\(connection.peerName) \(error)")
            }
            connection.close()
        }
    }

    static func connect(_ endpoint: Endpoint, _ authorities: TrustAnchors) throws {
        var options = ClientOptions()
        options.offersEarlyData = true
        let configuration = try ClientConfiguration(trustAnchors: authorities, options: options)
        // The first connection has no session to resume: what it sends waits for the handshake.
        for _ in 0..<2 {
            let question = Array("what time is it?".utf8)
            let connection = try TLSConnection.connect(to: endpoint, with: configuration)
            let sent = try connection.writeEarly(question)
            try connection.handshake()
            let isTaken = connection.earlyData == .accepted
            print("\(sent) bytes were sent early, and \(isTaken ? "taken" : "not taken")")
            try connection.write(Array(question[(isTaken ? sent : 0)...]))
            print(String(decoding: try connection.read() ?? [], as: UTF8.self))
            connection.close()
        }
    }
}

extension String.UTF8View {
    static func + (text: String.UTF8View, bytes: [UInt8]) -> [UInt8] { Array(text) + bytes }
}
