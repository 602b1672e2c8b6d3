#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs as root in a throw-away system with Debian's or Ubuntu's httpd, and no network but loopback: what an administrator does
# with the packages, from mod_ssl to the stand-in and back. /test/*.deb are the packages. One line a step; the last line is for
# the table of systems.
set -euo pipefail

step() { printf '%-12s %s\n' "$1" "$2"; }

fail() {
    step failed "$1" >&2
    tail -n 20 /var/log/apache2/*.log >&2 || true
    exit 1
}

# expect WHAT COMMAND...: the command succeeds.
expect() {
    local what=$1 output
    shift
    output=$("$@" 2>&1) || fail "$what: $output"
    step passed "$what"
}

# expect_text WHAT TEXT COMMAND...: the command succeeds, and writes the text.
expect_text() {
    local what=$1 text=$2 output
    shift 2
    output=$("$@" 2>&1) || fail "$what: $output"
    grep -qF -- "$text" <<< "$output" || fail "$what: no '$text' in: $output"
    step passed "$what"
}

# expect_failure WHAT STATUS COMMAND...
expect_failure() {
    local what=$1 status=$2 actual=0
    shift 2
    "$@" > /tmp/output 2>&1 || actual=$?
    [ "$actual" = "$status" ] || fail "$what: status $actual, not $status: $(cat /tmp/output)"
    step passed "$what"
}

verify_packages() { [ -z "$(dpkg --verify)" ] || { dpkg --verify; return 1; }; }

# Every file that is not a log, a cache or a process's; nor the directories that a2dismod has for its notes.
list_files() {
    find / -xdev \( -path /proc -o -path /dev -o -path /sys -o -path /run -o -path /tmp -o -path /test -o -path /var/log \
        -o -path /var/cache -o -path /var/lib/dpkg -o -path /var/lib/apt \) -prune \
        -o -path '/var/lib/apache2/*/disabled_by_*' -type d -o -print | sort
}

parent() { cat /run/apache2/apache2.pid; }

# The parent is gone, or has come: as long as that takes while anything happens.
wait_until() {
    local tries=0
    until "$@" > /dev/null 2>&1; do
        tries=$((tries + 1))
        [ $tries -lt 600 ] || fail "waited in vain for: $*"
        sleep 0.1
    done
}

stop() {
    local pid
    pid=$(parent)
    apache2ctl stop
    while [ -e "/proc/$pid" ]; do sleep 0.1; done
}

start() {
    apache2ctl start
    wait_until curl --silent --insecure --max-time 20 https://localhost/
}

fetch() { curl --silent --show-error --max-time 60 --cacert /tmp/ca.pem "$@"; }

