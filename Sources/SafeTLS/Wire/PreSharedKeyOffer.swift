// SPDX-License-Identifier: Apache-2.0

/// A client's pre_shared_key extension (RFC 9846 §4.3.11), borrowed from its ClientHello.
struct PreSharedKeyOffer: ~Escapable {
    struct Identity: ~Escapable {
        let identity: Span<UInt8>
        let obfuscatedTicketAge: UInt32

        @_lifetime(copy reader)
        init(_ reader: inout ByteReader) throws(DecodeError) {
            identity = try reader.readVector16()
            obfuscatedTicketAge = try reader.readUInt32()
            guard !identity.isEmpty else { throw .malformed("holds an empty identity") }
        }
    }

    private let identities: Span<UInt8>
    private let binders: Span<UInt8>
    let count: Int

    @_lifetime(copy reader)
    init(_ reader: inout ByteReader) throws(DecodeError) {
        identities = try reader.readVector16()
        binders = try reader.readVector16()
        var identityReader = ByteReader(identities)
        var binderReader = ByteReader(binders)
        var identityCount = 0
        var binderCount = 0
        while !identityReader.isEmpty {
            _ = try Identity(&identityReader)
            identityCount += 1
        }
        while !binderReader.isEmpty {
            let binder = try binderReader.readVector8()
            guard binder.count >= 32 else { throw .malformed("holds a binder below 32 bytes") }
            binderCount += 1
        }
        guard identityCount > 0, binderCount > 0 else { throw .malformed("holds an empty list") }
        guard identityCount == binderCount else {
            throw .illegalParameter("holds \(identityCount) identities and \(binderCount) binders")
        }
        count = identityCount
    }

    /// How many bytes at the ClientHello's end the binders do not cover (RFC 9846 §4.3.11.2).
    var bindersByteCount: Int { 2 + binders.count }

    /// The identity at an index below `count`, nil for others.
    @_lifetime(copy self)
    func identity(at index: Int) -> Identity? {
        do throws(DecodeError) {
            var reader = ByteReader(identities)
            var position = 0
            while !reader.isEmpty {
                let next = try Identity(&reader)
                if position == index {
                    return next
                }
                position += 1
            }
        } catch {
            return nil
        }
        return nil
    }

    /// The binder at an index below `count`, nil for others.
    @_lifetime(copy self)
    func binder(at index: Int) -> Span<UInt8>? {
        do throws(DecodeError) {
            var reader = ByteReader(binders)
            var position = 0
            while !reader.isEmpty {
                let next = try reader.readVector8()
                if position == index {
                    return next
                }
                position += 1
            }
        } catch {
            return nil
        }
        return nil
    }
}
