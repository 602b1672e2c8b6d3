#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Compiles the files that keep sessions – in a class, an actor, a Mutex, a generic class, a channel handler before a NIOAsyncChannel, an
# actor over one – in every mode of the compiler. What the compiler finds wrong with lifetimes depends on the mode. modes.sh DIRECTORY,
# the one of products, which has the modules.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
products=$(cd "$1" && pwd -P)
work=$(mktemp -d "${TMPDIR:-/tmp}/safetls-modes.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"

files=("$root/Examples/Sources/KeepingSessions/SessionKeepers.swift" "$root/Adapters/nio/Tests/SafeTLSNIOTests/KeptSessions.swift")
flags=(-swift-version 6 -parse-as-library -module-name KeptSessions -I "$products/Modules" -strict-memory-safety -warnings-as-errors
    -enable-upcoming-feature ExistentialAny -enable-upcoming-feature InternalImportsByDefault
    -enable-upcoming-feature MemberImportVisibility)
# The modules of C that those of Swift import.
for map in "$root"/Sources/*/module.modulemap "$products"/*.build/module.modulemap \
    "$(dirname "$(dirname "$products")")"/checkouts/*/Sources/*/include/module.modulemap; do
    if [ -e "$map" ]; then flags+=(-Xcc "-fmodule-map-file=$map"); fi
done

for mode in "-Onone" "-O" "-O -wmo"; do
    # shellcheck disable=SC2086
    swiftc $mode "${flags[@]}" -c "${files[@]}"
    echo "passed  sessions that are kept compile with $mode"
done
