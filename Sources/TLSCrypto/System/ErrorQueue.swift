// SPDX-License-Identifier: Apache-2.0

internal import CLibcrypto

/// libcrypto's error queue of the running thread.
///
/// Nothing reads it: errors are this library's own. It must be left empty, since other users of libcrypto in the same
/// process (httpd's modules) take what they find in it for their own errors.
enum ErrorQueue {
    static func clear() {
        ERR_clear_error()
    }

    static var isEmpty: Bool {
        ERR_peek_error() == 0
    }
}
