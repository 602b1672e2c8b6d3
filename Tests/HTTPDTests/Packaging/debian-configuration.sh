#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Fetches the configuration files of Debian's apache2 and of certbot's plugin for it, and prints the directory that they
# lie in: as the packages have them, without installing anything.
set -euo pipefail

cache=${XDG_CACHE_HOME:-$HOME/.cache}/safetls-debian
if [ ! -e "$cache/complete" ]; then
    mkdir -p "$cache/packages"
    (
        cd "$cache/packages"
        apt-get download -q apache2 python3-certbot-apache 2> download.log || { cat download.log >&2; exit 1; }
        for package in *.deb; do dpkg-deb -x "$package" "$cache"; done
    ) >&2
    touch "$cache/complete"
fi
echo "$cache"
