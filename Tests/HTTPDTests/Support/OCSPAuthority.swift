// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// A certificate authority with an OCSP responder, on a port of its own, that can be started and stopped.
final class OCSPAuthority {
    enum Status: String {
        case good, revoked, unknown
    }

    let port: Int
    let directory: URL
    private var responder: ChildProcess?

    /// A certificate of the authority.
    struct Identity {
        /// The certificate, and the authority's behind it.
        let chain: String
        let key: String
    }

    var authority: String { directory.path + "/ca.pem" }

    init() throws {
        port = try LoopbackPort.free()
        directory = try TemporaryDirectory.make("ocsp")
        let script = """
            set -eu
            openssl ecparam -name prime256v1 -genkey -noout -out ca.key
            openssl req -x509 -new -key ca.key -subj /CN=ca -days 30 -out ca.pem \
                -addext keyUsage=critical,keyCertSign,cRLSign,digitalSignature
            """
        _ = try run(script)
    }

    deinit { stop() }

    private func run(_ script: String) throws -> ChildProcess.Outcome {
        try ChildProcess.check("/bin/sh", ["-c", "cd '\(directory.path)'\n\(script)"])
    }

    /// Makes a certificate.
    ///
    /// - Parameters:
    ///   - serial: Its serial number, two hexadecimal digits.
    ///   - purpose: `serverAuth` or `clientAuth`.
    ///   - namesResponder: Whether it says where the responder is.
    ///   - other: An address of a responder that it says before.
    func issue(
        _ name: String,
        serial: String,
        purpose: String,
        namesResponder: Bool = true,
        behind other: String? = nil
    ) throws -> Identity {
        let addresses = [other, namesResponder ? "http://127.0.0.1:\(port)/" : nil].compactMap {
            $0.map { "OCSP;URI:\($0)" }
        }
        let place = addresses.isEmpty ? "" : "authorityInfoAccess=\(addresses.joined(separator: ","))\\n"
        let script = """
            set -eu
            openssl ecparam -name prime256v1 -genkey -noout -out \(name).key
            openssl req -new -key \(name).key -subj /CN=\(name) -out \(name).csr
            printf 'keyUsage=digitalSignature\\nextendedKeyUsage=\(purpose)\\nsubjectAltName=DNS:\(name)\\n\(place)' > \(name).ext
            openssl x509 -req -in \(name).csr -CA ca.pem -CAkey ca.key -set_serial 0x\(serial) -days 30 \
                -extfile \(name).ext -out \(name).crt
            cat \(name).crt ca.pem > \(name).pem
            """
        _ = try run(script)
        return Identity(chain: "\(directory.path)/\(name).pem", key: "\(directory.path)/\(name).key")
    }

    /// Starts the responder: what it says of which serial number.
    func start(_ statuses: [String: Status], arguments: [String] = ["-ndays", "2"]) throws {
        stop()
        let lines = statuses.compactMap { serial, status -> String? in
            switch status {
            case .good: "V\t991231235959Z\t\t\(serial)\tunknown\t/CN=\(serial)\n"
            case .revoked: "R\t991231235959Z\t260101000000Z,keyCompromise\t\(serial)\tunknown\t/CN=\(serial)\n"
            case .unknown: nil
            }
        }
        try Data(lines.joined().utf8).write(to: directory.appendingPathComponent("index.txt"))
        let started = try ChildProcess(
            "openssl",
            [
                "ocsp", "-port", "\(port)", "-index", "index.txt", "-CA", "ca.pem", "-rsigner", "ca.pem", "-rkey",
                "ca.key",
            ] + arguments,
            in: directory
        )
        responder = started
        try LoopbackPort.wait(for: port, by: started)
    }

    func stop() {
        responder?.terminate()
        responder = nil
    }
}
