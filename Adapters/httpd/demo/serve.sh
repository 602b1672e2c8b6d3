#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# serve.sh MODULE PORT: Debian's httpd with the module on https://localhost:PORT until Ctrl-C.
set -euo pipefail
source "$(dirname "$0")/site.sh"
module=$1
port=$2

make_site
trap 'echo "stopped"; exit 0' INT # Ctrl-C is the way to end this
write_configuration "$module" "$port"
start_httpd "$port"
echo "https://localhost:$port is up; Ctrl-C stops it. Try:"
echo "  curl --cacert $site/ca.pem https://localhost:$port/"
wait "$httpd"
