// SPDX-License-Identifier: Apache-2.0

internal import TLSCrypto

/// What the system's administrator says of all TLS on the machine, in the places where OpenSSL looks.
///
/// Sessions do not obey it by themselves: it is for programs that stand in for one with libssl, whose administrators expect it.
public struct SystemPolicy: Equatable, Sendable {
    /// One command, such as `MinProtocol` with `TLSv1.2` (SSL_CONF_cmd(3)).
    public struct Command: Equatable, Sendable {
        /// The command's name.
        public let name: String
        /// Its argument.
        public let value: String
    }

    /// The file.
    public let path: String
    /// The commands of the section that libssl carries out for each of its contexts (`openssl_conf`, `ssl_conf`,
    /// `system_default`; config(5)), in their order; empty without one.
    public let commands: [Command]

    /// Reads OpenSSL's configuration: the file of the variable `OPENSSL_CONF`, or else `openssl.cnf` in the directory that
    /// libcrypto was built with.
    ///
    /// - Returns: Nil when there is no such file, which OpenSSL does not mind either.
    /// - Throws: `ConfigurationError` when it cannot be read, or is no configuration of OpenSSL.
    public static func read() throws(ConfigurationError) -> SystemPolicy? {
        do throws(FileError) {
            return try SystemConfiguration.read().map { found in
                SystemPolicy(
                    path: found.path,
                    commands: found.commands.map { Command(name: $0.name, value: $0.value) }
                )
            }
        } catch {
            throw ConfigurationError(file: error.path, reason: error.reason)
        }
    }

    /// The cipher suites that `PROFILE=SYSTEM` stands for in OpenSSL's lists, where the tool crypto-policies has left a list of
    /// them; nil elsewhere.
    public static var cipherSuiteProfile: String? {
        // Longer ones are no list.
        guard let bytes = try? FileBytes.read("/etc/crypto-policies/back-ends/openssl.config", limit: 65_536) else {
            return nil
        }
        return String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).map(String.init)
            .first { !$0.hasPrefix("#") && !$0.allSatisfy(\.isWhitespace) }
    }
}
