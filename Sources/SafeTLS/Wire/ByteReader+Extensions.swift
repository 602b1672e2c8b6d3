// SPDX-License-Identifier: Apache-2.0

/// Bodies of extensions that several messages share.
extension ByteReader {
    @_lifetime(self: copy self)
    @_lifetime(copy self)
    mutating func readCodePoints8<Element: CodePoint>() throws(DecodeError) -> CodePointList<Element> {
        try CodePointList(readVector8())
    }

    @_lifetime(self: copy self)
    @_lifetime(copy self)
    mutating func readCodePoints16<Element: CodePoint>() throws(DecodeError) -> CodePointList<Element> {
        try CodePointList(readVector16())
    }

    /// A one-byte-per-element list that holds at least one.
    @_lifetime(self: copy self)
    @_lifetime(copy self)
    mutating func readBytes8() throws(DecodeError) -> Span<UInt8> {
        let list = try readVector8()
        guard !list.isEmpty else { throw .malformed("holds an empty list") }
        return list
    }

    /// `ProtocolName protocol_name_list<2..2^16-1>` (RFC 7301 §3.1).
    @_lifetime(self: copy self)
    @_lifetime(copy self)
    mutating func readProtocolNames() throws(DecodeError) -> OpaqueList {
        try OpaqueList(readVector16(), prefix: .one)
    }

    /// A server's answer: a list of exactly one name (RFC 7301 §3.1).
    @_lifetime(self: copy self)
    @_lifetime(copy self)
    mutating func readSelectedProtocol() throws(DecodeError) -> Span<UInt8> {
        var list = ByteReader(try readVector16())
        let name = try list.readVector8()
        guard !name.isEmpty else { throw .malformed("holds an empty name") }
        guard list.isEmpty else { throw .malformed("holds more than one name") }
        return name
    }

    @_lifetime(self: copy self)
    @_lifetime(copy self)
    mutating func readDistinguishedNames() throws(DecodeError) -> OpaqueList {
        try OpaqueList(readVector16(), prefix: .two)
    }

    /// `ServerNameList` (RFC 6066 §3): the host name, nil if there are only names of other types. These
    /// are skipped: the RFC promises that each starts with a two-byte length.
    @_lifetime(self: copy self)
    @_lifetime(copy self)
    mutating func readServerNameList() throws(DecodeError) -> Span<UInt8>? {
        var list = ByteReader(try readVector16())
        guard !list.isEmpty else { throw .malformed("holds an empty list") }
        var hostName: Span<UInt8>? = nil
        while !list.isEmpty {
            let type = try list.readUInt8()
            let name = try list.readVector16()
            guard type == 0 else { continue }
            guard !name.isEmpty else { throw .malformed("holds an empty host name") }
            guard hostName == nil else { throw .illegalParameter("holds two host names") }
            // What else is no DNS name is merely unusual: hosts are called so, and others find them.
            guard name.count <= TLSLimits.hostNameLength else {
                throw .illegalParameter("holds a name that is too long")
            }
            for index in 0..<name.count where name[index] == 0 {
                throw .illegalParameter("holds a name with a NUL byte")
            }
            hostName = name
        }
        return hostName
    }

    /// `CertificateStatusRequest` (RFC 6066 §8): whether OCSP is asked for.
    @_lifetime(self: copy self)
    mutating func readStatusRequest() throws(DecodeError) -> Bool {
        guard try readUInt8() == 1 else {
            _ = readRest()
            return false
        }
        _ = try readVector16()
        _ = try readVector16()
        return true
    }

    /// `CertificateStatus` (RFC 6066 §8, RFC 9846 §4.5.1.1): a DER OCSPResponse.
    @_lifetime(self: copy self)
    @_lifetime(copy self)
    mutating func readCertificateStatus() throws(DecodeError) -> Span<UInt8> {
        guard try readUInt8() == 1 else { throw .illegalParameter("holds a status of unknown type") }
        let response = try readVector24()
        guard !response.isEmpty else { throw .malformed("holds an empty OCSP response") }
        return response
    }

    /// `SignedCertificateTimestampList` (RFC 6962 §3.3), with its length in front: at least one timestamp, none empty.
    @_lifetime(self: copy self)
    @_lifetime(copy self)
    mutating func readTimestampList() throws(DecodeError) -> Span<UInt8> {
        let whole = readRest()
        var reader = ByteReader(whole)
        _ = try OpaqueList(reader.readVector16(), prefix: .two)
        try reader.expectEnd()
        return whole
    }

    /// RFC 6066 §4: 1 for 512 bytes … 4 for 4096.
    @_lifetime(self: copy self)
    mutating func readMaxFragmentLength() throws(DecodeError) -> UInt8 {
        let code = try readUInt8()
        guard (1...4).contains(code) else { throw .illegalParameter("holds an unknown length") }
        return code
    }

    /// RFC 8449 §4: below 64 is fatal.
    @_lifetime(self: copy self)
    mutating func readRecordSizeLimit() throws(DecodeError) -> UInt16 {
        let limit = try readUInt16()
        guard limit >= 64 else { throw .illegalParameter("is below 64 bytes") }
        return limit
    }

    /// `opaque cookie<1..2^16-1>` (RFC 9846 §4.3.2).
    @_lifetime(self: copy self)
    @_lifetime(copy self)
    mutating func readCookie() throws(DecodeError) -> Span<UInt8> {
        let cookie = try readVector16()
        guard !cookie.isEmpty else { throw .malformed("is empty") }
        return cookie
    }

    /// `opaque legacy_session_id<0..32>` (RFC 9846 §4.2.2).
    @_lifetime(self: copy self)
    @_lifetime(copy self)
    mutating func readSessionID() throws(DecodeError) -> Span<UInt8> {
        let sessionID = try readVector8()
        guard sessionID.count <= 32 else { throw .malformed("session ID is longer than 32 bytes") }
        return sessionID
    }
}
