// SPDX-License-Identifier: Apache-2.0

/// Recognises the head of an HTTP/1 response among what is to be sent.
enum ResponseHead {
    private static let beginning = Array("HTTP/1.".utf8)
    private static let end = Array("\r\n\r\n".utf8)

    /// Whether the bytes are the whole head of a final response: interim ones (1xx) are waited for by the client.
    static func isWhole(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        let status = "HTTP/1.1 ".utf8.count
        guard bytes.count > status + end.count, unsafe bytes[status] != UInt8(ascii: "1") else { return false }
        return unsafe bytes.starts(with: beginning) && bytes.suffix(end.count).elementsEqual(end)
    }
}
