// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// Receives the secrets of connections for debugging tools such as Wireshark (RFC 9850).
///
/// Whoever reads the lines can read the connections. A session logs only when its configuration carries a key log;
/// no environment variable turns it on.
public protocol KeyLog: Sendable {
    /// Takes one line of the `SSLKEYLOGFILE` format: label, client random and secret, without a newline.
    ///
    /// May be called from any thread.
    func log(_ line: String)
}

/// A key log that appends to a file.
///
/// Each line goes out in one write in append mode, so that several processes can share the file. The file is created
/// with mode 0600. A line that cannot be written is dropped: a full disk must not break connections.
public struct FileKeyLog: KeyLog {
    /// The file written to.
    public let path: String

    /// Creates a key log and checks that the file can be written.
    ///
    /// - Throws: `ConfigurationError` that names the file.
    public init(path: String) throws(ConfigurationError) {
        self.path = path
        do throws(FileError) {
            let nothing: [UInt8] = []
            try FileBytes.append(nothing.span, to: path)
        } catch {
            throw ConfigurationError(file: error.path, reason: "cannot be written as a key log: \(error.reason)")
        }
    }

    /// Appends the line and a newline.
    public func log(_ line: String) {
        let bytes = Array(line.utf8) + [0x0A]
        // A line that cannot be written is dropped, as the type's comment says.
        try? FileBytes.append(bytes.span, to: path)
    }
}

/// The labels of RFC 9850 §2.
enum KeyLogLabel: String {
    case clientEarly = "CLIENT_EARLY_TRAFFIC_SECRET"
    case earlyExporter = "EARLY_EXPORTER_SECRET"
    case clientHandshake = "CLIENT_HANDSHAKE_TRAFFIC_SECRET"
    case serverHandshake = "SERVER_HANDSHAKE_TRAFFIC_SECRET"
    case clientApplication = "CLIENT_TRAFFIC_SECRET_0"
    case serverApplication = "SERVER_TRAFFIC_SECRET_0"
    case exporter = "EXPORTER_SECRET"
    case tls12 = "CLIENT_RANDOM"
}

extension KeyLog {
    func log(_ label: KeyLogLabel, clientRandom: [32 of UInt8], secret: borrowing Secret) {
        var line = label.rawValue
        line.reserveCapacity(line.utf8.count + 2 + 64 + 2 * secret.count)
        line.append(" ")
        line.append(hexadecimal(clientRandom.span))
        line.append(" ")
        line.append(hexadecimal(secret.bytes))
        log(line)
    }

    private func hexadecimal(_ bytes: Span<UInt8>) -> String {
        let digits: [Character] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "a", "b", "c", "d", "e", "f"]
        var text = ""
        for index in bytes.indices {
            text.append(digits[Int(bytes[index] >> 4)])
            text.append(digits[Int(bytes[index] & 15)])
        }
        return text
    }
}
