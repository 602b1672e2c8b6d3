#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# install.sh install [--stand-in] | uninstall: puts the modules that `make module` built where httpd looks for them.
#
# install writes mod_tls.so and safetls/mod_ssl.so into httpd's directory of modules and, on Debian, a tls.load for
# `a2enmod tls`. With --stand-in the LoadModule line of Debian's ssl.load names the stand-in from then on; the
# distribution's mod_ssl.so stays where it is. uninstall undoes all of that. DESTDIR is put before every path.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=$here/../../build
root=${DESTDIR:-}

apxs=${APXS:-$(command -v apxs2 || command -v apxs)}
modules=$root$("$apxs" -q LIBEXECDIR)
available=$root$("$apxs" -q SYSCONFDIR)/mods-available
stand_in=$("$apxs" -q LIBEXECDIR)/safetls/mod_ssl.so

# replace FILE: writes standard input to a file in one step.
replace() {
    local new
    new=$(mktemp "$1.XXXXXX")
    cat > "$new"
    chmod 644 "$new"
    mv "$new" "$1"
}

install_modules() {
    for file in mod_tls.so mod_ssl.so; do
        [ -e "$build/$file" ] || { echo "install: there is no build/$file; 'make module' builds it" >&2; exit 1; }
    done
    mkdir -p "$modules/safetls"
    install -m 644 "$build/mod_tls.so" "$modules/mod_tls.so"
    install -m 644 "$build/mod_ssl.so" "$modules/safetls/mod_ssl.so"
    echo "installed $modules/mod_tls.so and $modules/safetls/mod_ssl.so"
    if [ -d "$available" ]; then
        echo "LoadModule tls_module $("$apxs" -q LIBEXECDIR)/mod_tls.so" | replace "$available/tls.load"
        echo "a2enmod tls     enables the directives TLS*"
    fi
}

enable_stand_in() {
    [ -e "$available/ssl.load" ] || { echo "install: there is no $available/ssl.load to change" >&2; exit 1; }
    [ -e "$available/ssl.load.distribution" ] || cp -p "$available/ssl.load" "$available/ssl.load.distribution"
    sed "s|^LoadModule ssl_module .*|LoadModule ssl_module $stand_in|" "$available/ssl.load.distribution" \
        | replace "$available/ssl.load"
    echo "$available/ssl.load names the stand-in; restart httpd"
}

uninstall() {
    if [ -e "$available/ssl.load.distribution" ]; then
        mv "$available/ssl.load.distribution" "$available/ssl.load"
        echo "$available/ssl.load is the distribution's again; restart httpd"
    fi
    # What a2enmod made would lead nowhere.
    rm -f "${available%available}enabled/tls.load" "$available/tls.load" "$modules/mod_tls.so" "$modules/safetls/mod_ssl.so"
    rmdir "$modules/safetls" 2> /dev/null || true
    echo "removed the modules"
}

case ${1:-} in
install)
    install_modules
    [ "${2:-}" != --stand-in ] || enable_stand_in
    ;;
uninstall) uninstall ;;
*)
    echo "usage: install.sh install [--stand-in] | uninstall" >&2
    exit 2
    ;;
esac
