// SPDX-License-Identifier: Apache-2.0

/// The name of a code point nobody has named: "0x0a0a", always at the type's full width.
func hexadecimal<Value: FixedWidthInteger & UnsignedInteger>(_ value: Value) -> String {
    let digits = String(value, radix: 16)
    return "0x" + String(repeating: "0", count: max(0, Value.bitWidth / 4 - digits.utf8.count)) + digits
}
