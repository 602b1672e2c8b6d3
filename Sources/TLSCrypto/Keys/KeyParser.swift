// SPDX-License-Identifier: Apache-2.0

internal import CLibcrypto
import Synchronization

/// libcrypto's parser of private keys, which takes longer to make than to use.
///
/// `@unchecked`: the pointer never changes, and who uses what is there has the lock.
@safe final class KeyParser: @unchecked Sendable {
    /// The one for all threads.
    private static let shared = KeyParser()

    private let parser: UnsafeMutablePointer<safetls_key_parser>?
    private let lock = Mutex(())

    private init() {
        unsafe parser = safetls_key_parser_new()
        ErrorQueue.clear()
    }

    /// Reads a key in PKCS#8, SEC1 or PKCS#1 form; nil if it is none.
    static func parse(_ der: UnsafePointer<UInt8>, _ count: Int) -> OpaquePointer? {
        guard let parser = unsafe shared.parser else { return nil }
        var key: OpaquePointer?
        shared.lock.withLock { _ in unsafe key = safetls_parse_private_key(parser, der, count) }
        return unsafe key
    }
}
