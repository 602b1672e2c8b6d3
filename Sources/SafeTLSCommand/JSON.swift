// SPDX-License-Identifier: Apache-2.0

/// A value of JSON (RFC 8259), to be written.
indirect enum JSON {
    case null
    case bool(Bool)
    case number(Int64)
    case string(String)
    case array([JSON])
    /// The names in the order in which they are written, each with its value.
    case members([String], [JSON])

    /// An object.
    static func object(_ members: [(name: String, value: JSON)]) -> JSON {
        .members(members.map(\.name), members.map(\.value))
    }

    /// A string, or null.
    init(_ text: String?) { self = text.map(JSON.string) ?? .null }

    /// The text, each name on a line of its own.
    var text: String { text(indentation: "") }

    private func text(indentation: String) -> String {
        let inner = indentation + "  "
        switch self {
        case .null: return "null"
        case .bool(let value): return value ? "true" : "false"
        case .number(let value): return String(value)
        case .string(let value): return Self.quoted(value)
        case .array(let values):
            if values.isEmpty { return "[]" }
            let lines = values.map { inner + $0.text(indentation: inner) }
            return "[\n" + lines.joined(separator: ",\n") + "\n\(indentation)]"
        case .members(let names, let values):
            if names.isEmpty { return "{}" }
            let lines = zip(names, values).map { inner + Self.quoted($0) + ": " + $1.text(indentation: inner) }
            return "{\n" + lines.joined(separator: ",\n") + "\n\(indentation)}"
        }
    }

    /// A string with what RFC 8259 wants escaped, and with what a terminal would not show as it is.
    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case _ where scalar.isInvisible:
                for unit in String(scalar).utf16 {
                    let digits = String(unit, radix: 16)
                    result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                }
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
