// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import HTTPDCore

/// Users that look like the name in a certificate.
@Suite struct FakeUserNameTests {
    @Test(arguments: ["/C=DE/CN=alice", "/CN=alice", "/1.2.3.4=x", "/CN=", "/=", "/CN=\u{FFFD}", "/x/CN=alice"])
    func ours(user: String) { #expect(FakeUserName.isOne(user)) }

    @Test(arguments: ["", "/", "alice", "CN=alice,C=DE", "/home/alice", " /CN=alice", "a/CN=alice"])
    func others(user: String) { #expect(!FakeUserName.isOne(user)) }
}
