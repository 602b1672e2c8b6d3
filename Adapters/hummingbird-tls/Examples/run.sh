#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs the servers and the client against each other, curl and openssl, on loopback: run.sh DIRECTORY
# DIRECTORY has the programs. Prints a line for each thing that is as it should be, and fails at the first that is not.
set -euo pipefail

bin=$(cd "$1" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/safetls-examples.XXXXXX")
servers=()
finish() {
    # What ends a server is that timeout passes the signal on.
    for server in "${servers[@]}"; do kill "$server" 2> /dev/null || true; done
    wait 2> /dev/null || true
    rm -rf "$work"
}
trap finish EXIT
cd "$work"

# Nothing is waited for longer than this, in seconds: by far more than any takes. Servers live longer, so that what waits for one
# does not take its end for an answer.
patience=60
life=600

# An authority, and certificates of it: issue NAME
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 2 -subj "/CN=Test CA" 2> /dev/null
issue() {
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -out "$1.csr" -subj "/CN=localhost" 2> /dev/null
    openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 1 -out "$1.pem" \
        -extfile <(printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\n') 2> /dev/null
}
issue server
issue other
mkfifo held
head -c 3000000 /dev/urandom > upload

# start PROGRAM ARGUMENTS...: starts a server, whose port is then in $port and whose process in $server. It may have so many
# $descriptors.
start() {
    log=$1.${#servers[@]}.log
    : > "$log"
    (
        ulimit -Sn "${descriptors:-1024}"
        exec stdbuf -oL timeout --kill-after=10 "$life" "$bin/$1" "${@:2}"
    ) > "$log" 2>&1 &
    server=$!
    servers+=("$server")
    for _ in $(seq $((patience * 20))); do
        port=$(sed -nE 's/^listening on .*:([0-9]+)$/\1/p' "$log")
        [ -z "$port" ] || return 0
        kill -0 "$server" 2> /dev/null || break
        sleep 0.05
    done
    fail "$1 does not listen" "$(cat "$log")"
}
fail() {
    printf 'run.sh: %s\n%s\n' "$1" "$2" >&2
    exit 1
}
# expect NAME TEXT COMMAND...: the command's output has the text.
expect() {
    local name=$1 text=$2 output
    shift 2
    output=$("$@" 2>&1) || true
    grep -qF -- "$text" <<< "$output" || fail "$name: no '$text' in:" "$output"
    printf 'passed  %s: %s\n' "$name" "$text"
}
page() { curl --max-time "$patience" --silent --show-error --cacert ca.pem --write-out '%{response_code} over %{http_version}\n' "$@"; }
# The same bytes come back.
echoes() { page "$@" --data-binary @upload --output returned "https://localhost:$port/echo" && cmp upload returned && echo "the same bytes"; }
serial() { openssl s_client -connect "localhost:$port" < /dev/null 2> /dev/null | openssl x509 -noout -serial; }
limited() { timeout "$patience" "$@"; }
# talk PROTOCOL TEXT: says something, by ALPN in the name of a protocol if there is one, and waits for what the server makes of that.
talk() {
    local descriptor status
    exec {descriptor}<> held
    printf "$2" >&"$descriptor"
    limited openssl s_client -quiet -connect "localhost:$port" ${1:+-alpn "$1"} < held | tr -d "\0" && status=0 || status=$?
    exec {descriptor}>&-
    [ "$status" = 124 ] || echo "ended by the server"
}
# The same, and whether it is told in chunks.
chunks() { talk "$@" | tee said; grep -qi '^transfer-encoding: *chunked' said || echo "no chunks"; }
preface='PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0'
export -f page
export patience

# What both servers do.
serves() {
    local name=$1
    export port
    expect "$name" "200 over 2" page --http2 "https://localhost:$port/"
    expect "$name" "200 over 1.1" page --http1.1 "https://localhost:$port/"
    expect "$name" "200 over 2" page --http2 --tls-max 1.2 "https://localhost:$port/"
    # A client without ALPN.
    expect "$name" "200 over 1.1" page --no-alpn "https://localhost:$port/"
    expect "$name, 3 MB up and down by HTTP/2" "the same bytes" echoes --http2
    expect "$name, 3 MB up and down by HTTP/1.1" "the same bytes" echoes --http1.1
    # Many streams of one connection.
    expect "$name" "100 of 100" bash -c 'page --http2 --parallel --parallel-max 50 "https://localhost:$port/?[1-100]" \
        | grep -c "200 over 2" | sed "s/$/ of 100/"'
    expect "$name" "no application protocol" limited openssl s_client -connect "localhost:$port" -alpn h3
    # HTTP/2 without having said so is no HTTP/1.1: the connection ends.
    expect "$name, HTTP/2 unannounced" "ended by the server" talk "" "$preface"
    expect "$name, HTTP/2 that is none" "ended by the server" talk h2 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\nGET / HTTP/1.1\r\n\r\n'
    expect "$name, Connection: close" "ended by the server" talk http/1.1 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'
    expect "HTTPClient" "HTTP/2" limited "$bin/HTTPClient" "localhost:$port" / ca.pem
    expect "HTTPClient" "200" limited "$bin/HTTPClient" "localhost:$port" / ca.pem
    expect "HTTPClient" "HTTP/1.1" limited "$bin/HTTPClient" "localhost:$port" / ca.pem http/1.1
    expect "HTTPClient" "200" limited "$bin/HTTPClient" "localhost:$port" / ca.pem http/1.1
    expect "HTTPClient" "neither a trust anchor" limited "$bin/HTTPClient" "localhost:$port" / other.pem
}

# crowded NAME DESCRIPTORS: a server that has none left for clients takes them as soon as there are some. It is without for a moment
# only: Swift's libdispatch, where work waits for its threads, looks at these once a second, and ends a process in which it cannot open
# the file for that.
crowded() {
    local silent=() descriptor program
    program=$(pgrep -P "$server")
    expect "$1" "200 over 2" page --http2 "https://localhost:$port/"
    for _ in {1..50}; do
        exec {descriptor}<> "/dev/tcp/127.0.0.1/$port"
        silent+=("$descriptor")
    done
    for _ in $(seq $((patience * 100))); do
        [ "$(ls "/proc/$program/fd" | wc -l)" -lt "$2" ] || break
        sleep 0.01
    done
    for descriptor in "${silent[@]}"; do exec {descriptor}>&-; done
    expect "$1, behind more clients than descriptors" "200 over 2" page --http2 "https://localhost:$port/"
}
for name in HTTP2Server HummingbirdServer; do
    descriptors=40 start "$name" server.pem server.key 127.0.0.1:0
    crowded "$name" 40
done

start HTTP2Server server.pem server.key 127.0.0.1:0
serves HTTP2Server
old='GET / HTTP/1.0\r\n\r\n'
expect "HTTP2Server, HTTP/1.0" "Hello over HTTP/1.1!" talk "" "$old"
expect "HTTP2Server, HTTP/1.0" "ended by the server" talk "" "$old"
expect "HTTP2Server, HTTP/1.0" "no chunks" chunks "" "$old"

# Clients that say nothing more, before a request and behind one, do not keep their connections; one that does is served.
start HTTP2Server server.pem server.key 127.0.0.1:0 3
expect "HTTP2Server, idle after the preface" "ended by the server" talk h2 "$preface"
expect "HTTP2Server, idle without a request" "ended by the server" talk http/1.1 ''
expect "HTTP2Server, idle behind a request" "ended by the server" talk http/1.1 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'
# One that is busy has a server that is more patient than a busy machine.
start HTTP2Server server.pem server.key 127.0.0.1:0 10
expect "HTTP2Server, 3 MB by a busy client" "the same bytes" echoes --limit-rate 1M --http2
# It reads slowly for longer than the timeout, and much less than the system would hold for it. It sends and receives in one thread: two
# may not use a connection of libssl's at once. When a busy machine keeps it from reading for seconds, that tells nothing of the server.
slowly() {
    local said
    for _ in {1..5}; do
        said=$(slow_client) || true
        [[ "$said" == *"kept from reading"* ]] || break
    done
    echo "$said"
}
slow_client() {
    python3 - "$port" "$patience" << 'PYTHON'
import select, socket, ssl, sys, time
plain = socket.socket()
plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 131072)
plain.connect(("127.0.0.1", int(sys.argv[1])))
connection = ssl.create_default_context(cafile="ca.pem").wrap_socket(plain, server_hostname="localhost")
connection.setblocking(False)
size = 20_000_000
head = b"POST /echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % size
unsent = memoryview(head + bytes(size))
start, got, end = time.monotonic(), 0, None
read, longest = start, 0
while end is None:
    waits = True
    try:
        while unsent:
            unsent = unsent[connection.send(unsent[:16384]):]
            waits = False
    except ssl.SSLWantWriteError:
        pass
    except OSError as error:
        # What was answered before is read yet.
        print("cannot send:", error)
        unsent = unsent[:0]
    try:
        longest, read = max(longest, time.monotonic() - read), time.monotonic()
        part = connection.recv(16384)
        got += len(part)
        end = None if part else "the server has ended it"
        waits = False
        if time.monotonic() < start + 25:
            time.sleep(0.05)
    except ssl.SSLWantReadError:
        pass
    except OSError as error:
        end = error
    if waits and not any(select.select([connection], [connection] if unsent else [], [], float(sys.argv[2]))):
        end = "nothing more comes"
    if waits:
        read = time.monotonic()
if got > size:
    print("all of it came")
else:
    print("%d bytes came: %s" % (got, "kept from reading" if longest > 3 else end))
PYTHON
}
expect "HTTP2Server, a client that reads slowly" "all of it came" slowly
start HTTP2Server server.pem server.key 127.0.0.1:0
expect "HTTP2Server" "usage:" limited "$bin/HTTP2Server" server.pem server.key 127.0.0.1:0 0

# A server that agrees on HTTP/2 and speaks something else does not keep the client.
exec {nonsense}<> held
printf 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n' >&"$nonsense"
openssl s_server -accept 127.0.0.1:0 -cert server.pem -key server.key -alpn h2 < held > nonsense.log 2>&1 &
servers+=("$!")
for _ in $(seq $((patience * 20))); do
    other=$(sed -nE 's/^ACCEPT .*:([0-9]+)$/\1/p' nonsense.log)
    [ -z "$other" ] || break
    sleep 0.05
done
expect "HTTPClient, HTTP/2 that is none" "localhost:$other:" limited "$bin/HTTPClient" "localhost:$other" / ca.pem
exec {nonsense}>&-

start HummingbirdServer server.pem server.key 127.0.0.1:0
serves HummingbirdServer

# Addresses that say half: no host, an IPv6 host, no port that is one.
for name in HTTP2Server HummingbirdServer; do
    start "$name" server.pem server.key :0
    echo "passed  $name: listens on :0"
    start "$name" server.pem server.key '[::1]:0'
    echo "passed  $name: listens on [::1]:0"
    expect "$name" "usage:" limited "$bin/$name" server.pem server.key localhost:https
done

start HummingbirdServer server.pem server.key 127.0.0.1:0
before=$(serial)
issue server
for _ in $(seq $((patience * 5))); do
    [ "$(serial)" = "$before" ] || break
    sleep 0.2
done
[ "$(serial)" = "$(openssl x509 -in server.pem -noout -serial)" ] || fail "HummingbirdServer: the certificate is not renewed" "$(cat "$log")"
echo "passed  HummingbirdServer: renewed without a restart"

# It ends when it is asked to, though clients are connected that say nothing: before their handshake and behind it.
exec {descriptor}<> "/dev/tcp/127.0.0.1/$port"
openssl s_client -quiet -connect "localhost:$port" -alpn h2 < held > /dev/null 2>&1 &
servers+=($!)
exec {quiet}> held
expect HummingbirdServer "200 over 2" page --http2 "https://localhost:$port/"
kill -TERM "$(pgrep -P "$server")"
wait "$server" || fail "HummingbirdServer: it does not end well" "$(cat "$log")"
exec {descriptor}>&- {quiet}>&-
echo "passed  HummingbirdServer: ends gracefully"
