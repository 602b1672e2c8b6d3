#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# load.sh MODULE [SECONDS]: puts one httpd under load over TLS and over plain HTTP, with a graceful restart in the
# middle of each run, and prints what failed, how the children's memory grew and what the error log says.
# Exit status 1 when TLS does worse than plain HTTP, memory grows or the log complains.
set -euo pipefail
source "$(dirname "$0")/site.sh"
module=$1
seconds=${2:-30}
verdict=0
client=

leave_load() {
    [ -z "$client" ] || kill "$client" 2> /dev/null || true
    leave_site
}

# Kilobytes of resident memory of httpd's children; the parent stays the same through restarts.
children_memory() {
    ps -o rss= --ppid "$httpd" | awk '{ sum += $1; if ($1 > most) most = $1 } END { print most + 0 }'
}

# load NAME COMMAND...: runs the command for $seconds with a graceful restart in the middle.
# Sets $requests, $failures, $early and $late (the largest child's memory in kB, at a third and at the end).
load() {
    local name=$1 output=$site/$1.txt
    shift
    "$@" > "$output" 2>&1 &
    client=$!
    sleep $((seconds / 3))
    early=$(children_memory)
    sleep $((seconds / 6))
    kill -USR1 "$httpd"
    sleep $((seconds - seconds / 3 - seconds / 6 - 1))
    late=$(children_memory)
    wait "$client" || true
    client=
    case $1 in
        h2load) # requests: N total, N started, N done, N succeeded, N failed, N errored, N timeout
            requests=$(sed -nE 's/^requests: .* ([0-9]+) succeeded.*/\1/p' "$output")
            failures=$(sed -nE 's/^requests: .* ([0-9]+) failed, ([0-9]+) errored.*/\1 \2/p' "$output" \
                | awk '{ print ($1 > $2 ? $1 : $2) }')
            ;;
        wrk) # "Socket errors: connect 0, read 5, write 0, timeout 0" and "Non-2xx or 3xx responses: 1", if any
            requests=$(sed -nE 's/^ *([0-9]+) requests in .*/\1/p' "$output")
            failures=$(sed -nE 's/.*connect ([0-9]+), read ([0-9]+), write ([0-9]+), timeout ([0-9]+).*/\1 \2 \3 \4/p;
                s/.*Non-2xx or 3xx responses: ([0-9]+)/\1/p' "$output" | awk '{ sum += $1 + $2 + $3 + $4 } END { print sum + 0 }')
            ;;
    esac
    requests=${requests:-0}
    failures=${failures:-0}
    printf '%-28s %10d requests %6d failed   child %6d kB → %6d kB\n' "$name" "$requests" "$failures" "$early" "$late"
    [ "$requests" -gt 0 ] || { cat "$output"; verdict=1; }
}

# compare NAME KEPT COMMAND...: the command with the TLS address appended must fail no more often than with the
# plain one. The restart closes each of the KEPT connections that is idle at that moment, which clients count as a
# failure; how many are is chance, over plain HTTP as well.
compare() {
    local name=$1 kept=$2 allowed
    shift 2
    load "$name-plain" "$@" "http://localhost:$plain_port/"
    allowed=$((failures > kept ? failures : kept))
    load "$name-tls" "$@" "https://localhost:$port/"
    if [ "$failures" -gt "$allowed" ]; then
        echo "    $failures failures over TLS, where $allowed are no surprise"
        verdict=1
    fi
    # Children that a restart has just started are still filling their caches: a tenth and 2 MB are no leak.
    if [ "$late" -gt $((early + early / 10 + 2048)) ]; then
        echo "    the largest child grew from $early kB to $late kB"
        verdict=1
    fi
}

make_site
trap leave_load EXIT
port=$(free_port)
plain_port=$(free_port)
write_configuration "$module" "$port" "$plain_port"
cat >> "$site/httpd.conf" <<'CONF'
KeepAlive On
MaxKeepAliveRequests 0
Protocols h2c http/1.1
CONF
start_httpd "$port"
echo "$seconds s each, a graceful restart in the middle; child: the largest child's memory before it and at the end"

compare keep-alive 20 wrk --threads 1 --connections 20 --duration "${seconds}s"
compare new-connections 0 wrk --threads 1 --connections 20 --duration "${seconds}s" --header "Connection: close"
compare http2 10 h2load --threads=1 --clients=10 --duration="$seconds"

if complaints=$(grep -E ':(warn|error|crit|alert|emerg)\]|exit signal' "$site/logs/error.log"); then
    echo "error log above notice:"
    head -n 20 <<< "$complaints"
    verdict=1
else
    echo "error log: nothing above notice"
fi
[ "$verdict" = 0 ] && echo "verdict: as good as plain HTTP" || echo "verdict: worse than plain HTTP"
exit "$verdict"
