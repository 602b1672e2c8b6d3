// SPDX-License-Identifier: Apache-2.0

/// The alternative names of a certificate, found one after the other where they lie: a list of their positions would be
/// longer than the names.
struct AlternativeNames: Sequence {
    private let der: [UInt8]
    /// The names, which the parser has checked.
    private let list: Range<Int>

    init(_ certificate: Certificate) {
        der = certificate.der
        list = certificate.storage.fields.extensions.subjectAlternativeNames
    }

    var isEmpty: Bool { list.isEmpty }

    func makeIterator() -> Iterator { Iterator(der: der, rest: list) }

    struct Iterator: IteratorProtocol {
        fileprivate let der: [UInt8]
        fileprivate var rest: Range<Int>

        mutating func next() -> GeneralNamePosition? {
            guard !rest.isEmpty else { return nil }
            var reader = DERReader(der.span, in: rest)
            guard let element = try? reader.next() else { return nil }
            rest = element.content.upperBound..<Swift.max(element.content.upperBound, rest.upperBound)
            return GeneralNamePosition(tag: element.tag, content: element.content)
        }
    }
}