# The header says whose TLS it is.
head_of() { fetch --head "$@" https://localhost/; }

make_certificates() {
    cd /tmp
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout ca.key -out ca.pem -days 2 \
        -subj "/CN=Test CA" -addext keyUsage=critical,keyCertSign,cRLSign
    local name
    for name in server client; do
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout $name.key -out $name.csr -subj "/CN=$name"
        printf '%s\n' subjectAltName=DNS:localhost basicConstraints=CA:FALSE keyUsage=critical,digitalSignature \
            extendedKeyUsage=${name}Auth > $name.ext
        openssl x509 -req -in $name.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile $name.ext -out $name.pem
    done
}

configure() {
    echo "ServerName localhost" > /etc/apache2/conf-enabled/test.conf
    echo "ServerTokens Full" >> /etc/apache2/conf-enabled/test.conf
    cat > /etc/apache2/sites-available/test.conf <<'CONF'
<VirtualHost *:443>
    Protocols h2 http/1.1
    DocumentRoot /var/www/html
    SSLEngine on
    SSLCertificateFile /tmp/server.pem
    SSLCertificateKeyFile /tmp/server.key
    SSLCACertificateFile /tmp/ca.pem
    SSLVerifyClient optional
    <Location /members>
        Require ssl-verify-client
    </Location>
</VirtualHost>
CONF
    mkdir /var/www/html/members
    echo "for members" > /var/www/html/members/index.html
    a2enmod -q ssl http2
    a2ensite -q test
}

count_starts() { grep -c "resuming normal operations" /var/log/apache2/error.log; }
has_started_after() { [ "$(count_starts)" -gt "$1" ]; }

# As a change of the logs does it every night.
reload() {
    local before starts
    before=$(parent)
    starts=$(count_starts)
    apache2ctl graceful
    wait_until has_started_after "$starts"
    [ "$(parent)" = "$before" ] || fail "a graceful restart changed the parent"
}

# converse URL: what both faces do.
converse() {
    expect_text "$1: TLS 1.3" "TLSv1.3" fetch --verbose --tlsv1.3 "$1/"
    expect_text "$1: TLS 1.2" "TLSv1.2" fetch --verbose --tls-max 1.2 "$1/"
    expect_text "$1: HTTP/2" "HTTP/2 200" fetch --http2 --head "$1/"
    expect_text "$1: client certificate" "for members" fetch --cert /tmp/client.pem --key /tmp/client.key "$1/members/"
    expect_text "$1: no client certificate" "403" fetch --output /dev/null --write-out '%{http_code}' "$1/members/"
    expect_text "$1: safetls connect" "200 OK" safetls connect "${1#https://}" --ca /tmp/ca.pem --head
    reload
    expect_text "$1: serves after a graceful restart" "SafeTLS" fetch --head "$1/"
}

make_certificates > /tmp/openssl.log 2>&1 || fail "$(cat /tmp/openssl.log)"
configure
start
httpd=$(parent)
expect_text "mod_ssl serves before" "OpenSSL/" head_of
expect "packages are as they were installed" verify_packages
list_files > /tmp/files-before

# Installation changes nothing for who runs.
expect "install" sh -c 'apt-get install -y -q --no-install-recommends /test/*.deb'
[ "$(parent)" = "$httpd" ] || fail "the installation restarted httpd"
expect_failure "status: mod_ssl" 3 safetls-modssl status
expect "completions" sh -c 'bash -n /usr/share/bash-completion/completions/safetls && test -s /usr/share/zsh/vendor-completions/_safetls && test -s /usr/share/fish/vendor_completions.d/safetls.fish'
expect "manual pages" sh -c 'test -s /usr/share/man/man1/safetls.1.gz && test -s /usr/share/man/man8/safetls-modssl.8.gz'

# A configuration that the stand-in refuses.
echo "SSLOpenSSLConfCmd Bugs on" > /etc/apache2/conf-enabled/refused.conf
expect_failure "enable refuses what would not start" 1 safetls-modssl enable
grep -q "mod_ssl is in its place again" /tmp/output || fail "no word of why: $(cat /tmp/output)"
rm /etc/apache2/conf-enabled/refused.conf
expect_failure "mod_ssl is in its place" 3 safetls-modssl status
expect "its packages are whole" verify_packages

expect_text "enable" "systemctl restart apache2" safetls-modssl enable
expect_text "enable again" "already" safetls-modssl enable
expect "configtest" apache2ctl configtest
expect "packages are still as they were installed" verify_packages
[ "$(parent)" = "$httpd" ] || fail "enabling restarted httpd"
expect_text "mod_ssl serves until a restart" "OpenSSL/" head_of
stop
start
expect_text "the stand-in serves" "SafeTLS/" head_of
converse https://localhost:443

# An upgrade of apache2 is this, with another version.
expect "apache2-bin is installed anew" apt-get install -y -q --no-install-recommends --reinstall apache2-bin
expect "the stand-in is in its place" safetls-modssl status
expect "so is the module's package" sh -c 'apt-get install -y -q --no-install-recommends --reinstall /test/libapache2-mod-*.deb'
expect "the stand-in is in its place after that, too" safetls-modssl status
expect "packages are whole after that" verify_packages

# The other face, beside the first.
cat > /etc/apache2/sites-available/other.conf <<'CONF'
Listen 8443
TLSEngine 8443
<VirtualHost *:8443>
    Protocols h2 http/1.1
    DocumentRoot /var/www/html
    TLSCertificate /tmp/server.pem /tmp/server.key
    TLSClientCA /tmp/ca.pem
    TLSClientCertificate optional
    <Location /members>
        Require expr "%{SSL_CLIENT_VERIFY} == 'SUCCESS'"
    </Location>
</VirtualHost>
CONF
expect "a2enmod tls" a2enmod -q tls
expect "a2ensite" a2ensite -q other
expect "configtest of both faces" apache2ctl configtest
stop
start
converse https://localhost:8443

# A removal that does not get to its end leaves everything as it was.
prerm=/var/lib/dpkg/info/libapache2-mod-safetls.prerm
cp -p "$prerm" /tmp/prerm
echo 'exit 1' >> "$prerm"
expect_failure "a removal that fails" 1 dpkg --remove libapache2-mod-safetls
cp -p /tmp/prerm "$prerm"
expect "the stand-in is in its place after that" safetls-modssl status
expect "and the other face is enabled" test -e /etc/apache2/mods-enabled/tls.load
expect "configtest after that" apache2ctl configtest
expect "no note is left" test ! -e /run/libapache2-mod-safetls.enabled
expect "packages are whole after the removal that failed" verify_packages
a2dissite -q --purge other
rm /etc/apache2/sites-available/other.conf

# Back by command, and then by removal.
expect_text "disable" "systemctl restart apache2" safetls-modssl disable
expect "packages are whole after disabling" verify_packages
# The Swift runtime stays in a process that has loaded it, and with it the module.
reload
expect_text "the stand-in goes on after a graceful restart" "SafeTLS/" head_of
expect_text "status says so" "httpd runs with the stand-in" sh -c 'safetls-modssl status || true'
stop
start
expect_text "mod_ssl serves again" "OpenSSL/" head_of
expect "enable once more" safetls-modssl enable
reload
expect_text "the stand-in serves again, after a graceful restart" "SafeTLS/" head_of
httpd=$(parent)
expect "purge" apt-get purge -y -q safetls libapache2-mod-safetls
[ "$(parent)" = "$httpd" ] || fail "the removal restarted httpd"
expect_text "what runs goes on" "SafeTLS/" head_of
expect "configtest without the package" apache2ctl configtest
reload
expect_text "so does a graceful restart" "SafeTLS/" head_of
stop
start
expect_text "mod_ssl serves as before" "OpenSSL/" head_of
expect "packages are as at first" verify_packages
list_files > /tmp/files-after
expect "no file is left" diff /tmp/files-before /tmp/files-after
stop

name=$(. /etc/os-release && echo "$PRETTY_NAME")
version() { dpkg-query -W -f '${Version}' "$1" 2> /dev/null | sed -E 's/^[0-9]+://; s/[-+].*//'; }
printf 'row: %-24s %-8s %-8s %-6s %s\n' "${name/GNU\/Linux /}" "$(version apache2-bin)" "$(version openssl)" \
    "$(version libc6)" "passed"
