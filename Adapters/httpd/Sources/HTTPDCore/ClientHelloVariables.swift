// SPDX-License-Identifier: Apache-2.0
public import SafeTLS

/// The variables `SSL_CLIENTHELLO_…`: parts of a ClientHello as hexadecimal digits, and its JA4 fingerprint.
public struct ClientHelloVariables: Sendable {
    /// Longest list that becomes a variable, in bytes. Clients have a tenth of that; scripts get two digits for each.
    private static let longest = 4096

    private static let prefix = "SSL_CLIENTHELLO_"

    private let lists: [String: [UInt8]]
    private let ja4: String?

    /// Copies what the variables need out of a ClientHello.
    public init(_ hello: ClientHelloInfo) {
        ja4 = hello.ja4
        var lists: [String: [UInt8]] = [:]
        // Header, legacy_version, random, legacy_session_id (RFC 8446 §4.1.2).
        var rest = hello.message.dropFirst(4)
        lists["VERSION"] = Array(rest.prefix(2))
        rest = rest.dropFirst(34)
        _ = Self.takeVector(&rest, lengthBytes: 1)
        lists["CIPHERS"] = Self.takeVector(&rest, lengthBytes: 2)
        _ = Self.takeVector(&rest, lengthBytes: 1)
        var extensions = Self.takeVector(&rest, lengthBytes: 2)[...]
        var types: [UInt8] = []
        while extensions.count >= 4 {
            let type = Array(extensions.prefix(2))
            extensions = extensions.dropFirst(2)
            let body = Self.takeVector(&extensions, lengthBytes: 2)
            if !Self.isGREASE(type) { types += type }
            if let (name, lengthBytes) = Self.name(UInt16(type[0]) << 8 | UInt16(type[1])) {
                lists[name] = Array(body.dropFirst(lengthBytes))
            }
        }
        lists["EXTENSIONS"] = types
        self.lists = lists.filter { !$0.value.isEmpty && $0.value.count <= Self.longest }
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
    private static func isGREASE(_ type: [UInt8]) -> Bool { type[0] == type[1] && type[0] & 15 == 10 }

    /// Takes a vector off the front: its content, or what is there of it.
    private static func takeVector(_ bytes: inout ArraySlice<UInt8>, lengthBytes: Int) -> [UInt8] {
        let length = bytes.prefix(lengthBytes).reduce(0) { $0 << 8 | Int($1) }
        let content = bytes.dropFirst(lengthBytes).prefix(length)
        bytes = bytes.dropFirst(lengthBytes + length)
        return Array(content)
    }
}
