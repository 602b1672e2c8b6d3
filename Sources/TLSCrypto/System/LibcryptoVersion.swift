// SPDX-License-Identifier: Apache-2.0

internal import CLibcrypto

/// Which libcrypto the program runs with, which may be another than it was compiled with.
enum LibcryptoVersion {
    /// 0xMNN00PP0, M.NN.PP being the version: 3.5.0 is 0x30500000.
    static var number: UInt {
        UInt(OpenSSL_version_num())
    }

    /// The version as text, like `3.0.19`.
    static var name: String {
        let text = unsafe OpenSSL_version(OPENSSL_FULL_VERSION_STRING)
        return unsafe text.map { unsafe String(cString: $0) } ?? "of an unknown version"
    }
}
