#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Installs the programs of requirements.txt, and builds what is on top of them: setup.sh LINK
# They are kept in a cache outside the repository; LINK leads there.
set -euo pipefail

link=$1
here=$(cd "$(dirname "$0")" && pwd)
stamp=$(cat "$here/requirements.txt" "$here/peer.go" "$here/setup.sh" | sha256sum | cut -c 1-16)
folder=${XDG_CACHE_HOME:-$HOME/.cache}/safetls-peers/$stamp

if [ ! -e "$folder/complete" ]; then
    echo "peers: installing $(grep -c == "$here/requirements.txt") packages into $folder"
    rm -rf "$folder"
    mkdir -p "$folder"
    /usr/bin/python3 -m venv "$folder"
    # No dependencies but those that are named, and nothing that would be built here.
    "$folder/bin/pip" install --quiet --disable-pip-version-check --no-cache-dir --only-binary=:all: --no-deps \
        --requirement "$here/requirements.txt"
    # A module of its own: without one Go's defaults are those of years ago.
    mkdir "$folder/source"
    cp "$here/peer.go" "$folder/source/"
    (
        cd "$folder/source"
        export GOFLAGS='' GOCACHE=$folder/go-cache GOPATH=$folder/go-path GOTOOLCHAIN=local CGO_ENABLED=0
        "$folder/bin/go" mod init peer
        "$folder/bin/go" build -o "$folder/bin/go-peer" .
    )
    rm -rf "$folder/go-cache" "$folder/go-path"
    touch "$folder/complete"
fi
mkdir -p "$(dirname "$link")"
[ -L "$link" ] || rm -rf "$link"
ln -sfn "$folder" "$link"
