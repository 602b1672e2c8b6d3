# SPDX-License-Identifier: Apache-2.0
#
# A throw-away HTTPS site for Debian's httpd: private CA, certificate, pages, configuration.
# Sourced by the scripts beside it. All it makes lies in the directory $site, which leave_site removes.

site=
httpd=

# Makes $site with a CA (ca.pem) and a certificate for localhost (server.pem, server.key).
make_site() {
    site=$(mktemp -d "${TMPDIR:-/tmp}/safetls-site.XXXXXX")
    trap leave_site EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    chmod 755 "$site" # httpd's children run as another user when started by root
    mkdir "$site/htdocs" "$site/logs"
    (
        cd "$site"
        openssl ecparam -name prime256v1 -genkey -noout -out ca.key
        openssl req -x509 -new -key ca.key -subj "/CN=SafeTLS demonstration CA" -days 2 -out ca.pem \
            -addext "keyUsage=critical,keyCertSign,cRLSign"
        openssl ecparam -name prime256v1 -genkey -noout -out server.key
        openssl req -new -key server.key -subj "/CN=localhost" -out server.csr
        printf '%s\n' "subjectAltName=DNS:localhost,IP:127.0.0.1" "basicConstraints=critical,CA:FALSE" \
            "keyUsage=critical,digitalSignature" "extendedKeyUsage=serverAuth" > server.ext
        openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
            -extfile server.ext -out server.pem
    ) > "$site/openssl.log" 2>&1 || { cat "$site/openssl.log" >&2; return 1; }
    cat > "$site/htdocs/index.html" <<'PAGE'
<!doctype html>
<title>SafeTLS</title>
<p>Debian's httpd serves this page over TLS written in Swift.</p>
PAGE
}

# write_configuration MODULE PORT [PLAIN-PORT]: HTTPS on PORT, and the same pages over plain HTTP on PLAIN-PORT.
write_configuration() {
    local modules=/usr/lib/apache2/modules
    cat > "$site/httpd.conf" <<CONF
ServerRoot "$site"
DefaultRuntimeDir "$site/logs"
PidFile "$site/logs/httpd.pid"
ErrorLog "$site/logs/error.log"
LogLevel notice
LoadModule mpm_event_module $modules/mod_mpm_event.so
LoadModule authz_core_module $modules/mod_authz_core.so
LoadModule mime_module $modules/mod_mime.so
LoadModule dir_module $modules/mod_dir.so
LoadModule http2_module $modules/mod_http2.so
LoadModule tls_module $(realpath "$1")
$([ "$(id -u)" != 0 ] || printf 'User www-data\nGroup www-data')
ServerName localhost
TypesConfig /etc/mime.types
DocumentRoot "$site/htdocs"
DirectoryIndex index.html
Listen 127.0.0.1:$2
${3:+Listen 127.0.0.1:$3}
TLSEngine 127.0.0.1:$2
<VirtualHost 127.0.0.1:$2>
    ServerName localhost
    Protocols h2 http/1.1
    TLSCertificate "$site/server.pem" "$site/server.key"
</VirtualHost>
CONF
}

# Starts httpd as a child of this shell and waits until it answers on the port.
start_httpd() {
    local port=$1 waited=0
    /usr/sbin/apache2 -d "$site" -f "$site/httpd.conf" -DFOREGROUND > "$site/logs/output.log" 2>&1 &
    httpd=$!
    until (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null && [ -s "$site/logs/httpd.pid" ]; do
        if ! kill -0 "$httpd" 2> /dev/null || [ $((waited += 1)) -gt 3000 ]; then
            echo "httpd did not start on port $port:" >&2
            cat "$site/logs/output.log" "$site/logs/error.log" >&2 2> /dev/null
            return 1
        fi
        sleep 0.1
    done
}

# Stops httpd and waits for it: its children are gone when it is.
stop_httpd() {
    [ -n "$httpd" ] || return 0
    kill -TERM "$httpd" 2> /dev/null || true
    wait "$httpd" 2> /dev/null || true
    httpd=
}

leave_site() {
    trap '' INT TERM # a second Ctrl-C does not leave things behind
    stop_httpd
    [ -z "$site" ] || rm -rf "$site"
}

free_port() {
    python3 -c '
import random, socket
while True:
    port = random.randrange(10240, 12000)
    try: socket.create_server(("127.0.0.1", port)).close()
    except OSError: continue
    break
print(port)'
}
