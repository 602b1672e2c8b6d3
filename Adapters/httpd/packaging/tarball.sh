#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# tarball.sh: writes build/safetls-VERSION-linux-MACHINE.tar.gz, for systems that have no package: the modules and the script
# that installs them, the command line, its manual page and completions for shells. The same files and the same commit make the same bytes.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
umask 022

name=safetls-$version${snapshot:+-$snapshot}-linux-$(uname -m)
tree=$work/$name
require mod_ssl.so mod_tls.so safetls
mkdir -p "$tree"
install -m 644 "$build/mod_ssl.so" "$build/mod_tls.so" "$root"/{LICENSE,CHANGELOG.md,SECURITY.md} "$tree/"
install -m 644 "$root"/Adapters/httpd/{README,FirstSteps}.md "$tree/"
install -m 755 "$build/safetls" "$root/Adapters/httpd/install.sh" "$tree/"
make_manual "$work/man"
install -m 644 "$work/man/man1/safetls.1" "$tree/"
make_completions "$tree/completions"
tar --create --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" --directory "$work" "$name" \
    | gzip -9n > "$build/$name.tar.gz"
echo "build/$name.tar.gz"
