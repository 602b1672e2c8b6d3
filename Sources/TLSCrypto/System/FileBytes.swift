// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// Why a file could not be read or written.
public struct FileError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The file or directory.
    public let path: String

    /// The reason in the system's words, such as "No such file or directory".
    public let reason: String

    /// Makes an error about `path`.
    public init(path: String, reason: String) {
        self.path = path
        self.reason = reason
    }

    init(path: String, code: CInt) {
        self.path = path
        reason =
            unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
                guard let base = buffer.baseAddress, unsafe strerror_r(code, base, 256) == 0 else {
                    return "System error \(code)"
                }
                return unsafe String(cString: base)
            }
    }

    /// The path and the reason.
    public var description: String {
        "\(path): \(reason)"
    }
}

/// Small files, whole: certificates, keys, key logs.
///
/// What is read is a regular file: opening or reading a pipe or a device could wait for somebody else, who may never come.
/// Only a program that was started with a pipe reads it, under the names that systems have for descriptors which are open
/// already: `/dev/stdin` and what is in `/dev/fd`.
public enum FileBytes {
    /// The contents of the file at `path`, at most `limit` bytes.
    ///
    /// - Throws: ``FileError``, also when the file is longer than `limit`.
    public static func read(_ path: String, limit: Int) throws(FileError) -> [UInt8] {
        let (descriptor, size) = try openForReading(path)
        defer { close(descriptor) }

        // The size is a hint only: pipes and /proc have none, and files grow.
        var bytes: [UInt8] = []
        bytes.reserveCapacity(max(0, min(size, limit)))
        var chunk = Secret(zeroed: 16384)
        while true {
            let count = unsafe chunk.withUnsafeMutableBytes(from: 0) { unsafe Self.read(descriptor, $0) }
            guard count >= 0 else { throw FileError(path: path, code: errno) }
            if count == 0 { break }
            guard count <= limit - bytes.count else {
                throw FileError(path: path, reason: "The file is longer than \(limit) bytes")
            }
            for index in 0..<count { bytes.append(chunk.bytes[index]) }
        }
        return bytes
    }

    /// The contents of a file with secrets, at most `limit` bytes, in memory that is wiped.
    ///
    /// - Throws: ``FileError``, also when the file is longer than `limit`.
    public static func readSecret(_ path: String, limit: Int) throws(FileError) -> Secret {
        let (descriptor, _) = try openForReading(path)
        defer { close(descriptor) }
        return try readSecret(descriptor, path, limit: limit)
    }

    private static func readSecret(_ descriptor: CInt, _ path: String, limit: Int) throws(FileError) -> Secret {
        var contents = Secret(zeroed: 4096)
        var length = 0
        while true {
            if length == contents.count {
                guard length <= limit else {
                    throw FileError(path: path, reason: "The file is longer than \(limit) bytes")
                }
                var larger = Secret(zeroed: 2 * length)
                var bytes = larger.mutableBytes
                for index in 0..<length { bytes[index] = contents.bytes[index] }
                contents = larger
            }
            let count = unsafe contents.withUnsafeMutableBytes(from: length) { unsafe Self.read(descriptor, $0) }
            guard count >= 0 else { throw FileError(path: path, code: errno) }
            if count == 0 { break }
            length += count
        }
        guard length <= limit else { throw FileError(path: path, reason: "The file is longer than \(limit) bytes") }
        return Secret(copying: contents.bytes.extracting(0..<length))
    }

