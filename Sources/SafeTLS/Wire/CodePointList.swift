// SPDX-License-Identifier: Apache-2.0

/// A list of two-byte code points in the sender's order, unknown values kept, borrowed from its message.
struct CodePointList<Element: CodePoint>: ~Escapable {
    private let bytes: Span<UInt8>

    /// The list as it was sent.
    var content: Span<UInt8> {
        @_lifetime(copy self)
        get { bytes }
    }

    /// Takes the content of a vector that holds at least one element.
    @_lifetime(copy content)
    init(_ content: Span<UInt8>) throws(DecodeError) {
        guard !content.isEmpty else { throw .malformed("holds an empty list") }
        guard content.count.isMultiple(of: 2) else { throw .malformed("holds a list of odd length") }
        bytes = content
    }

    var count: Int { bytes.count / 2 }

    func rawValue(at index: Int) -> UInt16 {
        UInt16(bytes[2 * index]) << 8 | UInt16(bytes[2 * index + 1])
    }

    func contains(_ element: Element) -> Bool {
        let wanted = element.rawValue
        for index in 0..<count where rawValue(at: index) == wanted {
            return true
        }
        return false
    }
}

/// What the open sets of two-byte code points have in common: every wire value makes one.
protocol CodePoint: RawRepresentable<UInt16>, Equatable {
    init(rawValue: UInt16)
}

extension CipherSuite: CodePoint {}
extension NamedGroup: CodePoint {}
extension SignatureScheme: CodePoint {}
extension ProtocolVersion: CodePoint {}
extension CertificateCompressionAlgorithm: CodePoint {}

extension CodePointList {
    /// The element at an index below `count`.
    subscript(index: Int) -> Element {
        Element(rawValue: rawValue(at: index))
    }

    /// A copy that outlives the message.
    var array: [Element] {
        var elements: [Element] = []
        elements.reserveCapacity(count)
        for index in 0..<count {
            elements.append(self[index])
        }
        return elements
    }

    /// Whether an element stands in the list twice. For short lists: it compares each with each.
    var hasDuplicate: Bool {
        for index in 0..<count {
            for earlier in 0..<index where rawValue(at: earlier) == rawValue(at: index) { return true }
        }
        return false
    }

    /// The first element of `preferred` that is in the list: the receiver's order wins.
    func first(preferring preferred: [Element]) -> Element? {
        preferred.first { contains($0) }
    }
}
