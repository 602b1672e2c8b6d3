// SPDX-License-Identifier: Apache-2.0

public import Logging
public import NIOCore
public import SafeTLSNIO
public import ServiceLifecycle

/// Makes a server's configuration anew, again and again, as one of the services of a program.
///
/// ```swift
/// let source = try ReloadingServerConfiguration(certificateFile: "server.pem", keyFile: "server.key")
/// let reload = CertificateReload(of: source, every: .hours(1), logger: logger)
/// let application = try Application(router: router, server: .tls(tlsConfiguration: source), services: [reload])
/// ```
public struct CertificateReload: Service, CustomStringConvertible {
    private let source: ReloadingServerConfiguration
    private let interval: TimeAmount
    private let logger: Logger

    /// Creates the service.
    ///
    /// - Parameters:
    ///   - source: What is made anew.
    ///   - interval: The time between.
    ///   - logger: Gets an error whenever it fails; the server goes on with what it has.
    public init(of source: ReloadingServerConfiguration, every interval: TimeAmount, logger: Logger) {
        self.source = source
        self.interval = interval
        self.logger = logger
    }

    /// The service's name in the log.
    public var description: String { "certificate reload" }

    /// Runs until the program shuts down.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            await source.run(every: interval) { error in
                logger.error("The certificate was not reloaded: \(error)")
            }
        }
    }
}
