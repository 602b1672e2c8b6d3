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
    /// Text outside of blocks is skipped, and so are headers inside. Work and memory are proportional to the text.
    ///
    /// - Throws: ``PEMError`` when a block has no end, ends with another label, or is not Base64.
    public static func blocks(in text: Span<UInt8>) throws(PEMError) -> [Block] {
        var blocks: [Block] = []
        var lines = PEMLines(text)
        while lines.advance() {
            if let label = lines.label(after: "-----BEGIN ") {
                blocks.append(try block(label, from: &lines))
            }
        }
        return blocks
    }

    private static func block(_ label: String, from lines: inout PEMLines) throws(PEMError) -> Block {
        var decoder = Base64Decoder()
        var isEncrypted = false
        var mayBeHeader = true
        while lines.advance() {
            if let end = lines.label(after: "-----END ") {
                guard end == label else {
                    throw PEMError(description: "The PEM block \(label) ends as \(end).")
                }
                guard let der = decoder.finish() else {
                    throw PEMError(description: "The PEM block \(label) is not whole Base64.")
                }
                return Block(label: label, der: der, isEncrypted: isEncrypted)
            }
            if mayBeHeader {
                // RFC 1421 §4.4: headers first, then an empty line. Base64 has no colon.
                if lines.hasHeader {
                    isEncrypted = isEncrypted || lines.saysEncrypted
                    continue
                }
                mayBeHeader = lines.isBlank
            }
            guard decoder.append(lines.line) else {
                throw PEMError(description: "Line \(lines.number), in the PEM block \(label), is not Base64.")
            }
        }
        throw PEMError(description: "The PEM block \(label) has no end.")
    }
}
