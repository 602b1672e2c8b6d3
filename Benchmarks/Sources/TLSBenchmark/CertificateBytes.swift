// SPDX-License-Identifier: Apache-2.0

/// Certificates of any content, unsigned: what a client may send before anybody has verified anything.
enum CertificateBytes {
    static func element(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
        let count = content.count
        if count < 0x80 { return [tag, UInt8(count)] + content }
        if count < 0x100 { return [tag, 0x81, UInt8(count)] + content }
        if count < 0x1_0000 { return [tag, 0x82] + ClientBytes.number(count) + content }
        return [tag, 0x83, UInt8(count >> 16)] + ClientBytes.number(count) + content
    }

    static func sequence(_ parts: [UInt8]...) -> [UInt8] { element(0x30, parts.flatMap { $0 }) }

    /// A whole certificate with a key on P-256 that is no key.
    static func certificate(subjectAttributes: Int = 0, extensions: [UInt8] = []) -> [UInt8] {
        let algorithm = sequence([6, 8, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 4, 3, 2])
        let attribute = element(0x31, sequence([6, 3, 0x55, 4, 3], [0x0C, 0]))
        let time = element(0x17, Array("260101000000Z".utf8))
        let key = sequence(
            sequence([6, 7, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 2, 1], [6, 8, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 3, 1, 7]),
            element(3, [0, 4] + [UInt8](repeating: 0x11, count: 64))
        )
        let signed = sequence(
            element(0xA0, [2, 1, 2]),
            [2, 1, 1],
            algorithm,
            sequence(attribute),
            sequence(time, time),
            sequence(ClientBytes.list(max(1, subjectAttributes)) { _ in attribute }),
            key,
            extensions.isEmpty ? [] : element(0xA3, element(0x30, extensions))
        )
        return sequence(signed, algorithm, element(3, [0] + [UInt8](repeating: 0x22, count: 64)))
    }

    static func alternativeNames(_ names: [UInt8]) -> [UInt8] {
        sequence([6, 3, 0x55, 0x1D, 0x11], element(4, sequence(names)))
    }

    /// One extension that nobody knows, of so many bytes.
    static func longExtension(_ count: Int) -> [UInt8] {
        sequence([6, 3, 0x2A, 3, 4], element(4, [UInt8](repeating: 0, count: count)))
    }

    /// So many extensions that nobody knows, none critical.
    static func unknownExtensions(_ count: Int) -> [UInt8] {
        ClientBytes.list(count) { number in
            sequence([6, 4, 0x2A, 3, UInt8(0x81 + number / 128 % 126), UInt8(number % 128)], [4, 0])
        }
    }
}
