// SPDX-License-Identifier: Apache-2.0

import SafeTLS
import SafeTLSNIO
import Synchronization

/// Gives configurations the application protocols of what is served.
final class HTTPProtocolSource: ServerConfigurationSource {
    /// What is spoken behind TLS.
    enum Service {
        /// HTTP/1.1 alone: a protocol that is another one must not be agreed on.
        case http1
        /// What the client chooses of both. A configuration that has protocols keeps them.
        case http2OrHTTP1

        /// The names that may be negotiated (RFC 7301 §6).
        static let http1Names = ["http/1.1", "http/1.0"]

        func protocols(insteadOf own: [String]) -> [String] {
            switch self {
            case .http2OrHTTP1: return own.isEmpty ? ["h2", "http/1.1"] : own
            case .http1:
                let spoken = own.filter { Self.http1Names.contains($0) }
                // An empty list would take any client.
                return spoken.isEmpty && !own.isEmpty ? ["http/1.1"] : spoken
            }
        }
    }

    private let base: any ServerConfigurationSource
    private let service: Service
    /// The last configuration, and what was made of it.
    private let last = Mutex<(base: ServerConfiguration, made: ServerConfiguration)?>(nil)

    init(_ base: any ServerConfigurationSource, for service: Service) {
        self.base = base
        self.service = service
    }

    // What was valid is so with other protocols, unless randomness fails. What is negotiated is checked in any case.
    var current: ServerConfiguration { (try? make()) ?? last.withLock { $0?.made } ?? base.current }

    /// Makes the configuration that counts now.
    func make() throws -> ServerConfiguration {
        let configuration = base.current
        let own = configuration.options.applicationProtocols
        let protocols = service.protocols(insteadOf: own)
        guard protocols != own else { return configuration }
        return try last.withLock { last in
            if let last, last.base === configuration { return last.made }
            var options = configuration.options
            options.applicationProtocols = protocols
            let made = try ServerConfiguration(credentials: configuration.credentials, options: options)
            last = (configuration, made)
            return made
        }
    }
}
