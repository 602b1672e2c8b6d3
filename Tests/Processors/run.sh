#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Compiles what is Swift alone, ML-KEM and X25519, for other processors: run.sh compile
# and runs it on ARM, by qemu, against published results; compiles the library's C for ARM: run.sh test
# Of other processors every toolchain has Swift's library for machines without a system, and no other.
set -euo pipefail
cd "$(dirname "$0")/../.."

work=$(mktemp -d "${TMPDIR:-/tmp}/safetls-processors.XXXXXX")
trap 'rm -rf "$work"' EXIT

# compile TARGET MODULE FILE...: compiles a module, which sees those before.
compile() {
    local target=$1 module=$2
    shift 2
    swiftc -target "$target" -swift-version 6 -wmo -O -parse-as-library -package-name SafeTLS -strict-memory-safety -warnings-as-errors \
        -enable-experimental-feature Embedded -enable-experimental-feature Lifetimes -enable-upcoming-feature ExistentialAny \
        -enable-upcoming-feature InternalImportsByDefault -enable-upcoming-feature MemberImportVisibility \
        -I "$work" -module-name "$module" -emit-module -emit-module-path "$work/$module.swiftmodule" -c "$@" -o "$work/$module.o"
    echo "compiled $module for $target"
}

case ${1:-} in
compile)
    for target in aarch64-none-none-elf arm64-apple-none-macho riscv64-none-none-eabi; do
        for module in MLKEM Curve25519; do compile "$target" "$module" Sources/"$module"/*.swift; done
    done
    ;;
test)
    swift=$(dirname "$(realpath "$(command -v swiftc)")")
    echo '#include "shims.h"' > "$work/libcrypto.c"
    # The headers of OpenSSL are those of this machine; the C library's are ARM's.
    for file in Sources/CSockets/*.c Sources/CCertificateCompression/*.c "$work/libcrypto.c"; do
        "$swift/clang" --target=aarch64-linux-gnu -isystem /usr/aarch64-linux-gnu/include -I"$(dirname "$file")/include" -ISources/CLibcrypto \
            -idirafter /usr/include -idirafter "/usr/include/$(gcc -print-multiarch)" \
            -Wall -Wextra -Werror -Wno-unused-function -c "$file" -o "$work/c"
        echo "compiled ${file##*/} for aarch64-linux-gnu"
    done
    for module in MLKEM Curve25519; do compile aarch64-none-none-elf "$module" Sources/"$module"/*.swift; done
    compile aarch64-none-none-elf Processors Tests/Processors/*.swift Tests/MLKEMCheck/{Buffers,Draw,RoundTripResults}.swift
    # Debian's linker for ARM cannot link these objects; Swift's can.
    aarch64-linux-gnu-gcc -static -fuse-ld=lld -B"$swift" "$work"/*.o -o "$work/processors"
    qemu-aarch64 "$work/processors"
    echo "as published, on $(qemu-aarch64 --version | head -n 1)"
    ;;
*)
    sed -n '4,5s/^# //p' "$0" >&2
    exit 2
    ;;
esac
