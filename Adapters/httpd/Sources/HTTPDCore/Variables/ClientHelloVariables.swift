// SPDX-License-Identifier: Apache-2.0
public import SafeTLS

/// The variables `SSL_CLIENTHELLO_…`: parts of a ClientHello as hexadecimal digits, and its JA4 fingerprint.
public struct ClientHelloVariables: Sendable {
    /// Longest list that becomes a variable, in bytes. Clients have a tenth of that; scripts get two digits for each.
    private static let longest = 4096

    private static let prefix = "SSL_CLIENTHELLO_"

    private let lists: [String: [UInt8]]
    private let ja4: String?

    /// Copies what the variables need out of a ClientHello; longer lists are not copied.
    public init(_ hello: ClientHelloInfo) {
        ja4 = hello.ja4
        var lists: [String: [UInt8]] = [:]
        func set(_ name: String, _ bytes: ArraySlice<UInt8>) {
            if !bytes.isEmpty, bytes.count <= Self.longest { lists[name] = Array(bytes) }
        }
        // Header, legacy_version, random, legacy_session_id (RFC 9846 §4.2.2).
        var rest = hello.message.dropFirst(4)
        set("VERSION", rest.prefix(2))
        rest = rest.dropFirst(34)
        _ = Self.takeVector(&rest, lengthBytes: 1)
        set("CIPHERS", Self.takeVector(&rest, lengthBytes: 2))
        _ = Self.takeVector(&rest, lengthBytes: 1)
        var extensions = Self.takeVector(&rest, lengthBytes: 2)
        var types: [UInt8] = []
        while let first = extensions.first, extensions.count >= 4 {
            let second = extensions[extensions.startIndex + 1]
            extensions = extensions.dropFirst(2)
            let body = Self.takeVector(&extensions, lengthBytes: 2)
            // One more than a variable holds says enough.
            if !Self.isGREASE(first, second), types.count <= Self.longest { types += [first, second] }
            if let (name, lengthBytes) = Self.name(UInt16(first) << 8 | UInt16(second)) {
                set(name, body.dropFirst(lengthBytes))
            }
        }
        set("EXTENSIONS", types[...])
        self.lists = lists
    }

    /// The variables that are set.
    public var names: [String] { (lists.keys + (ja4 == nil ? [] : ["JA4"])).sorted().map { Self.prefix + $0 } }

    /// The value of a variable, nil if there is none of that name.
    public func value(of name: String) -> String? {
        guard name.hasPrefix(Self.prefix) else { return nil }
        let part = String(name.dropFirst(Self.prefix.count))
        if part == "JA4" { return ja4 }
        let digits = Array("0123456789abcdef")
        return lists[part].map { String($0.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }) }
    }

    /// The variable that an extension's list becomes, and how many bytes of length stand before the list.
    private static func name(_ type: UInt16) -> (String, Int)? {
        switch ExtensionType(rawValue: type) {
        case .supportedGroups: ("GROUPS", 2)
        case .ecPointFormats: ("EC_FORMATS", 1)
        case .signatureAlgorithms: ("SIG_ALGOS", 2)
        case .applicationLayerProtocolNegotiation: ("ALPN", 2)
        case .supportedVersions: ("VERSIONS", 1)
        default: nil
        }
    }

    /// The values of RFC 8701.
    private static func isGREASE(_ first: UInt8, _ second: UInt8) -> Bool { first == second && first & 15 == 10 }

    /// Takes a vector off the front: its content, or what is there of it.
    private static func takeVector(_ bytes: inout ArraySlice<UInt8>, lengthBytes: Int) -> ArraySlice<UInt8> {
        let length = bytes.prefix(lengthBytes).reduce(0) { $0 << 8 | Int($1) }
        let content = bytes.dropFirst(lengthBytes).prefix(length)
        bytes = bytes.dropFirst(lengthBytes + length)
        return content
    }
}
