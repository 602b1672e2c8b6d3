// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// Files in `/proc`.
///
/// They have no size, and the functions of Foundation that read a whole file at once take one page of such a file for all of it.
package enum KernelFile {
    /// All that a file says now.
    package static func text(_ path: String) throws -> String {
        String(decoding: try data(path), as: UTF8.self)
    }

    /// The same as bytes, in which more than a few pages are looked through sooner.
    package static func data(_ path: String) throws -> Data {
        let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        defer { try? file.close() }
        return try file.readToEnd() ?? Data()
    }
}