    /// Whether there is something at `path`, or that cannot be told.
    public static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 || errno != ENOENT }

    /// The contents of a file with secrets that this user alone may read and write, as ``replace(_:with:)`` makes it.
    ///
    /// - Throws: ``FileError``, also when it belongs to somebody else, when others may read or write it, and when it is longer than
    ///   `limit`.
    public static func readPrivate(_ path: String, limit: Int) throws(FileError) -> Secret {
        let (descriptor, _) = try openForReading(path)
        defer { close(descriptor) }
        var information = stat()
        guard unsafe fstat(descriptor, &information) == 0 else { throw FileError(path: path, code: errno) }
        guard information.st_uid == geteuid() else { throw FileError(path: path, reason: "It belongs to another user") }
        guard information.st_mode & 0o077 == 0 else {
            throw FileError(path: path, reason: "Others than its owner may use it: give it the mode 0600")
        }
        return try readSecret(descriptor, path, limit: limit)
    }

    /// Replaces the file at `path`, if there is one, by one that its owner alone may read. Readers see the old contents or the
    /// new, and what was there stays when the new cannot be written. A link is replaced, not what it leads to.
    public static func replace(_ path: String, with bytes: Span<UInt8>) throws(FileError) {
        let new = "\(path).\(getpid()).new"
        // What an earlier process of the same number has left behind; with O_EXCL nobody's file is written to.
        _ = unsafe unlink(new)
        let descriptor = unsafe open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileError(path: new, code: errno) }
        var code: CInt = 0
        var start = 0
        while code == 0, start < bytes.count {
            let written = unsafe bytes.extracting(droppingFirst: start).withUnsafeBytes { buffer in
                unsafe write(descriptor, buffer.baseAddress, buffer.count)
            }
            if written >= 0 { start += written } else if errno != EINTR { code = errno }
        }
        if code == 0, fsync(descriptor) != 0 { code = errno }
        if close(descriptor) != 0, code == 0 { code = errno }
        if code == 0, unsafe rename(new, path) != 0 { code = errno }
        guard code == 0 else {
            _ = unsafe unlink(new)
            throw FileError(path: path, code: code)
        }
    }

    /// Sees whether ``replace(_:with:)`` could write a file at `path`, by making one beside it for a moment.
    ///
    /// - Throws: ``FileError`` when it could not.
    public static func checkReplaceable(_ path: String) throws(FileError) {
        var information = stat()
        if unsafe lstat(path, &information) == 0, information.st_mode & S_IFMT == S_IFDIR {
            throw FileError(path: path, code: EISDIR)
        }
        let new = "\(path).\(getpid()).new"
        _ = unsafe unlink(new)
        let descriptor = unsafe open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileError(path: new, code: errno) }
        close(descriptor)
        guard unsafe unlink(new) == 0 else { throw FileError(path: new, code: errno) }
    }

    /// Removes the file at `path`. Of several processes that do so at the same time one succeeds. A link is removed, not what it leads to.
    ///
    /// - Returns: Whether there was one.
    /// - Throws: ``FileError`` when it cannot be removed.
    public static func remove(_ path: String) throws(FileError) -> Bool {
        if unsafe unlink(path) == 0 { return true }
        guard errno == ENOENT else { throw FileError(path: path, code: errno) }
        return false
    }

    /// Opens a file without waiting for anybody, and says how long it seems to be.
    private static func openForReading(_ path: String) throws(FileError) -> (descriptor: CInt, size: Int) {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else { throw FileError(path: path, code: errno) }
        do throws(FileError) {
            var information = stat()
            guard unsafe fstat(descriptor, &information) == 0 else { throw FileError(path: path, code: errno) }
            switch information.st_mode & S_IFMT {
            case S_IFREG: break
            case S_IFDIR: throw FileError(path: path, code: EISDIR)
            case S_IFIFO where isDescriptor(path), S_IFCHR where isDescriptor(path):
                // Who writes there may need some time.
                guard fcntl(descriptor, F_SETFL, 0) == 0 else { throw FileError(path: path, code: errno) }
            default: throw FileError(path: path, reason: "It is not a regular file")
            }
            return (descriptor, Int(information.st_size))
        } catch {
            close(descriptor)
            throw error
        }
    }

    /// Whether a path names a descriptor of this process.
    private static func isDescriptor(_ path: String) -> Bool {
        path == "/dev/stdin" || ["/dev/fd/", "/proc/self/fd/"].contains { path.hasPrefix($0) }
    }

    /// The names in a directory, sorted, without "." and "..".
    public static func entries(ofDirectory path: String) throws(FileError) -> [String] {
        guard let directory = unsafe opendir(path) else { throw FileError(path: path, code: errno) }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." {
                names.append(name)
            }
        }
        return names.sorted()
    }

    /// Appends `bytes` to the file at `path` in one write, making the file readable by its owner alone if it is new.
    public static func append(_ bytes: Span<UInt8>, to path: String) throws(FileError) {
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileError(path: path, code: errno) }
        defer { close(descriptor) }
        let (written, code) = unsafe bytes.withUnsafeBytes { buffer in
            repeat {
                let written = unsafe write(descriptor, buffer.baseAddress, buffer.count)
                if written >= 0 || errno != EINTR { return (written, errno) }
            } while true
        }
        guard written >= 0 else { throw FileError(path: path, code: code) }
        guard written == bytes.count else { throw FileError(path: path, code: ENOSPC) }
    }

    private static func read(_ descriptor: CInt, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
        while true {
            #if canImport(Glibc)
                let count = unsafe Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            #elseif canImport(Musl)
                let count = unsafe Musl.read(descriptor, buffer.baseAddress, buffer.count)
            #else
                let count = unsafe Darwin.read(descriptor, buffer.baseAddress, buffer.count)
            #endif
            if count >= 0 || errno != EINTR { return count }
        }
    }
}
