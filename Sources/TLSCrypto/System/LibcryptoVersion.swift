// SPDX-License-Identifier: Apache-2.0

internal import CLibcrypto

/// Which libcrypto the program runs with, which may be another than it was compiled with.
enum LibcryptoVersion {
    /// 0xMNN00PP0, M.NN.PP being the version: 3.5.0 is 0x30500000.
    static var number: UInt {
        UInt(OpenSSL_version_num())
    }
}
