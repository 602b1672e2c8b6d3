#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# demo.sh MODULE SAFETLS: starts Debian's httpd with the module, fetches from it, stops it. One line a step.
set -euo pipefail
source "$(dirname "$0")/site.sh"
module=$1
safetls=$2

step() {
    printf '%-10s %s\n' "$1" "$2"
}

fail() {
    printf '%-10s %s\n' "failed" "$1" >&2
    [ ! -s "$site/logs/error.log" ] || cat "$site/logs/error.log" >&2
    exit 1
}

# fetch TLS-VERSION HTTP-VERSION CURL-OPTION...: fetches the page and checks what was negotiated.
fetch() {
    local tls=$1 http=$2 answer used
    shift 2
    answer=$(curl --silent --show-error --verbose --max-time 300 --cacert "$site/ca.pem" "$@" \
        --output "$site/page" --write-out '%{http_code} HTTP/%{http_version}' "https://localhost:$port/" \
        2> "$site/curl.log") || fail "curl $*: $(tail -n 1 "$site/curl.log")"
    used=$(sed -nE 's/^\* +SSL connection using (.*)/\1/p' "$site/curl.log")
    [[ $answer == "200 HTTP/$http" && $used == "$tls / "* ]] || fail "wanted $tls and HTTP/$http, got $answer over $used"
    cmp -s "$site/page" "$site/htdocs/index.html" || fail "the page came back changed"
    step "curl" "$answer over $used"
}

make_site
step "openssl" "made a private CA and a certificate for localhost"
head -c 100000000 /dev/urandom > "$site/htdocs/large.bin"
port=$(free_port)
write_configuration "$module" "$port"
start_httpd "$port"
step "httpd" "$(/usr/sbin/apache2 -v | sed -n 's/^Server version: //p') with ${module##*/} on https://localhost:$port"

# Debian's curl cannot say which group it got, nor does its OpenSSL have this one.
group=$("$safetls" connect "localhost:$port" --ca "$site/ca.pem" < /dev/null 2>&1 | sed -nE 's/^ *group:? +//p')
[ "$group" = X25519MLKEM768 ] || fail "wanted post-quantum key exchange, got the group ${group:-none}"
step "safetls" "post-quantum key exchange, $group, with $(openssl version | cut -d ' ' -f 1-2)"

fetch TLSv1.3 2 --tlsv1.3 --http2
fetch TLSv1.2 1.1 --tlsv1.2 --tls-max 1.2 --http1.1

want=$(sha256sum < "$site/htdocs/large.bin")
got=$(curl --silent --show-error --max-time 300 --cacert "$site/ca.pem" "https://localhost:$port/large.bin" | sha256sum) \
    || fail "the 100 MB file could not be fetched"
[ "$got" = "$want" ] || fail "the 100 MB file came back changed"
step "curl" "100 MB with the right SHA-256, ${got:0:16}…"

stop_httpd
! (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null || fail "something still listens on port $port"
step "httpd" "stopped"
