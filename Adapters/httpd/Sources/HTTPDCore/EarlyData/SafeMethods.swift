// SPDX-License-Identifier: Apache-2.0

/// Methods whose requests ask for nothing to be changed (RFC 9110 §9.2.1): only these are answered before it is certain
/// that they are no repetition (RFC 8470 §4).
public enum SafeMethods {
    private static let names: Set<String> = ["GET", "HEAD", "OPTIONS", "TRACE"]

    /// Whether a method is one of them. Methods are in upper case (RFC 9110 §9.1).
    public static func contains(_ method: String) -> Bool { names.contains(method) }
}
