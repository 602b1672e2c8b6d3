// SPDX-License-Identifier: Apache-2.0

/// This library as a whole.
public enum TLSLibrary {
    /// The release that this is, or will become: `major.minor.patch` as of Semantic Versioning. The command line, the httpd
    /// module and the packages take it from here.
    public static let version = "0.2.0"
}
