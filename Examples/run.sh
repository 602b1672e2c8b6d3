#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs each example on loopback against another one, or against safetls: run.sh DIRECTORY [SAFETLS]
# DIRECTORY has the programs. Prints a line for each, and fails when one does not say what it should.
set -euo pipefail

bin=$(cd "$1" && pwd)
safetls=${2:+$(realpath "$2")}
work=$(mktemp -d "${TMPDIR:-/tmp}/safetls-examples.XXXXXX")
servers=()
finish() {
    for server in "${servers[@]}"; do kill "$server" 2> /dev/null || true; done
    wait 2> /dev/null || true
    rm -rf "$work"
}
trap finish EXIT
cd "$work"

# An authority, and certificates of it: issue NAME SUBJECT NAMES
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 2 -subj "/CN=Test CA" 2> /dev/null
issue() {
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -out "$1.csr" -subj "/CN=$2" 2> /dev/null
    openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 1 -out "$1.pem" \
        -extfile <(printf 'subjectAltName=%s\n' "$3") 2> /dev/null
}
issue server localhost DNS:localhost,IP:127.0.0.1
issue client "Ada Lovelace" DNS:client.example

# Nothing is waited for longer than this, in seconds: by far more than any takes. Servers live longer, so that what waits for one
# does not take its end for an answer.
patience=60
life=600
# start EXAMPLE ARGUMENTS...: starts a server, whose port is then in $port, and what it says in $log. It may have so many
# $descriptors.
start() {
    log=$1.${#servers[@]}.log
    (
        ulimit -Sn "${descriptors:-1024}"
        exec stdbuf -oL timeout "$life" "$bin/$1" "${@:2}"
    ) > "$log" 2>&1 &
    servers+=($!)
    for _ in $(seq $((patience * 20))); do
        if grep -qE '^(listening on|signing for) ' "$log"; then
            port=$(sed -nE 's/^listening on .*:([0-9]+)$/\1/p' "$log")
            return
        fi
        kill -0 $! 2> /dev/null || break
        sleep 0.05
    done
    echo "run.sh: $1 does not listen" >&2
    cat "$log" >&2
    exit 1
}
run() { timeout "$patience" "$bin/$1" "${@:2}"; }
# expect NAME TEXT COMMAND...: the command's output has the text.
expect() {
    local name=$1 text=$2 output
    shift 2
    output=$("$@" 2>&1) || true
    if ! grep -qF -- "$text" <<< "$output"; then
        printf 'run.sh: %s: no "%s" in:\n%s\n' "$name" "$text" "$output" >&2
        exit 1
    fi
    printf 'passed  %s: %s\n' "$name" "$text"
}
# told NAME TEXT: the server started last has said it, or does soon.
told() {
    for _ in $(seq $((patience * 20))); do
        if grep -qF -- "$2" "$log"; then
            printf 'passed  %s: %s\n' "$1" "$2"
            return
        fi
        sleep 0.05
    done
    printf 'run.sh: %s: the server has not said "%s" but:\n' "$1" "$2" >&2
    cat "$log" >&2
    exit 1
}
hear() { timeout "$patience" openssl s_client -quiet -verify_return_error -CAfile ca.pem "$@" < /dev/null; }

for place in class actor Mutex "generic class"; do
    expect KeepingSessions "$place" run KeepingSessions server.pem server.key ca.pem
done

start OnePage 127.0.0.1:0
expect OnePage "<h1>Hello over TLSv1.3</h1>" curl --silent --max-time "$patience" --cacert ca.pem "https://localhost:$port/"

start EchoServer server.pem server.key 127.0.0.1:0
expect Negotiated "version      TLSv1.3" run Negotiated "localhost:$port" ca.pem
expect Negotiated "trusted, by way of 2 certificates" run Negotiated "localhost:$port" ca.pem
expect Negotiated "which is neither a trust anchor" run Negotiated "localhost:$port" client.pem
# Clients that say nothing hold nobody up, also where there are more of them than processors.
silent=()
for _ in {1..20}; do
    exec {descriptor}<> "/dev/tcp/127.0.0.1/$port"
    silent+=("$descriptor")
done
expect EchoServer "trusted, by way of 2 certificates" run Negotiated "localhost:$port" ca.pem
if [ -n "$safetls" ]; then
    expect EchoServer "a word" bash -c 'echo "a word" | timeout '"$patience"' "$0" connect "localhost:$1" --ca ca.pem' "$safetls" "$port"
    stdbuf -oL timeout "$life" "$safetls" serve --cert server.pem --key server.key --port 0 --address 127.0.0.1 --www > www.log 2>&1 &
    servers+=($!)
    for _ in $(seq $((patience * 20))); do grep -q '^listening on ' www.log && break; sleep 0.05; done
    expect HTTPSClient "HTTP/1.1 200 OK" run HTTPSClient "localhost:$(sed -nE 's/^listening on .*:([0-9]+)$/\1/p' www.log)" ca.pem
fi
for descriptor in "${silent[@]}"; do exec {descriptor}>&-; done

# A server that has no descriptor left for a client takes it as soon as there is one.
descriptors=12 start EchoServer server.pem server.key 127.0.0.1:0
silent=()
for _ in {1..20}; do
    exec {descriptor}<> "/dev/tcp/127.0.0.1/$port"
    silent+=("$descriptor")
done
sleep 0.2
for descriptor in "${silent[@]}"; do exec {descriptor}>&-; done
expect EchoServer "trusted, by way of 2 certificates" run Negotiated "localhost:$port" ca.pem

start MutualTLS serve 127.0.0.1:0 server.pem server.key ca.pem
expect MutualTLS "Hello, Ada Lovelace!" run MutualTLS connect "localhost:$port" client.pem client.key ca.pem
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout own.key -out own.pem -days 2 -subj "/CN=Mallory" 2> /dev/null
# It comes from no authority that the server names: none is shown.
expect MutualTLS "certificate_required" run MutualTLS connect "localhost:$port" own.pem own.key ca.pem
told MutualTLS "The client sent no certificate, and this server requires one."

mkdir sites
for name in a.example b.example; do
    issue "sites/$name" "$name" "DNS:$name"
done
start ManyCertificates 127.0.0.1:0 sites a.example b.example
expect ManyCertificates "This is b.example." hear -connect "localhost:$port" -servername b.example -verify_hostname b.example
expect ManyCertificates "This is other.example." hear -connect "localhost:$port" -servername other.example -verify_hostname a.example
serial() { openssl s_client -connect "localhost:$port" -servername b.example < /dev/null 2> /dev/null | openssl x509 -noout -serial; }
before=$(serial)
issue sites/b.example b.example DNS:b.example
after=$(serial)
[ "$before" != "$after" ] && [ "$after" = "$(openssl x509 -in sites/b.example.pem -noout -serial)" ] || { echo "run.sh: not renewed" >&2; exit 1; }
echo "passed  ManyCertificates: renewed without a restart"
echo "half a file" > sites/b.example.pem
expect ManyCertificates "This is b.example." hear -connect "localhost:$port" -servername b.example -verify_hostname b.example
told ManyCertificates "b.example is not renewed"

start PreSharedKey serve 127.0.0.1:0
run PreSharedKey connect "127.0.0.1:$port" "sensor 7"
told PreSharedKey "sensor 7: 21.5 degrees"
expect PreSharedKey "has no key" run PreSharedKey connect "127.0.0.1:$port" "stranger"

start EarlyData serve 127.0.0.1:0 server.pem server.key
expect EarlyData "16 bytes were sent early, and taken" run EarlyData connect "localhost:$port" ca.pem

start ExternalSigner sign "$work/signer" server.key
start ExternalSigner serve "$work/signer" 127.0.0.1:0 server.pem
expect ExternalSigner "signature    ecdsa_secp256r1_sha256" run Negotiated "localhost:$port" ca.pem
kill "${servers[-2]}"
wait "${servers[-2]}" || true
expect ExternalSigner "internal_error" run Negotiated "localhost:$port" ca.pem
told ExternalSigner "the certificate's key has not signed"

issue web shop "URI:spiffe://prod.example/web"
issue shop shop "URI:spiffe://prod.example/shop"
start SPIFFE serve 127.0.0.1:0 shop.pem shop.key ca.pem spiffe://prod.example/web
expect SPIFFE "Hello, spiffe://prod.example/web!" \
    run SPIFFE connect "127.0.0.1:$port" web.pem web.key ca.pem spiffe://prod.example/shop
expect SPIFFE "is not spiffe://prod.example/cart" \
    run SPIFFE connect "127.0.0.1:$port" web.pem web.key ca.pem spiffe://prod.example/cart
# A workload of the same domain that is another one.
expect SPIFFE "access_denied" \
    run SPIFFE connect "127.0.0.1:$port" shop.pem shop.key ca.pem spiffe://prod.example/shop
