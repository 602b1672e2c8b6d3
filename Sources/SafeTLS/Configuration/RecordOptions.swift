// SPDX-License-Identifier: Apache-2.0

/// How a connection cuts its data into records.
public struct RecordOptions: Hashable, Sendable {
    /// The largest record to receive, in bytes of plaintext, 64 to 16,385; in TLS 1.3 the content type and padding count
    /// (RFC 8449 §4). Default: nil, what the protocol allows.
    ///
    /// A client asks servers for it, by max_fragment_length too when one of its four lengths comes close (RFC 6066 §4). A
    /// server tells it to clients that ask. Peers that know neither extension send records of any size.
    public var sizeLimit: Int?
    /// Whether the first data go out in records that fit into one TCP segment each, so that a peer can use them as they
    /// arrive; after some 54 KiB records are full. Default: false.
    public var startsSmall = false
    /// TLS 1.3: application data are padded to a multiple of so many bytes, the content type included (RFC 9846 §5.4).
    /// It hides lengths, and costs bandwidth and a copy. Default: 0, no padding.
    public var paddingMultiple = 0

    /// Creates the default options: records as large as the protocol and the peer allow, without padding.
    public init() {}
}
