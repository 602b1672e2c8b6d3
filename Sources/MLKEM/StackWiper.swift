// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Overwrites the part of the stack below the caller, where the functions that it has called had their variables.
///
/// An operation's vectors, hash states and copies of registers are all there, whatever the optimiser has made of them: functions
/// that do the work are never inlined into those that call this. The deepest take some 32 KiB in all; `make constant-time`
/// looks for what is left.
@inline(never)
func wipeStack() {
    var bytes = InlineArray<5120, UInt64>(repeating: 0)
    keep(&bytes)
}

/// Always zero, which the optimiser doesn't know, since there is something below that would change it.
let zero = Atomic<Int>(0)

/// Has what was written in memory: one of the words is read, no optimiser knows which, and something would follow if it were
/// not zero. An empty function is not enough: where a whole module is optimised at once, calls of it may go, and with them the
/// bytes.
@inline(never) @_optimize(none)
private func keep(_ bytes: inout InlineArray<5120, UInt64>) {
    let place = zero.load(ordering: .relaxed)
    if bytes[place & 4095] != 0 { zero.store(place &+ 1, ordering: .relaxed) }
}
