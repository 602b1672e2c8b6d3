// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// The directory of this test run: `/tmp/safetls-tests-<pid>`, removed when the process exits.
///
/// A run that was killed leaves its directory behind; the next run removes it.
package enum TemporaryDirectory {
    private static let prefix = "safetls-tests-"

    /// The directory itself, made at first use.
    package static let root: URL = {
        let parent = URL(fileURLWithPath: "/tmp", isDirectory: true)
        let files = FileManager.default
        for name in (try? files.contentsOfDirectory(atPath: parent.path)) ?? [] where name.hasPrefix(prefix) {
            guard let pid = Int32(name.dropFirst(prefix.count)), !files.fileExists(atPath: "/proc/\(pid)") else {
                continue
            }
            try? files.removeItem(at: parent.appendingPathComponent(name))
        }
        let root = parent.appendingPathComponent("\(prefix)\(ProcessInfo.processInfo.processIdentifier)")
        // httpd's children run as another user and read their pages here.
        try? files.createDirectory(at: root, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        atexit { TemporaryDirectory.remove() }
        return root
    }()

    /// Makes a fresh directory whose name starts with `name`.
    package static func make(_ name: String) throws -> URL {
        let directory = root.appendingPathComponent("\(name)-\(UUID().uuidString.prefix(8))", isDirectory: true)
        try FileManager.default.createDirectory(
            at: directory,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o755]
        )
        return directory
    }

    private static func remove() {
        ChildProcess.killAll()
        try? FileManager.default.removeItem(at: root)
    }
}
