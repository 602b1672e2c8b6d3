// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import TLSCrypto

@Suite("Secrets, comparison, random bytes, clocks and files")
struct PrimitiveTests {
    @Test func secrets() {
        var secret = Secret(zeroed: 4)
        #expect(array(secret) == [0, 0, 0, 0])
        var bytes = secret.mutableBytes
        bytes[2] = 7
        let copy = secret.copy()
        bytes = secret.mutableBytes
        bytes[0] = 1
        #expect(array(secret) == [1, 0, 7, 0])
        #expect(array(copy) == [0, 0, 7, 0])
        #expect(array(Secret(copying: [1, 2, 3].span)) == [1, 2, 3])
        #expect(array(Secret(copying: [UInt8]().span)) == [])
        #expect(Secret(zeroed: -1).count == 0)
    }

    @Test func comparison() {
        func equal(_ a: [UInt8], _ b: [UInt8]) -> Bool { constantTimeEquals(a.span, b.span) }
        #expect(equal([], []))
        #expect(equal([1, 2, 3], [1, 2, 3]))
        #expect(!equal([1, 2, 3], [1, 2]))
        #expect(!equal([1, 2, 3], [1, 2, 4]))
        #expect(!equal([0, 2, 3], [1, 2, 3]))
    }

    @Test func randomBytes() throws {
        var first = [UInt8](repeating: 0, count: 64)
        var second = first
        var span = first.mutableSpan
        try SystemRandomSource().fill(&span)
        span = second.mutableSpan
        try SystemRandomSource().fill(&span)
        #expect(first != second)
        var empty: [UInt8] = []
        span = empty.mutableSpan
        try SystemRandomSource().fill(&span)
    }

    @Test func clocks() {
        let before = Date().timeIntervalSince1970
        let now = Double(WallClock.now())
        // The system's coarse clock may be a little behind.
        #expect(now > before - 2 && now < Date().timeIntervalSince1970 + 1)
        let start = WallClock.monotonicNanoseconds()
        #expect(WallClock.monotonicNanoseconds() >= start)
    }

    @Test func filesThatAreReplacedAndRemoved() throws {
        try OpenSSLCommand.withDirectory { directory in
            let path = directory + "/a"
            try FileBytes.checkReplaceable(path)
            #expect(try !FileBytes.remove(path) && FileBytes.entries(ofDirectory: directory).isEmpty)
            try FileBytes.replace(path, with: [1].span)
            try FileBytes.checkReplaceable(path)
            #expect(try FileBytes.read(path, limit: 1) == [1] && FileBytes.entries(ofDirectory: directory) == ["a"])
            #expect(try FileBytes.remove(path) && !FileBytes.exists(path))
            for other in [directory, directory + "/none/a"] {
                #expect(throws: FileError.self) { try FileBytes.checkReplaceable(other) }
            }
            #expect(throws: FileError.self) { try FileBytes.remove(directory) }
        }
    }

    @Test func files() throws {
        try OpenSSLCommand.withDirectory { directory in
            let path = directory + "/b"
            try FileBytes.append([1, 2].span, to: path)
            try FileBytes.append([3].span, to: path)
            try FileBytes.append([UInt8]().span, to: directory + "/a")
            #expect(try FileBytes.read(path, limit: 3) == [1, 2, 3])
            #expect(try FileBytes.read(directory + "/a", limit: 0) == [])
            #expect(try FileBytes.entries(ofDirectory: directory) == ["a", "b"])
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(mode == 0o600)

            func reason(_ work: () throws(FileError) -> Void) -> String? {
                do {
                    try work()
                    return nil
                } catch {
                    return error.reason
                }
            }
            #expect(
                reason { () throws(FileError) in _ = try FileBytes.read(path, limit: 2) }
                    == "The file is longer than 2 bytes"
            )
            #expect(
                reason { () throws(FileError) in _ = try FileBytes.read(directory + "/none", limit: 2) }
                    == "No such file or directory"
            )
            #expect(
                reason { () throws(FileError) in _ = try FileBytes.read(directory, limit: 2) } == "Is a directory"
            )
            #expect(
                reason { () throws(FileError) in _ = try FileBytes.entries(ofDirectory: path) } == "Not a directory"
            )
            #expect(
                reason { () throws(FileError) in try FileBytes.append([1].span, to: directory) } == "Is a directory"
            )
            #expect(
                FileError(path: "/x", reason: "No such file or directory").description
                    == "/x: No such file or directory"
            )
        }
    }

    /// Opening a pipe waits for who writes to it, and a terminal or a device may give nothing, or no end of it.
    @Test(.timeLimit(.minutes(5)))
    func onlyRegularFilesAreRead() throws {
        try OpenSSLCommand.withDirectory { directory in
            let pipe = directory + "/pipe"
            let made = try Process.run(URL(fileURLWithPath: "/usr/bin/mkfifo"), arguments: [pipe])
            made.waitUntilExit()
            #expect(made.terminationStatus == 0)
            let link = directory + "/link"
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: pipe)
            for path in [pipe, link, "/dev/zero", "/dev/null"] {
                let error = FileError(path: path, reason: "It is not a regular file")
                #expect(throws: error) { try FileBytes.read(path, limit: 100) }
                #expect(throws: error) { _ = try FileBytes.readSecret(path, limit: 100).count }
            }
        }
    }

    /// What a shell's `<(command)` gives a program.
    @Test func pipesThatAreOpenAreRead() throws {
        for directory in ["/dev/fd", "/proc/self/fd"] where FileManager.default.fileExists(atPath: directory) {
            for isSecret in [false, true] {
                let pipe = Pipe()
                let path = "\(directory)/\(pipe.fileHandleForReading.fileDescriptor)"
                let writer = Thread {
                    // Reading has begun before there is anything, or will find it all: both have to do.
                    pipe.fileHandleForWriting.write(Data([1, 2]))
                    Thread.sleep(forTimeInterval: 0.02)
                    pipe.fileHandleForWriting.write(Data([3]))
                    try? pipe.fileHandleForWriting.close()
                }
                writer.start()
                let bytes =
                    isSecret
                    ? array(try FileBytes.readSecret(path, limit: 100)) : try FileBytes.read(path, limit: 100)
                #expect(bytes == [1, 2, 3])
            }
        }
    }
}
