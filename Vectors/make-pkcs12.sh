#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Makes the PKCS #12 files in pkcs12/, with the openssl of Debian 12, a C compiler, and for one of them the OpenSSL 3.5 of
# `make peers`. Each run makes new ones, in a minute: some ask for sixteen million iterations.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/safetls-pkcs12.XXXXXX")
trap 'rm -rf "$work"' EXIT
out=$here/pkcs12
mkdir -p "$out"
cd "$work"

key() { openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1" 2> /dev/null; }
# issue NAME SUBJECT ISSUER EXTENSIONS
issue() {
    key "$1.key"
    openssl req -new -key "$1.key" -subj "$2" -out "$1.csr"
    printf '%s\n' "$4" > "$1.ext"
    if [ "$3" = "$1" ]; then signer=(-signkey "$1.key"); else signer=(-CA "$3.pem" -CAkey "$3.key" -CAcreateserial); fi
    openssl x509 -req -in "$1.csr" "${signer[@]}" -days 36500 -extfile "$1.ext" -out "$1.pem" 2> /dev/null
}
issue root "/CN=Root" root $'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign'
issue middle "/CN=Middle" root $'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign'
issue leaf "/CN=leaf" middle $'subjectAltName=DNS:server.example\nextendedKeyUsage=serverAuth'
issue stranger "/CN=stranger" root $'subjectAltName=DNS:stranger.example'

# In an order that is not that of the chain, with certificates that have nothing to do with the key.
cat stranger.pem root.pem middle.pem > others.pem
export_() { openssl pkcs12 -export -inkey leaf.key -in leaf.pem -certfile others.pem "$@"; }
export_ -passout pass:secret -out "$out/modern.p12"
export_ -keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES -macalg sha1 -passout 'pass:Schlüssel' -out "$out/triple-des.p12"
export_ -passout pass: -out "$out/empty.p12"
export_ -keypbe NONE -certpbe NONE -nomac -passout pass: -out "$out/plain.p12"
openssl pkcs12 -export -nokeys -in leaf.pem -passout pass:secret -out "$out/no-key.p12"
openssl pkcs12 -export -inkey stranger.key -nocerts -passout pass:secret -out "$out/no-certificate.p12"

# One of whose derivations takes too long: that of the code, that of the certificates' key, that of the key's key.
long=16777216
export_ -keypbe NONE -certpbe NONE -maciter -iter $long -passout pass:secret -out "$out/long-mac.p12"
export_ -keypbe NONE -nomac -iter $long -passout pass:secret -out "$out/long-certificates.p12"
export_ -certpbe NONE -nomac -iter $long -passout pass:secret -out "$out/long-key.p12"
export_ -keypbe PBE-SHA1-3DES -certpbe NONE -nomac -iter $long -passout pass:secret -out "$out/long-triple-des.p12"

cat > other.c << 'C'
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <stdio.h>
#include <string.h>
#ifdef PBMAC1
int PKCS12_set_pbmac1_pbkdf2(PKCS12 *, const char *, int, unsigned char *, int, int, const EVP_MD *, const char *);
#endif
int main(int argc, char **argv) {
    FILE *file = fopen("leaf.key", "r");
    EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    fclose(file);
    file = fopen("leaf.pem", "r");
    X509 *leaf = PEM_read_X509(file, NULL, NULL, NULL);
    fclose(file);
#ifdef PBMAC1
    // Long or not, as the argument says.
    PKCS12 *made = PKCS12_create("secret", NULL, key, leaf, NULL, 0, 0, 2048, -1, 0);
    if (!PKCS12_set_pbmac1_pbkdf2(made, "secret", 6, (unsigned char *)"saltsalt", 8, atoi(argv[2]), EVP_sha256(), "SHA256")) return 1;
#else
    // No passphrase, as some programs understand it: none at all.
    PKCS12 *made = PKCS12_create(NULL, NULL, key, leaf, NULL, NID_pbe_WithSHA1And3_Key_TripleDES_CBC,
                                 NID_pbe_WithSHA1And3_Key_TripleDES_CBC, 2048, 2048, 0);
#endif
    file = fopen(argv[1], "w");
    return made != NULL && i2d_PKCS12_fp(file, made) == 1 && fclose(file) == 0 ? 0 : 1;
}
C
cc -o null other.c -lcrypto
./null "$out/null.p12"
libraries=("$here"/../build/peers/lib/python3*/site-packages/psycopg_binary.libs)
cc -DPBMAC1 -include stdlib.h -o pbmac1 other.c "${libraries[0]}"/libcrypto-*.so.3
"$here/../Tests/Peers/openssl35.sh" ./pbmac1 "$out/pbmac1.p12" 2048
"$here/../Tests/Peers/openssl35.sh" ./pbmac1 "$out/long-pbmac1.p12" $long
ls -l "$out"
