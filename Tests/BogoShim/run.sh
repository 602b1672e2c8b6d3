#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs BoGo, BoringSSL's test runner, against BogoShim: run.sh SHIM [runner arguments...]
# The runner comes from Debian's source package of BoringSSL and is kept, built, in a cache outside the repository.
# Prints the runner's report of each failure, then the counts. Fails when a test fails.
set -euo pipefail

shim=$(realpath "$1")
shift
here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/safetls-bogo
package=android-platform-external-boringssl

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
    mkdir -p "$work/gopath/src/boringssl.googlesource.com/boringssl"
    tar -xf "$cache/$package"_*.orig.tar.* -C "$work/gopath/src/boringssl.googlesource.com/boringssl" \
        --strip-components=2 --wildcards '*/src/ssl/test/runner/*' '*/src/util/testresult/*'
    ln -s /usr/share/gocode/src/golang.org "$work/gopath/src/golang.org"
    (
        cd "$work/gopath/src/boringssl.googlesource.com/boringssl/ssl/test/runner"
        GOPATH=$work/gopath GO111MODULE=off GOFLAGS='' GOCACHE=$cache/gocache go test -c -o "$work/runner" .
        mkdir -p "$work/keys"
        cp -- *.pem "$work/keys/"
    )
    rm -rf "$cache/runner" "$cache/keys"
    mv "$work/keys" "$cache/keys"
    mv "$work/runner" "$cache/runner"
    chmod -R u+w "$work"
    rm -rf "$work"
}

mkdir -p "$cache"
if [ ! -x "$cache/runner" ]; then
    install_packages
    compgen -G "$cache/${package}_*.orig.tar.*" > /dev/null || download_source
    build_runner
fi

# The runner starts the shim some two thousand times.
measure_start() {
    python3 - "$1" << 'PYTHON'
import subprocess, sys, time

def milliseconds(command):
    times = []
    for _ in range(20):
        start = time.perf_counter()
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        times.append((time.perf_counter() - start) * 1000)
    return min(times)

shim, nothing = milliseconds([sys.argv[1], "-unknown-flag"]), milliseconds(["/bin/true"])
print("start of the shim: {:.1f} ms, of which {:.1f} ms for any process".format(shim, nothing))
PYTHON
}
measure_start "$shim"

results=$(mktemp -d "${TMPDIR:-/tmp}/safetls-bogo.XXXXXX")
trap 'rm -rf "$results"' EXIT
cd "$cache/keys"
status=0
"$cache/runner" -pipe -shim-path "$shim" -shim-config "$here/config.json" -allow-unimplemented \
    -num-workers "$(nproc)" -json-output "$results/results.json" "$@" > "$results/output" 2>&1 || status=$?
# The runner tells how many tests there are only in its status line: failed/unimplemented/done/started/total.
"$cache/runner" -shim-path "$shim" -test Alert > "$results/total" 2>&1 || true

python3 - "$results" "$here/config.json" << 'PYTHON' || status=1
import json, re, sys

folder, config = sys.argv[1:]
output = open(folder + "/output", encoding="utf-8", errors="replace").read()
report = [line for line in output.split("\n") if not re.match(r"(PASSED|UNIMPLEMENTED) \(.*\)$", line)]
print("\n".join(report).strip())
try:
    tests = json.load(open(folder + "/results.json"))["tests"]
except OSError:
    sys.exit("bogo: the runner did not finish")
if not all(reason.strip() for reason in json.load(open(config))["DisabledTests"].values()):
    sys.exit("bogo: config.json disables a test without a reason")
total = int(re.findall(r"\d+/\d+/\d+/\d+/(\d+)", open(folder + "/total").read())[-1])
count = lambda result: sum(test["actual"] == result for test in tests.values())
counts = [count("PASS"), count("FAIL"), count("SKIP"), total - len(tests)]
print("{} passed, {} failed, {} unimplemented, {} disabled".format(*counts))
PYTHON
exit "$status"
