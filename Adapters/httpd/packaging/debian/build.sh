#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# build.sh: writes build/deb/libapache2-mod-safetls_*.deb and build/deb/safetls_*.deb of what `make build` has left in build/.
# The same files and the same commit make the same bytes.
set -euo pipefail
source "$(dirname "$0")/../lib.sh"
debian=$packaging/debian
output=$build/deb
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
umask 022

revision=$version$sign$snapshot-1
architecture=$(dpkg --print-architecture)

# put FILE MODE PATH: a file of the package that is being made.
put() {
    install -D -m "$2" "$1" "$tree$3"
}

# entry REVISION DATE: of Debian's changelog.
entry() {
    printf 'safetls (%s) unstable; urgency=medium\n\n  * SafeTLS %s; see changelog.gz.\n\n' \
        "$1" "${1%-1}"
    printf ' -- %s  %s\n\n' "$maintainer" "$(date --utc --date "$2" --rfc-email)"
}

# documentation FILE...: what Debian's policy wants of each package, and files beside it.
documentation() {
    local directory=$tree/usr/share/doc/$package file
    mkdir -p "$directory"
    sed "s/@YEAR@/$(date --utc --date "@$SOURCE_DATE_EPOCH" +%Y)/" "$debian/copyright.in" > "$directory/copyright"
    cp "$root/CHANGELOG.md" "$directory/changelog"
    {
        entry "$revision" "@$SOURCE_DATE_EPOCH"
        # Headings of releases are "## 0.1.0 – 2026-11-23".
        sed -nE 's/^## ([0-9.]+) – ([0-9-]+)$/\1 \2/p' "$root/CHANGELOG.md" | while read -r old date; do
            [ "$old" = "$version" ] || entry "$old-1" "$date"
        done
    } > "$directory/changelog.Debian"
    for file in "$@"; do cp "$file" "$directory/"; done
    find "$directory" -type f ! -name copyright -exec gzip -9n {} +
    find "$directory" -type f -exec chmod 644 {} +
}

# manual SECTION PAGE
manual() {
    mkdir -p "$tree/usr/share/man/man$1"
    gzip -9nc "$work/man/man$1/$2.$1" > "$tree/usr/share/man/man$1/$2.$1.gz"
}

# needed FILE...: the packages that have the libraries of these files, as dpkg-shlibdeps writes them.
needed() {
    mkdir -p "$work/shlibs/debian" "$tree/DEBIAN"
    printf 'Source: safetls\n\nPackage: %s\nArchitecture: any\n' "$package" > "$work/shlibs/debian/control"
    (cd "$work/shlibs" && dpkg-shlibdeps -O "$@") | sed -n 's/^shlibs:Depends=//p'
}

# In KiB, as dpkg-gencontrol counts: what a directory takes differs from one file system to the next.
installed_size() {
    find "$tree" -path "$tree/DEBIAN" -prune -o -type f -printf '%s\n' -o -printf '1\n' \
        | awk '{ sum += int(($1 + 1023) / 1024) } END { print sum }'
}

# finish DEPENDS < the rest of the control file, beginning with the description
finish() {
    mkdir -p "$tree/DEBIAN"
    {
        printf '%s: %s\n' Package "$package" Source safetls Version "$revision" Architecture "$architecture" \
            Maintainer "$maintainer" Installed-Size "$(installed_size)" \
            Depends "$1" Section "$section" Priority optional
        cat
    } > "$tree/DEBIAN/control"
    (cd "$tree" && find usr -type f -print0 | sort -z | xargs -0 md5sum) > "$tree/DEBIAN/md5sums"
    [ ! -d "$tree/etc" ] || (cd "$tree" && find etc -type f -printf '/%p\n' | sort) > "$tree/DEBIAN/conffiles"
    find "$tree" -exec touch --no-dereference --date "@$SOURCE_DATE_EPOCH" {} +
    dpkg-deb --root-owner-group -Zxz --build "$tree" "$output/${package}_${revision}_$architecture.deb"
}

module_package() {
    package=libapache2-mod-safetls section=httpd tree=$work/$package
    local modules=/usr/lib/apache2/modules/safetls script
    put "$build/mod_ssl.so" 644 $modules/mod_ssl.so
    put "$build/mod_tls.so" 644 $modules/mod_tls.so
    put "$debian/tls.load" 644 /etc/apache2/mods-available/tls.load
    put "$packaging/safetls-modssl" 755 /usr/sbin/safetls-modssl
    put "$debian/$package.lintian-overrides" 644 /usr/share/lintian/overrides/$package
    documentation "$root"/Adapters/httpd/{README,FirstSteps}.md "$root/SECURITY.md"
    manual 8 safetls-modssl
    for script in postinst prerm postrm; do put "$debian/$package.$script" 755 "/DEBIAN/$script"; done
    local depends
    depends="$(needed "$tree$modules/mod_ssl.so" "$tree$modules/mod_tls.so"), apache2-api-20120211, apache2-bin (>= 2.4.49)"
    finish "$depends" <<'CONTROL'
Recommends: apache2
Suggests: safetls
Description: TLS for Apache httpd in memory-safe Swift, in place of mod_ssl
 One module with two faces gives Apache httpd TLS 1.2 and TLS 1.3 by SafeTLS, a
 TLS library whose parsers and handshakes are memory-safe Swift.
 .
 mod_ssl.so takes mod_ssl's configuration as it is, and goes into its place and
 back by one command, safetls-modssl. mod_tls.so takes the directives TLS* of
 the module mod_tls that is written in Rust.
 .
 Certificates that change are taken into use without a restart, OCSP responses
 are fetched ahead of handshakes, and keys of session tickets change by
 themselves.
CONTROL
}

command_package() {
    package=safetls section=net tree=$work/$package
    put "$build/safetls" 755 /usr/bin/safetls
    put "$work/completions/bash/safetls" 644 /usr/share/bash-completion/completions/safetls
    put "$work/completions/zsh/_safetls" 644 /usr/share/zsh/vendor-completions/_safetls
    put "$work/completions/fish/safetls.fish" 644 /usr/share/fish/vendor_completions.d/safetls.fish
    documentation
    manual 1 safetls
    # On a line of its own, where a failure counts.
    local depends
    depends=$(needed "$tree/usr/bin/safetls")
    finish "$depends" <<'CONTROL'
Recommends: ca-certificates
Description: TLS 1.2 and 1.3 from the command line
 safetls connect shows what a TLS server negotiates and whether its certificates
 hold, as text or JSON, also behind STARTTLS of SMTP, IMAP, LDAP, PostgreSQL and
 others; safetls serve is a server for tests of clients. Both take certificates
 of clients, pre-shared keys and revocation lists, and try resumption and 0-RTT.
 .
 TLS is spoken by SafeTLS, a library in memory-safe Swift.
CONTROL
}

require mod_ssl.so mod_tls.so safetls
rm -rf "$output"
mkdir -p "$output"
make_manual "$work/man"
make_completions "$work/completions"
module_package
command_package
