#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# install.sh install [--stand-in] | uninstall: puts the modules that `make module` built, or that came with this script, where
# httpd looks for them, and the command line, if `make command` built it, below PREFIX, /usr/local.
#
# install writes mod_tls.so and safetls/mod_ssl.so into httpd's directory of modules and, on Debian, a tls.load for
# `a2enmod tls`. With --stand-in the LoadModule line of Debian's ssl.load names the stand-in from then on; the
# distribution's mod_ssl.so stays where it is. uninstall undoes all of that. DESTDIR is put before every path. Where the
# directories are, apxs says; without it they are looked for, or named by MODULES and SYSCONFDIR.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# In the tarball of a release the modules lie beside this script.
build=$here/../../build
[ ! -e "$here/mod_ssl.so" ] || build=$here
root=${DESTDIR:-}

usage() {
    echo "usage: install.sh install [--stand-in] | uninstall" >&2
    exit 2
}

fail() {
    echo "install: $*" >&2
    exit 1
}

# first_directory PATH...: prints the first that is there.
first_directory() {
    local path
    for path in "$@"; do
        [ ! -d "$root$path" ] && [ ! -d "$path" ] || { echo "$path"; return; }
    done
}

# Sets modules and configuration, the directories as httpd sees them.
find_directories() {
    local apxs=${APXS:-$(command -v apxs2 || command -v apxs || true)}
    modules=${MODULES:-}
    configuration=${SYSCONFDIR:-}
    if [ -n "$apxs" ]; then
        modules=${modules:-$("$apxs" -q LIBEXECDIR)}
        configuration=${configuration:-$("$apxs" -q SYSCONFDIR)}
    fi
    # Debian and its kin, Fedora and its kin, openSUSE, Arch, FreeBSD.
    modules=${modules:-$(first_directory /usr/lib/apache2/modules /usr/lib64/httpd/modules /usr/lib64/apache2 \
        /usr/lib/httpd/modules /usr/local/libexec/apache24)}
    configuration=${configuration:-$(first_directory /etc/apache2 /etc/httpd /usr/local/etc/apache24)}
    [ -n "$modules" ] || fail "httpd's directory of modules is not found: there is no apxs to ask; name it by MODULES=directory"
    [ -n "$configuration" ] || fail "httpd's configuration is not found: name its directory by SYSCONFDIR=directory"
    available=$root$configuration/mods-available
    stand_in=$modules/safetls/mod_ssl.so
}

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
        [ -e "$build/$file" ] || fail "there is no build/$file; 'make module' builds it"
    done
    mkdir -p "$root$modules/safetls"
    install -m 644 "$build/mod_tls.so" "$root$modules/mod_tls.so"
    install -m 644 "$build/mod_ssl.so" "$root$stand_in"
    echo "installed $root$modules/mod_tls.so and $root$stand_in"
    if [ -d "$available" ]; then
        echo "LoadModule tls_module $modules/mod_tls.so" | replace "$available/tls.load"
        echo "a2enmod tls     enables the directives TLS*"
    else
        echo "for the directives TLS* add to httpd's configuration: LoadModule tls_module $modules/mod_tls.so"
    fi
}

# Where the command line, its manual page and completions for bash, zsh and fish are put.
prefix=${PREFIX:-/usr/local}
command_files=(bin/safetls share/man/man1/safetls.1 share/bash-completion/completions/safetls
    share/zsh/site-functions/_safetls share/fish/vendor_completions.d/safetls.fish)

# What each of these is made of, in the same order.
command_sources=(safetls safetls.1 completions/bash/safetls completions/zsh/_safetls completions/fish/safetls.fish)

install_command() {
    [ -e "$build/safetls" ] || return 0
    local index mode
    for index in "${!command_files[@]}"; do
        [ -e "$build/${command_sources[index]}" ] || fail "there is no build/${command_sources[index]}; 'make command' makes it"
        mode=644
        [ "$index" != 0 ] || mode=755
        install -D -m "$mode" "$build/${command_sources[index]}" "$root$prefix/${command_files[index]}"
    done
    echo "installed $root$prefix/bin/safetls, its manual page and completions for bash, zsh and fish"
}

# httpd reads names of directives in any case, and any white space between words.
line='^([[:space:]]*LoadModule[[:space:]]+ssl_module[[:space:]]+).*$'

enable_stand_in() {
    local load=$available/ssl.load
    if [ ! -e "$load" ]; then
        echo "install: there is no $load to change; ssl_module is loaded by:" >&2
        grep -rniE "$line" "$root$configuration" >&2 || echo "  nothing below $root$configuration" >&2
        fail "have that line say: LoadModule ssl_module $stand_in"
    fi
    local source=$load.distribution
    [ -e "$source" ] || source=$load
    grep -qiE "$line" "$source" || fail "$source loads no ssl_module, so it is left as it is"
    [ -e "$load.distribution" ] || cp -p "$load" "$load.distribution"
    sed -E "s|$line|LoadModule ssl_module $stand_in|I" "$load.distribution" | replace "$load"
    echo "$load names the stand-in; restart httpd"
}

uninstall() {
    if [ -e "$available/ssl.load.distribution" ]; then
        mv "$available/ssl.load.distribution" "$available/ssl.load"
        echo "$available/ssl.load is the distribution's again; restart httpd"
    fi
    # What a2enmod made would lead nowhere.
    rm -f "${available%available}enabled/tls.load" "$available/tls.load" "$root$modules/mod_tls.so" "$root$stand_in"
    rmdir "$root$modules/safetls" 2> /dev/null || true
    rm -f "${command_files[@]/#/$root$prefix/}"
    echo "removed the modules and the command line"
}

case "$*" in
install | 'install --stand-in' | uninstall) find_directories ;;
*) usage ;;
esac
case "$*" in
uninstall) uninstall ;;
*)
    install_modules
    install_command
    [ "$*" = install ] || enable_stand_in
    ;;
esac
