#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# inspect.sh [--here] FILE...: fails unless the files are hardened and run on every system that they are meant for. With --here
# it does not matter on which systems they run.
set -euo pipefail

# The newest version of each library's symbols that a file may need: what RHEL 9 has, whose parts are the oldest. Debian 12 and
# Ubuntu 22.04 have more. The largest size is for what is linked in without being used, see below.
declare -A newest=(
    [GLIBC]=2.34 [OPENSSL]=3.0.0 [GLIBCXX]=3.4.29 [CXXABI]=1.3.13 [GCC]=7.0.0
)

# Of a module's 10 MB more than a half is Swift's runtime and standard library, a quarter this project's code, a sixth tables for
# unwinding and relocation. What nobody calls is left out by the linker; the engine of regular expressions would be 1.4 MB more.
# The command line has Foundation and its argument parser, too.
largest() {
    case $(basename "$1") in
    safetls) echo 19000000 ;;
    *) echo 10500000 ;;
    esac
}

complain() {
    echo "inspect: $file $1" >&2
    exit 1
}

# What an attacker would like to write to, or to run.
check_hardening() {
    local dynamic segments
    dynamic=$(readelf --wide --dynamic "$file")
    segments=$(readelf --wide --segments "$file")
    grep -qE 'FLAGS.*(BIND_NOW|NOW)' <<< "$dynamic" || complain "is not bound when it is loaded (-z now)"
    ! grep -E 'R(UN)?PATH' <<< "$dynamic" >&2 || complain "looks for libraries in places of its own"
    ! grep -q TEXTREL <<< "$dynamic" || complain "changes its code when it is loaded"
    grep -q GNU_RELRO <<< "$segments" || complain "can change its tables of functions"
    # Without that header the stack can be run.
    grep -q GNU_STACK <<< "$segments" || complain "does not say that its stack is not to be run"
    ! grep -E 'GNU_STACK.* RWE ' <<< "$segments" >&2 || complain "can run what is on its stack"
    ! grep -E 'LOAD.* RWE ' <<< "$segments" >&2 || complain "can run what it can write"
    grep -q 'type DYN' <<< "$(readelf --wide --file-header "$file" | sed 's/Type: */type /')" \
        || complain "is not position-independent"
}

check_versions() {
    local headers needed library version limit
    headers=$(objdump --private-headers "$file") || complain "cannot be read"
    # What the loader asks for, whether a symbol uses it or not.
    needed=$(awk '/^[^ ]/ { inside = /^Version References/ } inside && NF == 4 { print $4 }' <<< "$headers")
    grep -q ^GLIBC_ <<< "$needed" || complain "needs no version of glibc, which cannot be"
    while IFS= read -r version; do
        library=${version%%_*}
        version=${version#*_}
        limit=${newest[$library]:-}
        [ -n "$limit" ] || complain "needs ${library}_$version, and there is no limit for that library"
        [ "$(printf '%s\n' "$version" "$limit" | sort --version-sort | tail -n 1)" = "$limit" ] \
            || complain "needs ${library}_$version; systems that it is meant for have ${library}_$limit"
    done <<< "$needed"
}

check_size() {
    [ "$(stat --format %s "$file")" -le "$(largest "$file")" ] \
        || complain "has more than $(largest "$file") bytes: is something linked in that is not needed?"
}

here=
[ "${1:-}" != --here ] || { here=1; shift; }
[ $# -gt 0 ] || { echo "usage: inspect.sh [--here] FILE..." >&2; exit 2; }
for file; do
    [ -e "$file" ] || complain "is not there"
    check_hardening
    [ -n "$here" ] || { check_versions; check_size; }
    echo "inspect: $file is as it should be"
done
