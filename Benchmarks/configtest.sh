#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# configtest.sh [HOSTS [ROUNDS]]: what `apachectl configtest` costs with so many hosts (1000), the module beside Debian's mod_ssl:
# the median of CPU seconds, in turns. Each host has a certificate of its own, or all have one.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
hosts=${1:-1000} rounds=${2:-5}
modules=${MODULES:-/usr/lib/apache2/modules}
stand_in=${MODULE:-$root/build/mod_ssl.so}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

certificate() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 90 -subj "/CN=$1.example" \
        -addext "subjectAltName=DNS:$1.example" -keyout "$work/$1.key" -out "$work/$1.pem" 2> "$work/openssl.log" \
        || { cat "$work/openssl.log" >&2; exit 1; }
}

# configuration MODULE KIND: KIND is "own" or "one".
configuration() {
    printf '%s\n' "ServerRoot $work" "PidFile $work/pid" "ErrorLog $work/error.log" "ServerName localhost" "Listen 127.0.0.1:8443" \
        "LoadModule mpm_event_module $modules/mod_mpm_event.so" "LoadModule authz_core_module $modules/mod_authz_core.so" \
        "LoadModule socache_shmcb_module $modules/mod_socache_shmcb.so" "LoadModule ssl_module $1" \
        "SSLSessionCache shmcb:$work/cache(512000)"
    local number file
    for number in $(seq "$hosts"); do
        file=h1
        [ "$2" = one ] || file=h$number
        printf '<VirtualHost *:8443>\nServerName h%s.example\nSSLEngine on\nSSLCertificateFile %s.pem\nSSLCertificateKeyFile %s.key\n</VirtualHost>\n' \
            "$number" "$work/$file" "$work/$file"
    done
}

# cost FILE: CPU seconds of one test of the configuration.
cost() {
    local TIMEFORMAT='%U %S'
    { time /usr/sbin/apache2 -t -f "$1" > "$work/output" 2>&1; } 2>&1 | awk '{ print $1 + $2 }'
    grep -q "Syntax OK" "$work/output" || { tail -n 5 "$work/output" >&2; exit 1; }
}

median() { sort -n | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }

for number in $(seq "$hosts"); do certificate "h$number"; done
printf '%-34s %10s %10s\n' "$hosts hosts, CPU seconds" module mod_ssl
for kind in own one; do
    configuration "$stand_in" "$kind" > "$work/ours.conf"
    configuration "$modules/mod_ssl.so" "$kind" > "$work/theirs.conf"
    : > "$work/ours" > "$work/theirs"
    for _ in $(seq "$rounds"); do
        cost "$work/ours.conf" >> "$work/ours"
        cost "$work/theirs.conf" >> "$work/theirs"
    done
    label="one certificate for all"
    [ "$kind" = one ] || label="a certificate for each"
    printf '%-34s %10s %10s\n' "$label" "$(median < "$work/ours")" "$(median < "$work/theirs")"
done
