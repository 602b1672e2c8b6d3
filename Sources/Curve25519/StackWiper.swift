// SPDX-License-Identifier: Apache-2.0

/// Overwrites the part of the stack below the caller, where the functions that it has called had their variables.
///
/// A scalar, what was made of it and copies of registers are all there, whatever the optimiser has made of them: functions that do
/// the work are never inlined into those that call this. `make constant-time` looks for what is left.
@inline(never)
func wipeStack() {
    var bytes = InlineArray<512, UInt64>(repeating: 0)
    keep(&bytes)
}

/// Does nothing, which the optimiser doesn't know: what was written has to be in memory.
@inline(never) @_optimize(none)
private func keep(_ bytes: inout InlineArray<512, UInt64>) {}
