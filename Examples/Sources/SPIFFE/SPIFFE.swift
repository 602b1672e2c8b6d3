// SPDX-License-Identifier: Apache-2.0
//
// SPIFFE serve HOST:PORT CERTIFICATE KEY BUNDLE ID [COUNT]
// SPIFFE connect HOST:PORT CERTIFICATE KEY BUNDLE ID
//
// Workloads that know each other by a URI, spiffe://trust-domain/path, in place of a DNS name. BUNDLE has the authorities of the
// trust domain, and ID is the peer's.

import SafeTLS
import SafeTLSSockets

@main
struct SPIFFE {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count >= 7, let endpoint = Endpoint(arguments[2]) else {
            print("usage: SPIFFE serve|connect HOST:PORT CERTIFICATE KEY BUNDLE ID [COUNT]")
            return
        }
        let credential = try Credential(certificateFile: arguments[3], keyFile: arguments[4])
        let bundle = try TrustAnchors(pemFile: arguments[5])
        if arguments[1] == "serve" {
            try serve(
                endpoint,
                credential,
                bundle,
                arguments[6],
                count: arguments.count > 7 ? Int(arguments[7]) ?? 1 : .max
            )
        } else {
            try connect(endpoint, credential, bundle, arguments[6])
        }
    }

    /// Whether a certificate that was verified is that of a workload: it has one URI, and that is the workload's. One that is no
    /// text counts, too.
    static func isWorkload(_ certificate: Certificate?, _ id: String) -> Bool {
        guard let certificate, certificate.matches(uniformResourceIdentifier: id) else { return false }
        let uris = certificate.alternativeNames.filter { name in
            if case .other(tag: 6, _) = name { true } else { false }
        }
        return uris.count == 1
    }

    static func connect(_ endpoint: Endpoint, _ credential: Credential, _ bundle: TrustAnchors, _ id: String) throws {
        var options = ClientOptions()
        options.credentials = [credential]
        let verifier = CertificateVerifier(trustAnchors: bundle, purpose: .serverAuthentication)
        let configuration = try ClientConfiguration(
            judge: { request in
                do throws(CertificateRejection) {
                    let path = try verifier.verify(request.certificateChain, serverName: nil, at: request.time)
                    guard isWorkload(path.first, id) else {
                        return .rejected(
                            .init(certificate: "\(path[0])", depth: 0, reason: .applicationRule("is not \(id)"))
                        )
                    }
                    return .accepted(path: path)
                } catch {
                    return .rejected(error)
                }
            },
            options: options
        )
        let session = try ClientSession(unnamedServerOf: configuration)
        let connection = try TLSConnection(session, over: Socket.connect(to: endpoint))
        do {
            while let data = try connection.read() { print(String(decoding: data, as: UTF8.self), terminator: "") }
        } catch {
            print("\(endpoint): \(error)")
        }
        connection.close()
    }

    static func serve(
        _ endpoint: Endpoint,
        _ credential: Credential,
        _ bundle: TrustAnchors,
        _ id: String,
        count: Int
    ) throws {
        var options = ServerOptions()
        options.clientAuthentication = ClientAuthentication(.required, trustAnchors: bundle)
        let configuration = try ServerConfiguration(credentials: [credential], options: options)
        let listener = try TLSListener.listen(on: endpoint)
        print("listening on \(listener.name)")
        for _ in 0..<count {
            let connection = try listener.accept(with: configuration)
            do {
                try connection.handshake()
                // The chain was verified in the handshake; whose it is says the URI.
                if isWorkload(connection.verifiedPath.first, id) {
                    try connection.write("Hello, \(id)!\n")
                } else {
                    try connection.withSession { $0.reject(.accessDenied, reason: "the client is not \(id)") }
                }
            } catch {
                print("\(connection.peerName) \(error)")
            }
            connection.close()
        }
    }
}
