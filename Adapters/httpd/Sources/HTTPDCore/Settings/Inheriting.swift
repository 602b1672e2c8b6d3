// SPDX-License-Identifier: Apache-2.0

/// What the directives of one place say, inside what those of another say: what is nil here holds as it is there.
protocol Inheriting {}

extension Inheriting {
    /// Takes over what is said there and not here.
    mutating func inherit<each Value>(from outer: Self, _ paths: repeat WritableKeyPath<Self, (each Value)?>) {
        for path in repeat each paths { inherit(from: outer, at: path) }
    }

    private mutating func inherit<Value>(from outer: Self, at path: WritableKeyPath<Self, Value?>) {
        self[keyPath: path] = self[keyPath: path] ?? outer[keyPath: path]
    }
}
