#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Makes the image of a Debian system, see the Dockerfile. The packages lie beside this script.
set -eu
here=$(dirname "$0")
export DEBIAN_FRONTEND=noninteractive

apt-get update -q
apt-get install -y -q --no-install-recommends apache2 "$here"/libapache2-mod-safetls_*.deb
safetls-modssl enable
a2dissite -q 000-default
a2enmod -q ssl http2 headers

cat > /etc/apache2/sites-available/safetls.conf <<'CONF'
# Certificates are looked at for changes, see TLSReloadInterval.
<VirtualHost *:443>
    Protocols h2 http/1.1
    DocumentRoot /var/www/html
    SSLEngine on
    SSLCertificateFile /certificates/tls.crt
    SSLCertificateKeyFile /certificates/tls.key
    ErrorLog /dev/stderr
    CustomLog /dev/stdout combined
</VirtualHost>
CONF
cat > /etc/apache2/conf-available/safetls.conf <<'CONF'
ServerName localhost
ErrorLog /dev/stderr
CONF
# What Debian's ports.conf opens without TLS is not wanted.
echo 'Listen 443' > /etc/apache2/ports.conf
a2ensite -q safetls
a2enconf -q safetls

install -m 755 "$here/start.sh" /usr/local/sbin/start-httpd
apt-get clean
rm -rf /var/lib/apt/lists/* "$here"
