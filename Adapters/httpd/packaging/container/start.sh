#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Becomes httpd, so that the signals of the container's engine, which the first process has, come to it. apache2ctl would stay
# before it.
set -e

APACHE_CONFDIR=${APACHE_CONFDIR:-/etc/apache2}
export APACHE_CONFDIR
. "$APACHE_CONFDIR/envvars"
mkdir -p "$APACHE_RUN_DIR" "$APACHE_LOCK_DIR"
chown "$APACHE_RUN_USER" "$APACHE_LOCK_DIR"
# Of a container that was killed: its number may be another process's now.
rm -f "$APACHE_PID_FILE"
exec apache2 -D FOREGROUND "$@"
