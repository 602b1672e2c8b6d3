#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What this project promises to do without: Foundation, Dispatch, libssl and Swift's concurrency runtime. httpd forks, and no
# thread may exist before it does; a second TLS library in its processes is one too many.
#
#     linkage.sh objects DIRECTORY...    fails when an object file there calls any of them
#     linkage.sh modules FILE...         fails when a module needs other libraries than those below
set -euo pipefail

usage() {
    sed -n '7,8s/^#  *//p' "$0" >&2
    exit 2
}

complain() {
    echo "linkage: $1" >&2
    exit 1
}

# Beginnings of symbols, and in Swift's mangled ones names of modules. $sSc… is what belongs to concurrency.
declare -A unwanted=(
    [Foundation]='^_?NS[A-Z]|^CF[A-Z]|^(_swift_|__swift_FORCE_LOAD_).*Foundation|^\$s.*(10Foundation|20FoundationEssentials)'
    [Dispatch]='^_?dispatch_|^__swift_FORCE_LOAD_.*Dispatch|^\$s.*8Dispatch[0-9A-Z]'
    [libssl]='^_?(SSL|SSL3|TLS|TLSv1|TLSv1_2|DTLS|DTLSv1)_|^_?(OPENSSL_init_ssl|BIO_f_ssl|BIO_new_ssl)'
    ["the concurrency runtime"]='^_?swift_(task|taskGroup|job|continuation|async|asyncLet|executor|defaultActor|nonDefaultDistributedActor|distributedActor)|^\$sSc'
)

check_objects() {
    local directory objects symbols what found
    for directory; do
        mapfile -d '' -t objects < <(find "$directory" -name '*.o' -print0)
        [ ${#objects[@]} -gt 0 ] || complain "there are no object files in $directory: build first"
        # With the name of the file before each symbol.
        symbols=$(nm --print-file-name --undefined-only --no-demangle "${objects[@]}" | awk '{ print $NF " in " $1 }')
        for what in "${!unwanted[@]}"; do
            if found=$(grep -E -m 1 "${unwanted[$what]}" <<< "$symbols"); then
                complain "this calls $what: $found"
            fi
        done
        echo "linkage: $directory is as it should be"
    done
}

# By their names without versions, since these differ from system to system. The loader is there for thread-local variables.
libraries='ld-linux libbrotlidec libbrotlienc libc libcrypto libgcc_s libm libstdc++ libz'

check_modules() {
    local file needed
    for file; do
        [ -e "$file" ] || complain "$file is not there"
        needed=$(readelf --wide --dynamic "$file" | sed -nE 's/.*\(NEEDED\).*\[(.*)\].*/\1/p' \
            | sed -E 's/\.so.*//; s/^ld-linux.*/ld-linux/' | LC_ALL=C sort | tr '\n' ' ')
        [ "${needed% }" = "$libraries" ] || complain "$file needs the libraries ${needed% }, and should need $libraries"
        echo "linkage: $file needs what it should"
    done
}

[ $# -ge 2 ] || usage
what=$1
shift
case $what in
objects) check_objects "$@" ;;
modules) check_modules "$@" ;;
*) usage ;;
esac
