#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# migrate.sh MODULE: starts a site with the distribution's mod_ssl and Debian's configuration of it, changes the one
# LoadModule line to MODULE, restarts, and compares page, variables and log lines. One line a step.
set -euo pipefail
source "$(dirname "$0")/site.sh"
module=$(realpath "$1")
original=/usr/lib/apache2/modules/mod_ssl.so

step() { printf '%-10s %s\n' "$1" "$2"; }

fail() {
    printf '%-10s %s\n' "failed" "$1" >&2
    [ ! -s "$site/logs/error.log" ] || cat "$site/logs/error.log" >&2
    exit 1
}

# The configuration of Debian's mods-available/ssl.conf and of a site like its default-ssl.conf.
write_ssl_configuration() {
    local modules=/usr/lib/apache2/modules
    cat > "$site/httpd.conf" << CONF
ServerRoot "$site"
DefaultRuntimeDir "$site/logs"
PidFile "$site/logs/httpd.pid"
ErrorLog "$site/logs/error.log"
LoadModule mpm_event_module $modules/mod_mpm_event.so
LoadModule authz_core_module $modules/mod_authz_core.so
LoadModule mime_module $modules/mod_mime.so
LoadModule dir_module $modules/mod_dir.so
LoadModule alias_module $modules/mod_alias.so
LoadModule cgid_module $modules/mod_cgid.so
LoadModule setenvif_module $modules/mod_setenvif.so
LoadModule socache_shmcb_module $modules/mod_socache_shmcb.so
LoadModule http2_module $modules/mod_http2.so
LoadModule ssl_module $1
$([ "$(id -u)" != 0 ] || printf 'User www-data\nGroup www-data')
ScriptSock "$site/logs/cgisock"
ServerName localhost
TypesConfig /etc/mime.types
DocumentRoot "$site/htdocs"
DirectoryIndex index.html
LogFormat "%h %{SSL_PROTOCOL}x %{SSL_CIPHER}x \"%r\" %>s" ssl_request
<IfModule mod_ssl.c>
    Listen 127.0.0.1:$2
    SSLRandomSeed startup builtin
    SSLRandomSeed startup file:/dev/urandom 512
    SSLRandomSeed connect builtin
    SSLRandomSeed connect file:/dev/urandom 512
    SSLSessionCache shmcb:$site/logs/ssl_scache(512000)
    SSLSessionCacheTimeout 300
    SSLCipherSuite HIGH:!aNULL
    SSLProtocol all -SSLv3
    SSLSessionTickets off
    <VirtualHost 127.0.0.1:$2>
        Protocols h2 http/1.1
        CustomLog "$site/logs/access.log" ssl_request
        SSLEngine on
        SSLCertificateFile $site/server.pem
        SSLCertificateKeyFile $site/server.key
        ScriptAlias /cgi-bin/ "$site/cgi-bin/"
        <Directory "$site/cgi-bin">
            SSLOptions +StdEnvVars
        </Directory>
    </VirtualHost>
</IfModule>
CONF
}

# visit NAME: fetches the page and the variables, and keeps both with the log lines under a name.
visit() {
    local url=https://localhost:$port common="--silent --show-error --max-time 300 --cacert $site/ca.pem"
    rm -f "$site/logs/access.log"
    start_httpd "$port"
    # shellcheck disable=SC2086
    curl $common --http1.1 --tlsv1.2 --tls-max 1.2 "$url/" > "$site/$1.page" || fail "curl"
    # shellcheck disable=SC2086
    curl $common --http2 --tlsv1.3 "$url/" >> "$site/$1.page" || fail "curl"
    # What names the implementation, the session or the moment differs from one start of httpd to the next.
    # shellcheck disable=SC2086
    curl $common --http1.1 --tlsv1.3 "$url/cgi-bin/environment" \
        | grep -E '^(SSL_|HTTPS=|REQUEST_SCHEME=)' | grep -vE '^SSL_(VERSION_|SESSION_ID)' | sort > "$site/$1.variables"
    stop_httpd
    # httpd writes the line when it has answered, perhaps behind that of the next request.
    sort "$site/logs/access.log" > "$site/$1.log"
}

make_site
mkdir "$site/cgi-bin"
printf '#!/bin/sh\nprintf "Content-Type: text/plain\\n\\n"\nenv\n' > "$site/cgi-bin/environment"
chmod 755 "$site/cgi-bin/environment"
port=$(free_port)

write_ssl_configuration "$original" "$port"
visit before
step "mod_ssl" "the distribution's: $(wc -l < "$site/before.variables") variables, $(tail -n 1 "$site/before.log")"

cp "$site/httpd.conf" "$site/before.conf"
sed -i "s|^LoadModule ssl_module .*|LoadModule ssl_module $module|" "$site/httpd.conf"
step "changed" "$(diff "$site/before.conf" "$site/httpd.conf" | sed -n 's/^> //p')"
visit after
step "mod_ssl" "the stand-in:       $(wc -l < "$site/after.variables") variables, $(tail -n 1 "$site/after.log")"

for what in page variables log; do
    diff "$site/before.$what" "$site/after.$what" || fail "the $what differs"
done
step "equal" "page, variables and log lines"
