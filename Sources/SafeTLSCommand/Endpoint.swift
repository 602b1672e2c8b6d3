// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// A host and a port: `example.org:443`, `192.0.2.1:443`, `[2001:db8::1]:443`. Without a port, it is 443.
struct Endpoint: ExpressibleByArgument, CustomStringConvertible {
    var host: String
    var port: UInt16

    init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    init?(argument: String) {
        var host = argument[...]
        var port: UInt16 = 443
        if let colon = argument.lastIndex(of: ":"), !argument[colon...].contains("]"),
            argument.first == "[" || argument.firstIndex(of: ":") == colon
        {
            guard let number = UInt16(argument[argument.index(after: colon)...]) else { return nil }
            host = argument[..<colon]
            port = number
        }
        if host.first == "[", host.last == "]" {
            host = host.dropFirst().dropLast()
        }
        guard !host.isEmpty else { return nil }
        self.init(host: String(host), port: port)
    }

    var description: String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}
