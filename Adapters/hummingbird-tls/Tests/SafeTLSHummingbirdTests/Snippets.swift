// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import SafeTLSHummingbird

/// What README.md shows, so that it compiles.
enum Snippets {
    static func swap(_ router: Router<BasicRequestContext>) throws -> any ApplicationProtocol {
        let credential = try Credential(certificateFile: "server.pem", keyFile: "server.key")
        let tls = try ServerConfiguration(credentials: [credential])
        let application = try Application(router: router, server: .http2Upgrade(tlsConfiguration: tls))
        return application
    }
}
