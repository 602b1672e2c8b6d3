// SPDX-License-Identifier: Apache-2.0

import Foundation
import TLSCrypto
import Testing

/// What libssl would carry out for each of its contexts.
@Suite struct SystemConfigurationTests {
    private func read(_ text: String, including included: String = "") throws -> SystemConfiguration? {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let files = ["main.cnf": text, "included.cnf": included]
        for (name, content) in files { try Data(content.utf8).write(to: directory.appendingPathComponent(name)) }
        let path = directory.appendingPathComponent("main.cnf").path
        try Data(text.replacingOccurrences(of: "DIRECTORY", with: directory.path).utf8).write(
            to: URL(fileURLWithPath: path)
        )
        return try SystemConfiguration.read(path)
    }

    private static let beginning =
        "openssl_conf = start\n[start]\nssl_conf = contexts\n[contexts]\nsystem_default = policy\n"

    @Test func commandsInTheirOrder() throws {
        let found = try read(
            Self.beginning
                + "[policy]\nTLS.MinProtocol = TLSv1.2\n1.Groups = X25519\n.include = DIRECTORY/included.cnf\n",
            including: "CipherString = @SECLEVEL=2:kEECDH\n"
        )
        let expected = [("MinProtocol", "TLSv1.2"), ("Groups", "X25519"), ("CipherString", "@SECLEVEL=2:kEECDH")]
            .map { SystemConfiguration.Command(name: $0.0, value: $0.1) }
        #expect(found?.commands == expected)
    }

    @Test(arguments: [
        "", "openssl_conf = start\n", "[start]\nssl_conf = contexts\n", "openssl_conf = start\n[start]\nx = y\n",
    ])
    func nothingIsSaid(text: String) throws {
        #expect(try read(text)?.commands == [])
    }

    @Test func missingFiles() throws {
        #expect(try SystemConfiguration.read("/nowhere/openssl.cnf") == nil)
        #expect(try SystemConfiguration.read("") == nil)
    }

    @Test func brokenFiles() {
        #expect(throws: FileError.self) { try read("[policy\n") }
    }
}
