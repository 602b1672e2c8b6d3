// SPDX-License-Identifier: Apache-2.0

/// `SSLRenegBufferSize`: how much of a request's body is kept in memory while the client is asked for a certificate.
///
/// Authors of .htaccess files do not decide about the memory of the server: what they say can only lower what its own
/// configuration says of the directory.
public struct BodyLimit: Sendable, BitwiseCopyable {
    /// Where nothing is said, in bytes: mod_ssl's.
    static let usual: Int64 = 131_072

    /// What the server's configuration says, and what an .htaccess file says below that; -1 for nothing.
    private var configured: Int64 = -1
    private var wanted: Int64 = -1

    /// Nothing is said.
    public init() {}

    /// Carries out the directive.
    ///
    /// - Parameter isInFile: Whether it stands in an .htaccess file.
    public mutating func set(_ arguments: [String], isInFile: Bool) throws(DirectiveError) {
        guard arguments.count == 1, let limit = Int64(arguments[0]), limit >= 0 else {
            throw DirectiveError("takes a number of bytes")
        }
        if isInFile {
            wanted = limit
        } else {
            configured = limit
        }
    }

    /// In bytes.
    public var bytes: Int64 {
        let most = configured < 0 ? Self.usual : configured
        return wanted < 0 ? most : min(wanted, most)
    }

    /// What holds where both are said and `self` is the inner of the two. httpd merges in whatever order suits it.
    public func merged(onto outer: BodyLimit) -> BodyLimit {
        var merged = self
        // A section that comes after the files, as `<Location>` does, has the last word.
        if wanted < 0, configured < 0 { merged.wanted = outer.wanted }
        if configured < 0 { merged.configured = outer.configured }
        return merged
    }
}
