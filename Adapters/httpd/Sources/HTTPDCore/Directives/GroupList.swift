// SPDX-License-Identifier: Apache-2.0
import SafeTLS

/// A list of key exchange groups in OpenSSL's language, for instance `?*X25519MLKEM768 / ?*X25519:secp256r1`.
struct GroupList: Equatable, Sendable {
    /// The groups, most wanted first.
    let groups: [NamedGroup]
    /// The groups behind a slash: a client that has one before it gets none behind it.
    let tierStarts: [NamedGroup]
    /// The groups with an asterisk, which a client sends key shares of; nil where none has one.
    let keyShares: [NamedGroup]?

    /// Reads a list. Names that are not supported are passed over, if any remains. Separators of the list are colons; commas and
    /// blanks do as well.
    init(_ text: String) throws(DirectiveError) {
        var tiers: [[NamedGroup]] = []
        var shares: [NamedGroup] = []
        for tier in text.split(separator: "/") {
            tiers.append([])
            for word in tier.split(whereSeparator: { ":,".contains($0) || $0.isWhitespace }) {
                Self.read(word, into: &tiers, &shares)
            }
        }
        tiers.removeAll(where: \.isEmpty)
        groups = tiers.flatMap(\.self)
        tierStarts = tiers.dropFirst().map { $0[0] }
        let groups = groups
        // Each takes a key of its own, unless one is part of another: no client makes more than two.
        shares = Array(shares.filter(groups.contains).prefix(2))
        keyShares = shares.isEmpty ? nil : shares
        guard !groups.isEmpty else {
            throw DirectiveError(
                "'\(text)' names no group that is supported: "
                    + NamedGroup.supported.map(\.name).joined(separator: ", ")
            )
        }
    }

    /// OpenSSL 3.5 marks names that may be unknown, those that get a key share, and those to leave out.
    private static func read(_ word: Substring, into tiers: inout [[NamedGroup]], _ shares: inout [NamedGroup]) {
        let marks = word.prefix { "?*-+".contains($0) }
        let name = String(word[marks.endIndex...])
        let known = tiers.flatMap(\.self)
        let last = tiers.count - 1
        if marks.contains("-") {
            for index in tiers.indices { tiers[index].removeAll { $0 == NamedGroup(name: name) } }
        } else if ["automatic", "auto", "default"].contains(name.lowercased()) {
            tiers[last] += NamedGroup.supported.filter { !known.contains($0) }
        } else if let group = NamedGroup(name: name) {
            if !known.contains(group) { tiers[last].append(group) }
            if marks.contains("*"), !shares.contains(group) { shares.append(group) }
        }
    }

    func apply(to options: inout ServerOptions) {
        options.groups = groups
        options.groupTierStarts = tierStarts
    }

    func apply(to options: inout ClientOptions) {
        options.groups = groups
        options.keyShares = keyShares
    }
}
