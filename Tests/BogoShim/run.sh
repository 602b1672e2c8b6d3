#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs BoGo, BoringSSL's test runner, against BogoShim: run.sh SHIM [runner arguments...]
# The runner comes from Debian's source package of BoringSSL and is kept, built, in a cache outside the repository;
# RUNNER=file names another one that is built already, with its keys (*.pem) beside it.
# Prints the runner's report of each failure, then the counts. Fails when a test fails, when fewer pass than have to, and
# when the shim lacks something that config.json does not say it lacks.
set -euo pipefail

shim=$(realpath "$1")
shift
here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/safetls-bogo
package=android-platform-external-boringssl
runner=${RUNNER:+$(realpath "$RUNNER")}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

install_packages() {
    local missing=() name
    for name in golang-go golang-golang-x-crypto-dev golang-golang-x-net-dev python3; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2> /dev/null)" = installed ] || missing+=("$name")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    echo "bogo: installing ${missing[*]}"
    as_root apt-get update -q
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"
}

# The source needs a deb-src line, which a system need not have: apt gets a list and a state of its own.
download_source() {
    local keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    mkdir -p "$cache/apt/lists/partial"
    echo "deb-src [signed-by=$keyring] http://deb.debian.org/debian bookworm main" > "$cache/apt/sources.list"
    local options=(
        -q -oDir::Etc::sourcelist="$cache/apt/sources.list" -oDir::Etc::sourceparts=/dev/null
        -oDir::State::Lists="$cache/apt/lists" -oAPT::Sandbox::User=
    )
    (cd "$cache" && apt-get "${options[@]}" update && apt-get "${options[@]}" source --download-only "$package")
}

build_runner() {
    local work=$cache/work.$$
    rm -rf "$work"
    mkdir -p "$work/gopath/src/boringssl.googlesource.com/boringssl" "$work/keys"
    tar -xf "$cache/$package"_*.orig.tar.* -C "$work/gopath/src/boringssl.googlesource.com/boringssl" \
        --strip-components=2 --wildcards '*/src/ssl/test/runner/*' '*/src/util/testresult/*'
    ln -s /usr/share/gocode/src/golang.org "$work/gopath/src/golang.org"
    (
        cd "$work/gopath/src/boringssl.googlesource.com/boringssl/ssl/test/runner"
        GOPATH=$work/gopath GO111MODULE=off GOFLAGS='' GOCACHE=$cache/gocache go test -c -o "$work/keys/runner" .
        cp -- *.pem "$work/keys/"
    )
    rm -rf "$cache/runner" "$cache/keys"
    mv "$work/keys" "$cache/runner"
    chmod -R u+w "$work"
    rm -rf "$work"
}

if [ -z "$runner" ]; then
    runner=$cache/runner/runner
    mkdir -p "$cache"
    if [ ! -x "$runner" ]; then
        install_packages
        compgen -G "$cache/${package}_*.orig.tar.*" > /dev/null || download_source
        build_runner
    fi
fi

results=$(mktemp -d "${TMPDIR:-/tmp}/safetls-bogo.XXXXXX")
trap 'rm -rf "$results"' EXIT
python3 "$here/report.py" start "$shim"

# A shim that has nothing tells the names of all tests, and so which runner this is.
cat > "$results/nothing" << 'SCRIPT'
#!/bin/sh
[ "$1" != -is-handshaker-supported ] || { echo No; exit 0; }
exit 89
SCRIPT
# What the shim lacks it says on standard output, which the runner drops.
cat > "$results/shim" << 'SCRIPT'
#!/bin/sh
words=$("$BOGO_SHIM" "$@")
status=$?
[ "$status" != 89 ] || printf '%s\n' "$words" >> "$BOGO_LACKING"
printf '%s\n' "$words"
exit "$status"
SCRIPT
chmod +x "$results/nothing" "$results/shim"

cd "$(dirname "$runner")"
"$runner" -pipe -shim-path "$results/nothing" -allow-unimplemented -num-workers "$(nproc)" \
    -json-output "$results/names.json" > "$results/names" 2>&1 || { cat "$results/names"; exit 1; }
python3 "$here/report.py" configure "$results" "$here/config.json"

status=0
BOGO_SHIM=$shim BOGO_LACKING=$results/lacking "$runner" -pipe -shim-path "$results/shim" \
    -shim-config "$results/config.json" -allow-unimplemented -num-workers "$(nproc)" \
    -json-output "$results/results.json" "$@" > "$results/output" 2>&1 || status=$?
python3 "$here/report.py" report "$results" "$here/config.json" $# || status=1
exit "$status"
