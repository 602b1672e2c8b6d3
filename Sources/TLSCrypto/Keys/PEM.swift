// SPDX-License-Identifier: Apache-2.0

/// Why a PEM text could not be read; the sentence names the block.
public struct PEMError: Error, Equatable, Sendable, CustomStringConvertible {
    /// One sentence.
    public let description: String
}

/// The textual encoding of certificates and keys (RFC 7468).
public enum PEM {
    /// One encapsulated block.
    public struct Block: Equatable, Sendable {
        /// What the block holds, such as "CERTIFICATE".
        public let label: String

        /// The decoded contents.
        public let der: [UInt8]

        /// Whether the block has the header of a key encrypted in the old way, RFC 1421's `Proc-Type: 4,ENCRYPTED`:
        /// then its contents are ciphertext.
        public let isEncrypted: Bool

        /// Makes a block.
        public init(label: String, der: [UInt8], isEncrypted: Bool = false) {
            self.label = label
            self.der = der
            self.isEncrypted = isEncrypted
        }
    }

    /// All blocks of `text`, in order.
    ///
    /// Text outside of blocks is skipped, and so are headers inside. Work and memory are proportional to the text. Decoded
    /// keys would stay in memory that nobody wipes: ask for what is wanted.
    ///
    /// - Parameters:
    ///   - text: The text, with any number of blocks.
    ///   - isWanted: Which blocks are decoded, by their labels; others are passed over.
    /// - Throws: ``PEMError`` when a block has no end, ends with another label, or is wanted and not Base64.
    public static func blocks(
        in text: Span<UInt8>,
        where isWanted: (String) -> Bool = { _ in true }
    ) throws(PEMError) -> [Block] {
        var blocks: [Block] = []
        var lines = PEMLines(text)
        while lines.advance() {
            guard let label = lines.label(after: "-----BEGIN ") else { continue }
            guard isWanted(label) else {
                try skip(label, from: &lines)
                continue
            }
            var der: [UInt8] = []
            let isEncrypted = try decode(label, from: &lines) { der.append($0) }
            blocks.append(Block(label: label, der: der, isEncrypted: isEncrypted))
        }
        return blocks
    }

    /// A block whose contents are wiped when it goes.
    struct SecretBlock: ~Copyable {
        let label: String
        /// The contents, in memory that may be longer.
        private let memory: Secret
        private let count: Int
        let isEncrypted: Bool

        fileprivate init(label: String, memory: consuming Secret, count: Int, isEncrypted: Bool) {
            self.label = label
            self.memory = memory
            self.count = count
            self.isEncrypted = isEncrypted
        }

        var der: Span<UInt8> {
            @_lifetime(borrow self)
            get { memory.bytes.extracting(0..<count) }
        }
    }

    /// The first block of `text` with a secret that is wanted, nil if there is none. What comes behind it is not read.
    static func secretBlock(
        in text: Span<UInt8>,
        where isWanted: (String) -> Bool
    ) throws(PEMError) -> SecretBlock? {
        var lines = PEMLines(text)
        while lines.advance() {
            guard let label = lines.label(after: "-----BEGIN ") else { continue }
            guard isWanted(label) else {
                try skip(label, from: &lines)
                continue
            }
            // Four characters are three bytes.
            var memory = Secret(zeroed: text.count / 4 * 3 + 3)
            var count = 0
            let isEncrypted: Bool
            do {
                var bytes = memory.mutableBytes
                isEncrypted = try decode(label, from: &lines) { byte in
                    bytes[count] = byte
                    count += 1
                }
            }
            return SecretBlock(label: label, memory: memory, count: count, isEncrypted: isEncrypted)
        }
        return nil
    }

    /// Goes to a block's end.
    private static func skip(_ label: String, from lines: inout PEMLines) throws(PEMError) {
        while lines.advance() {
            guard let end = lines.label(after: "-----END ") else { continue }
            return try check(end, against: label)
        }
        throw PEMError(description: "The PEM block \(label) has no end.")
    }

    private static func check(_ end: String, against label: String) throws(PEMError) {
        guard end == label else { throw PEMError(description: "The PEM block \(label) ends as \(end).") }
    }

    /// Decodes a block to its end; says whether its contents are encrypted.
    private static func decode(
        _ label: String,
        from lines: inout PEMLines,
        to output: (UInt8) -> Void
    ) throws(PEMError) -> Bool {
        var decoder = Base64Groups()
        var isEncrypted = false
        var mayBeHeader = true
        while lines.advance() {
            if let end = lines.label(after: "-----END ") {
                try check(end, against: label)
                guard decoder.finish(to: output) else {
                    throw PEMError(description: "The PEM block \(label) is not whole Base64.")
                }
                return isEncrypted
            }
            if mayBeHeader {
                // RFC 1421 §4.4: headers first, then an empty line. Base64 has no colon.
                if lines.hasHeader {
                    isEncrypted = isEncrypted || lines.saysEncrypted
                    continue
                }
                mayBeHeader = lines.isBlank
            }
            guard decoder.append(lines.line, to: output) else {
                throw PEMError(description: "Line \(lines.number), in the PEM block \(label), is not Base64.")
            }
        }
        throw PEMError(description: "The PEM block \(label) has no end.")
    }
}
