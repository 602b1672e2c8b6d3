#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# command-files.sh: writes what `make install` installs beside build/safetls, made of what it says of itself: the manual page
# build/safetls.1, and completions for shells in build/completions.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
umask 022

make_manual "$work/man"
install -m 644 "$work/man/man1/safetls.1" "$build/safetls.1"
rm -rf "$build/completions"
make_completions "$build/completions"
