// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization
import TLSCrypto

/// The bytes of hexadecimal text; white space is skipped.
func hex(_ text: String) -> [UInt8] {
    let digits = text.compactMap { $0.hexDigitValue.map(UInt8.init) }
    return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}

func array(_ span: Span<UInt8>) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(span.count)
    for i in span.indices { bytes.append(span[i]) }
    return bytes
}

func array(_ secret: borrowing Secret) -> [UInt8] {
    array(secret.bytes)
}

func array(_ digest: Digest) -> [UInt8] {
    array(digest.bytes)
}

func nonce(_ bytes: [UInt8]) -> [12 of UInt8] {
    var nonce = [12 of UInt8](repeating: 0)
    for (i, byte) in bytes.prefix(12).enumerated() { nonce[i] = byte }
    return nonce
}

/// The error a piece of work throws, if it does.
func failure<T>(_ work: () throws(CryptoError) -> T) -> CryptoError? {
    do {
        _ = try work()
        return nil
    } catch {
        return error
    }
}

/// Gives the prepared answers one after the other, then fails.
final class PreparedRandomSource: RandomSource {
    private let answers: Mutex<[[UInt8]]>

    init(_ answers: [UInt8]...) {
        self.answers = Mutex(answers.reversed())
    }

    func fill(_ bytes: inout MutableSpan<UInt8>) throws(CryptoError) {
        let answer = answers.withLock { $0.popLast() }
        guard let answer, answer.count == bytes.count else { throw .randomUnavailable }
        for i in bytes.indices { bytes[i] = answer[i] }
    }
}

/// The `openssl` command: makes keys, and signs and verifies independently of this library.
enum OpenSSLCommand {
    struct Failure: Error {
        let arguments: [String]
        let output: String
    }

    static func run(_ arguments: [String], input: [UInt8] = []) throws -> [UInt8] {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments
        // Files, not pipes: Foundation does not bear it when a signal interrupts it at a pipe.
        return try withDirectory { directory in
            let files = ["input", "output", "errors"].map { URL(filePath: "\(directory)/\($0)") }
            for file in files { try Data().write(to: file) }
            try Data(input).write(to: files[0])
            process.standardInput = try FileHandle(forReadingFrom: files[0])
            process.standardOutput = try FileHandle(forWritingTo: files[1])
            process.standardError = try FileHandle(forWritingTo: files[2])
            try process.run()
            process.waitUntilExit()
            guard process.terminationStatus == 0 else {
                throw Failure(arguments: arguments, output: try String(contentsOf: files[2], encoding: .utf8))
            }
            return [UInt8](try Data(contentsOf: files[1]))
        }
    }

    /// Calls `body` with a directory that is removed afterwards.
    static func withDirectory<T>(_ body: (String) throws -> T) throws -> T {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        return try body(directory.path)
    }
}
