// SPDX-License-Identifier: Apache-2.0

import SafeTLS

/// SafeTLS alone doing one thing so often: for tools that count what a process does, such as callgrind.
struct Repetition {
    var name: String
    var count: Int

    /// Runs it; a report has nothing of this.
    func run() throws {
        if let benchmark = HandshakeCase.all.first(where: { $0.name == name }) {
            _ = try SafeTLSPeer(key: benchmark.key, version: benchmark.version).handshakes(count)
        } else if let benchmark = RecordCase.all.first(where: { $0.name == name }) {
            let peer = try SafeTLSPeer(key: .p256, version: .tls13, cipher: benchmark.cipher)
            var bulk = try peer.bulk(recordSize: benchmark.size)
            _ = try bulk.records(count)
        } else {
            throw BenchmarkFailure("\(name) cannot be repeated by itself")
        }
    }
}
