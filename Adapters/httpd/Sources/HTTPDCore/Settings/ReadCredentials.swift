// SPDX-License-Identifier: Apache-2.0
import SafeTLS
import Synchronization

/// Certificates and keys that were read while a configuration is checked: where a thousand hosts name the same files, these are
/// read and tried once.
public enum ReadCredentials {
    private static let known = Mutex<[[String]: Credential]>([:])

    /// Forgets all: files may change between one configuration and the next.
    public static func forget() { known.withLock { $0 = [:] } }

    /// Reads a certificate with its key, or takes what was read before. Each host has a credential of its own, as it may staple
    /// something else.
    static func credential(
        chain: [String],
        keyFile: String,
        read: () throws(ConfigurationError) -> Credential
    ) throws(ConfigurationError) -> Credential {
        let files = chain + [keyFile]
        if let found = known.withLock({ $0[files] }) {
            return try found.replacingIssuers(by: Array(found.certificateChain.dropFirst()))
        }
        let credential = try read()
        known.withLock { $0[files] = credential }
        return credential
    }

    /// Whether it was read.
    static func has(chain: [String], keyFile: String) -> Bool {
        known.withLock { $0[chain + [keyFile]] != nil }
    }
}
