#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Makes the certificates and keys with ML-DSA in certificates/, with the OpenSSL 3.5 of `make peers`. Each run makes new ones.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/safetls-mldsa.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"

# The forms of RFC 9881 §6, and what OpenSSL calls them.
genpkey() { # genpkey SET FORM FILE
    cat > openssl.cnf << CONF
openssl_conf = all
[all]
providers = providers
[providers]
default = details
[details]
activate = 1
ml-dsa.output_formats = $2
CONF
    OPENSSL_CONF=$work/openssl.cnf "$here/../Tests/Peers/openssl35.sh" openssl genpkey -algorithm "ML-DSA-$1" -out "$3"
}
openssl35() { "$here/../Tests/Peers/openssl35.sh" openssl "$@"; }

genpkey 65 seed-only mldsa-ca.key
cat > ca.cnf << CONF
[req]
distinguished_name = name
x509_extensions = authority
[name]
[authority]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
CONF
openssl35 req -x509 -new -config ca.cnf -key mldsa-ca.key -subj '/O=SafeTLS Tests/CN=ML-DSA Root' -days 36400 \
    -out mldsa-ca.pem
cat > leaf.ext << EXT
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth,clientAuth
subjectAltName=DNS:server.example,DNS:*.wild.example,IP:127.0.0.1,IP:::1
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid
EXT
for pair in 44:seed-priv 65:seed-only 87:priv-only; do
    set=${pair%%:*}
    genpkey "$set" "${pair##*:}" "mldsa$set.key"
    openssl35 req -new -key "mldsa$set.key" -subj "/CN=mldsa$set" -out request
    openssl35 x509 -req -in request -CA mldsa-ca.pem -CAkey mldsa-ca.key -set_serial "0x$(openssl rand -hex 8)" \
        -days 36400 -extfile leaf.ext -out "mldsa$set.pem"
done
# The same authority has also certified a P-256 key: what is signed with ML-DSA is one thing, what signs another.
cp "$here/certificates/p256.key" p256-by-mldsa.key
openssl35 req -new -key p256-by-mldsa.key -subj /CN=p256-by-mldsa -out request
openssl35 x509 -req -in request -CA mldsa-ca.pem -CAkey mldsa-ca.key -set_serial "0x$(openssl rand -hex 8)" \
    -days 36400 -extfile leaf.ext -out p256-by-mldsa.pem
cp mldsa-ca.pem mldsa-ca.key mldsa??.key mldsa??.pem p256-by-mldsa.* "$here/certificates/"
