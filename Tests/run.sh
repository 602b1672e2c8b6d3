#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs the root package's tests, which have been built: run.sh [ARGUMENTS]
# With arguments, which `swift test` understands, in one process. Without, in several side by side: most tests wait for other
# programs, and a process of tests has no more of them under way than there are processors.
set -euo pipefail
# A share is a group of processes, which ends together.
set -m
cd "$(dirname "$0")/.."
[ $# = 0 ] || exec swift test --skip-build "$@"
tests=$(swift build --show-bin-path)/SafeTLSPackageTests.xctest

# By the names of suites; what no line takes is the last share's. Each has ports of its own for its servers.
names=(httpd-a-d httpd-e-o httpd-p-q httpd-r httpd-s-z interop rest)
patterns=('HTTPDTests\.[A-D]' 'HTTPDTests\.[E-O]' 'HTTPDTests\.[PQ]' 'HTTPDTests\.R' 'HTTPDTests\.' 'InteropTests\.' '.')
ports=12000

logs=$(mktemp -d "${TMPDIR:-/tmp}/safetls-tests-logs.XXXXXX")
export SAFETLS_TESTS_LOCK=$logs/lock
shares=()
finish() {
    for share in "${shares[@]}"; do kill -- "-$share" 2> /dev/null || true; done
    wait
    rm -rf "$logs"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

before=()
for index in "${!names[@]}"; do
    # SwiftPM would let one at a time into its directory.
    SAFETLS_TEST_PORTS=$ports-$((ports + 2800)) Tests/steady.py "$tests" --filter "${patterns[index]}" "${before[@]}" \
        > "$logs/${names[index]}" 2>&1 &
    shares+=($!)
    before+=(--skip "${patterns[index]}")
    ports=$((ports + 2800))
done

failed=()
for index in "${!names[@]}"; do
    wait "${shares[index]}" || failed+=("${names[index]}")
    cat "$logs/${names[index]}"
done
shares=()
[ ${#failed[@]} = 0 ] || { echo "run.sh: failed: ${failed[*]}" >&2; exit 1; }
