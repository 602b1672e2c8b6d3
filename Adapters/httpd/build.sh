#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the httpd module with one of its faces: build.sh .../mod_tls.so, build.sh .../mod_ssl.so
# Environment: APXS (default: apxs2 or apxs), APR_CONFIG (default: apr-1-config), STRIP=0 keeps the symbols.
set -eu

output=${1:?usage: build.sh .../mod_tls.so or .../mod_ssl.so}
product=$(basename "$output" .so)
here=$(cd "$(dirname "$0")" && pwd)

find_tool() {
    for tool in "$@"; do
        if command -v "$tool" >/dev/null 2>&1; then
            echo "$tool"
            return
        fi
    done
    echo "build.sh: none of '$*' found; on Debian: apt-get install apache2-dev" >&2
    exit 1
}

apxs=${APXS:-$(find_tool apxs2 apxs)}
apr_config=${APR_CONFIG:-$(find_tool apr-1-config apr-config)}
HTTPD_CFLAGS="-I$("$apxs" -q INCLUDEDIR) $("$apr_config" --includes)"
# The module takes nothing but this repository: it is built without a network.
SAFETLS_LIBRARY_ONLY=1
export HTTPD_CFLAGS SAFETLS_LIBRARY_ONLY

# The runtime is linked in, so that httpd needs no Swift installation. Where the sources lie is not to be seen in the module.
root=$(cd "$here/../.." && pwd)
build_module() {
    swift build --package-path "$here" -c release --product "$product" -Xswiftc -static-stdlib --disable-local-rpath \
        -Xcc "-ffile-prefix-map=$root=." -Xswiftc -file-prefix-map -Xswiftc "$root=." "$@"
}
build_module
built=$(build_module --show-bin-path)/lib$product.so

mkdir -p "$(dirname "$output")"
cp "$built" "$output.new"
if [ "${STRIP:-1}" != 0 ] && command -v strip >/dev/null 2>&1; then
    strip --strip-unneeded --remove-section=.comment "$output.new"
    # The compiler's hashes of its input, which nobody reads at run time, depend on where the sources lie.
    if objdump --section-headers "$output.new" | grep -qF .swift_modhash; then
        objcopy --dump-section .swift_modhash="$output.hashes" "$output.new"
        size=$(wc -c < "$output.hashes")
        truncate --size 0 "$output.hashes"
        truncate --size "$size" "$output.hashes"
        objcopy --update-section .swift_modhash="$output.hashes" "$output.new"
        rm "$output.hashes"
    fi
fi
# A running httpd may have the old file mapped: replace the name, never the bytes.
mv "$output.new" "$output"
