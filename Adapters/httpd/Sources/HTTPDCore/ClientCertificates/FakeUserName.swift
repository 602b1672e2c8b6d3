// SPDX-License-Identifier: Apache-2.0

/// The users that `FakeBasicAuth` makes of certificates: `/C=DE/CN=alice`.
public enum FakeUserName {
    /// Whether a user has the form of those. An attribute whose type has no name is written by its number, and values may
    /// hold anything, so it is no use to look closer.
    public static func isOne(_ user: String) -> Bool {
        let bytes = user.utf8
        return bytes.first == UInt8(ascii: "/") && bytes.contains(UInt8(ascii: "="))
    }
}
