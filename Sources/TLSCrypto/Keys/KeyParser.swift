// SPDX-License-Identifier: Apache-2.0

internal import CLibcrypto
import Synchronization

/// libcrypto's parser of private keys, which takes longer to make than to use, and its decryption of keys.
///
/// One thread at a time uses the parser. Decrypting a key takes as long as whoever made it wanted, seconds perhaps: nobody waits
/// for that.
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

    /// Does something while no other thread parses keys.
    static func exclusively(_ body: () -> Void) { shared.lock.withLock { _ in body() } }

    /// Has glibc overwrite what is freed: one setting for all threads.
    private static let wiping = SharedSetting { safetls_set_wiping($0 ? 1 : 0) }

    /// Does something of which no freed memory is to be left.
    private static func wipingBehind<Result>(_ body: () -> Result) -> Result {
        defer { safetls_wipe_small_blocks() }
        return wiping.during(body)
    }

    /// Reads a key in PKCS#8, SEC1 or PKCS#1 form; nil if it is none.
    static func parse(_ der: UnsafePointer<UInt8>, _ count: Int) -> OpaquePointer? {
        guard let parser = unsafe shared.parser else { return nil }
        var key: OpaquePointer?
        exclusively {
            unsafe key = wipingBehind { unsafe safetls_parse_private_key(parser, der, count) }
        }
        return unsafe key
    }

    /// Decrypts something with a passphrase to memory that has room for as much, and returns the length, or 0.
    typealias Opener = (
        _ sealed: UnsafeBufferPointer<UInt8>,
        _ passphrase: UnsafeBufferPointer<UInt8>,
        _ plain: UnsafeMutableRawBufferPointer
    ) -> Int

    /// Decrypts an EncryptedPrivateKeyInfo (RFC 5958 §3).
    static func open(
        _ sealed: UnsafeBufferPointer<UInt8>,
        _ passphrase: UnsafeBufferPointer<UInt8>,
        _ plain: UnsafeMutableRawBufferPointer
    ) -> Int {
        guard let der = sealed.baseAddress, let output = plain.baseAddress else { return 0 }
        return wipingBehind {
            unsafe safetls_open_private_key(
                der,
                sealed.count,
                passphrase.baseAddress,
                passphrase.count,
                output,
                plain.count
            )
        }
    }

    /// Decrypts the first key of a PEM text that is encrypted in the old way.
    static func openTraditional(
        _ sealed: UnsafeBufferPointer<UInt8>,
        _ passphrase: UnsafeBufferPointer<UInt8>,
        _ plain: UnsafeMutableRawBufferPointer
    ) -> Int {
        guard let pem = sealed.baseAddress, let output = plain.baseAddress else { return 0 }
        return wipingBehind {
            unsafe safetls_open_traditional_key(
                pem,
                sealed.count,
                passphrase.baseAddress,
                passphrase.count,
                output,
                plain.count
            )
        }
    }

    /// Opens a PKCS #12 file, whose keys stay as they are; see `safetls_pkcs12_read`.
    static func openPKCS12(
        _ file: UnsafeBufferPointer<UInt8>,
        _ passphrase: UnsafeBufferPointer<UInt8>,
        iterations: UInt64,
        into contents: inout safetls_pkcs12
    ) -> CInt {
        guard let der = file.baseAddress else { return CInt(SAFETLS_PKCS12_DAMAGED) }
        return wipingBehind {
            unsafe safetls_pkcs12_read(
                &contents,
                der,
                file.count,
                passphrase.baseAddress,
                passphrase.count,
                iterations
            )
        }
    }
}
