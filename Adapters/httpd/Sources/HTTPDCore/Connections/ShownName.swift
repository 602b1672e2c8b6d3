// SPDX-License-Identifier: Apache-2.0

/// A name that a stranger has sent, as it may stand in a log.
public struct ShownName: CustomStringConvertible {
    /// Printable ASCII as it is, every other byte, quotation marks and the backslash as `\\x0a`.
    public let description: String

    /// A name of any bytes.
    public init(_ bytes: [UInt8]) {
        let digits = Array("0123456789abcdef")
        var text = ""
        for byte in bytes {
            if (0x20...0x7E).contains(byte), byte != UInt8(ascii: "\\"), byte != UInt8(ascii: "'"),
                byte != UInt8(ascii: "\"")
            {
                text.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                text += "\\x"
                text.append(digits[Int(byte >> 4)])
                text.append(digits[Int(byte & 15)])
            }
        }
        description = text
    }
}
