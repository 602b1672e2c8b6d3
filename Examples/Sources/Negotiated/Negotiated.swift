// SPDX-License-Identifier: Apache-2.0
//
// Negotiated HOST[:PORT] [AUTHORITIES]: what would a connection to this server be like, and does anything speak against it?

import SafeTLS
import SafeTLSSockets

@main
struct Negotiated {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count >= 2, let endpoint = Endpoint(arguments[1]) else {
            print("usage: Negotiated HOST[:PORT] [AUTHORITIES]")
            return
        }
        var options = ClientOptions()
        options.applicationProtocols = ["h2", "http/1.1"]
        let anchors = arguments.count > 2 ? try TrustAnchors(pemFile: arguments[2]) : try TrustAnchors.system()
        let configuration = try ClientConfiguration(trustAnchors: anchors, options: options)

        let connection = try TLSConnection.connect(to: endpoint, with: configuration, deferring: .verification)
        // The verdict stays that of the library: this only looks at it.
        connection.answer = { request in
            guard case .verifyPeer(let request) = request else { return try .builtIn(to: request) }
            for certificate in request.certificateChain {
                print("certificate  \(certificate.subject), issued by \(certificate.issuer)")
            }
            let verdict = request.verdict()
            switch verdict {
            case .accepted(let path): print("verdict      trusted, by way of \(path.count) certificates")
            case .rejected(let rejection): print("verdict      \(rejection)")
            }
            return .verification(verdict)
        }
        do {
            try connection.handshake()
        } catch {
            print("failed       \(error)")
        }
        guard let negotiated = connection.negotiated else { return }
        print("version      \(negotiated.version.name)")
        print("suite        \(negotiated.cipherSuite.ianaName)")
        let group = negotiated.group.map { $0.isPostQuantum ? "\($0.name), post-quantum" : $0.name }
        print("group        \(group ?? "none")")
        print("signature    \(negotiated.signatureScheme?.name ?? "none")")
        print("protocol     \(negotiated.applicationProtocol ?? "none")")
        connection.close()
    }
}
