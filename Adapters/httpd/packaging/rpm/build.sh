#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# build.sh: writes build/rpm/mod_safetls-*.rpm and build/rpm/safetls-*.rpm of what `make build` has left in build/.
# The same files and the same commit make the same bytes.
set -euo pipefail
source "$(dirname "$0")/../lib.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
umask 022

require mod_ssl.so mod_tls.so safetls
mkdir "$work/files"
make_manual "$work/man"
make_completions "$work/files/completions"
cp "$build"/{mod_ssl.so,mod_tls.so,safetls} "$root"/{LICENSE,SECURITY.md} "$root"/Adapters/httpd/{README,FirstSteps}.md \
    "$packaging"/rpm/{safetls-modssl,00-safetls.conf} "$work/files/"
gzip -9nc "$work/man/man1/safetls.1" > "$work/files/safetls.1.gz"
find "$work/files" -exec touch --no-dereference --date "@$SOURCE_DATE_EPOCH" {} +

release=1
if [ "$sign" = '~' ]; then release=0.$snapshot.1; elif [ -n "$snapshot" ]; then release=1.$snapshot; fi
# Debian's rpm knows no directory of licences; buildhost and times are not to differ from one build to the next. A "%" would
# be the beginning of a macro, which may run a command.
rpmbuild -bb --quiet --buildroot "$work/root" \
    --define "_topdir $work" --define "build $work/files" \
    --define "safetls_version $version" --define "safetls_release $release" \
    --define "safetls_packager ${maintainer//%/%%}" \
    --define "_licensedir /usr/share/licenses" --define "_docdir /usr/share/doc" --define "_libdir /usr/lib64" \
    --define "_sbindir /usr/sbin" --define "_build_id_links none" \
    --define "_buildhost reproducible" --define "use_source_date_epoch_as_buildtime 1" \
    --define "clamp_mtime_to_source_date_epoch 1" --define "__os_install_post %{nil}" \
    "$packaging/rpm/safetls.spec"
rm -rf "$build/rpm"
mkdir -p "$build/rpm"
find "$work/RPMS" -name '*.rpm' -exec mv {} "$build/rpm/" \;
ls "$build/rpm"
