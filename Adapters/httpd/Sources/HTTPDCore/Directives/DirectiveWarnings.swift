// SPDX-License-Identifier: Apache-2.0

/// What directives say that has no effect, each sentence once: a hundred hosts may include the same file.
public struct DirectiveWarnings {
    private struct Place {
        let first: String
        var others = 0
    }

    private var texts: [String] = []
    private var places: [String: Place] = [:]

    /// Nothing to say yet.
    public init() {}

    /// Adds what is to be said of a line.
    public mutating func add(_ text: String, at place: String) {
        if places[text] == nil {
            texts.append(text)
            places[text] = Place(first: place)
        } else {
            places[text]?.others += 1
        }
    }

    /// The sentences in their order, each with its first place and how often else it would be said.
    public var sentences: [String] {
        texts.map { text in
            guard let place = places[text] else { return text }
            let more = place.others == 0 ? "" : ", and \(place.others) more time\(place.others == 1 ? "" : "s")"
            return "\(text) (\(place.first)\(more))"
        }
    }
}
