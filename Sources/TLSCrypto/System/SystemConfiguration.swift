// SPDX-License-Identifier: Apache-2.0

internal import CLibcrypto

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// What the system's administrator says in OpenSSL's configuration of all TLS on the machine: the section that libssl carries
/// out for each of its contexts, by the path `openssl_conf`, `ssl_conf`, `system_default` (config(5)).
///
/// Nothing in this library obeys it by itself: a program that stands in for one with libssl reads it.
public struct SystemConfiguration: Equatable, Sendable {
    /// One command, such as `MinProtocol` with `TLSv1.2` (SSL_CONF_cmd(3)).
    public struct Command: Equatable, Sendable {
        /// The command's name, without the number or word before a dot by which lines are told apart.
        public let name: String
        /// Its argument.
        public let value: String

        /// Makes a command.
        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// The file.
    public let path: String
    /// The commands, in their order; empty when there is no such section.
    public let commands: [Command]

    /// How many commands are read. Administrators write a handful.
    private static let most = 256

    /// Reads a file with all that it includes.
    ///
    /// - Parameter path: The file; nil for the one that OpenSSL uses: that of the variable `OPENSSL_CONF`, or else
    ///   `openssl.cnf` in the directory that it was built with.
    /// - Returns: Nil when there is no such file, which OpenSSL does not mind either.
    /// - Throws: ``FileError`` when it cannot be read, or is no configuration of OpenSSL.
    public static func read(_ path: String? = nil) throws(FileError) -> SystemConfiguration? {
        guard let path = path ?? defaultPath(), !path.isEmpty else { return nil }
        if unsafe access(path, F_OK) != 0 {
            guard errno == ENOENT || errno == ENOTDIR else { throw FileError(path: path, code: errno) }
            return nil
        }
        defer { ErrorQueue.clear() }
        guard let file = unsafe safetls_configuration_load(path) else {
            throw FileError(path: path, reason: "cannot be read as OpenSSL's configuration")
        }
        defer { unsafe safetls_configuration_free(file) }
        guard let start = unsafe safetls_configuration_value(file, "openssl_conf"),
            let contexts = unsafe value(of: "ssl_conf", in: String(cString: start), file),
            let section = unsafe value(of: "system_default", in: contexts, file)
        else { return SystemConfiguration(path: path, commands: []) }
        let commands = unsafe lines(of: section, file).map { line in
            Command(name: line.name.split(separator: ".").last.map(String.init) ?? "", value: line.value)
        }
        return SystemConfiguration(path: path, commands: commands)
    }

    private static func defaultPath() -> String? {
        guard let path = unsafe safetls_configuration_path() else { return nil }
        defer { unsafe safetls_configuration_free_path(path) }
        return unsafe String(cString: path)
    }

    private static func value(of name: String, in section: String, _ file: OpaquePointer) -> String? {
        unsafe lines(of: section, file).last { $0.name == name }?.value
    }

    private static func lines(of section: String, _ file: OpaquePointer) -> [(name: String, value: String)] {
        var lines: [(name: String, value: String)] = []
        var name: UnsafePointer<CChar>?
        var value: UnsafePointer<CChar>?
        while lines.count < most,
            unsafe safetls_configuration_line(file, section, CInt(lines.count), &name, &value)
        {
            lines.append(
                (
                    unsafe name.map { unsafe String(cString: $0) } ?? "",
                    unsafe value.map { unsafe String(cString: $0) } ?? ""
                )
            )
        }
        return lines
    }
}
