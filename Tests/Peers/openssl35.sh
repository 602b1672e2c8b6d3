#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs a command on the OpenSSL 3.5 that `make peers` installs in place of the system's: openssl35.sh COMMAND...
# It is the one of the package psycopg-binary, whose libraries have names of their own: links give them the usual ones.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
peers=$here/../../build/peers
[ -e "$peers/complete" ] || { echo "openssl35: there is no $peers: 'make peers' installs it" >&2; exit 1; }
libraries=$(cd "$peers"/lib/python3*/site-packages/psycopg_binary.libs && pwd -P)
links=${TMPDIR:-/tmp}/safetls-openssl35-$(id -u)-$(printf '%s' "$libraries" | sha256sum | cut -c 1-12)
if [ ! -e "$links/libcrypto.so.3" ]; then
    # Several may do this at once; a rename is all or nothing.
    made=$(mktemp -d "$links.XXXXXX")
    for name in ssl crypto; do
        found=("$libraries/lib$name"-*.so.3)
        ln -s "${found[0]}" "$made/lib$name.so.3"
    done
    mv -T "$made" "$links" 2> /dev/null || rm -rf "$made"
fi
# Nobody else may have put other libraries there.
[ -O "$links" ] || { echo "openssl35: $links belongs to somebody else" >&2; exit 1; }
export PATH=$here/programs:$PATH SAFETLS_PROGRAMS=$here/programs
export LD_LIBRARY_PATH=$links:$libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
# These libraries look for both in a directory that no system has.
export OPENSSL_CONF=${OPENSSL_CONF-/etc/ssl/openssl.cnf} SSL_CERT_DIR=${SSL_CERT_DIR-/etc/ssl/certs}
exec "$@"
