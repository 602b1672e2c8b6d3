#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# run.sh [--build] [SYSTEM...]: installs the packages of build/deb in fresh systems, and has each prove that they work there.
#
# Systems are minimal chroots of Debian and Ubuntu, made once by debootstrap in build/systems. What a run changes lies in memory,
# in namespaces of its own: with the last process of a run its mounts, processes and ports are gone, whatever has happened. The
# conversation has a network of its own, too, which is nothing but loopback. With --build the module is also built in Debian 13,
# with this machine's Swift. Needs root, a mirror of Debian (MIRROR) and of Ubuntu (UBUNTU): where there is none of the latter, Ubuntu
# is left out, unless it is asked for. Ubuntu's keys are this system's, those of UBUNTU_KEYRING, or of Debian 13's package of them.
set -euo pipefail
source "$(dirname "$0")/../lib.sh"
systems=$build/systems
debian_mirror=${MIRROR:-http://deb.debian.org/debian}
ubuntu_mirror=${UBUNTU:-http://archive.ubuntu.com/ubuntu}
ubuntu_keyring=${UBUNTU_KEYRING:-/usr/share/keyrings/ubuntu-archive-keyring.gpg}

fail() {
    echo "test-systems: $*" >&2
    exit 1
}

# bootstrap ARGUMENT...: debootstrap, whose mounts end with it.
bootstrap() {
    unshare --mount --propagation private debootstrap --force-check-gpg "$@"
}

# make_base SYSTEM: the chroot that runs begin with, by the name under which debootstrap knows the system.
make_base() {
    local base=$systems/$1.base options=(--variant=minbase --include=ca-certificates) log=$systems/$1.log
    [ ! -e "$base" ] || return 0
    case $1 in
    bookworm | trixie | sid) ;;
    *) find_ubuntu_keys ;;
    esac
    mkdir -p "$systems"
    # What a run that was killed had mounted in there is not this one's.
    rm -rf --one-file-system "$base.new"
    echo "test-systems: making $base" >&2
    case $1 in
    bookworm | trixie | sid) bootstrap "${options[@]}" "$1" "$base.new" "$debian_mirror" ;;
    # The script of gutsy is the one of every Ubuntu since.
    *) bootstrap "${options[@]}" --keyring="$ubuntu_keyring" --components=main,universe "$1" "$base.new" "$ubuntu_mirror" gutsy ;;
    esac > "$log" 2>&1 || { tail -n 20 "$log" >&2; fail "debootstrap could not make $1"; }
    rm -f "$base.new"/var/cache/apt/archives/*.deb
    mv "$base.new" "$base"
}

# Debian 12 has no package of Ubuntu's keys; apt takes that of Debian 13 for what Debian has signed.
find_ubuntu_keys() {
    [ ! -e "$ubuntu_keyring" ] || return 0
    [ -z "${UBUNTU_KEYRING:-}" ] || fail "there is no $UBUNTU_KEYRING"
    ubuntu_keyring=$systems/ubuntu-archive-keyring.gpg
    [ ! -e "$ubuntu_keyring" ] || return 0
    make_base trixie
    local log=$systems/keys.log
    in_system fetch_ubuntu_keys trixie > "$log" 2>&1 || { tail -n 20 "$log" >&2; fail "Ubuntu's keys cannot be fetched"; }
}

fetch_ubuntu_keys() {
    mount_system "$1"
    enter apt-get update -q
    enter apt-get install -y -q --no-install-recommends ubuntu-keyring
    cp "$chroot/usr/share/keyrings/ubuntu-archive-keyring.gpg" "$systems/ubuntu-archive-keyring.gpg.new"
    mv "$systems/ubuntu-archive-keyring.gpg.new" "$systems/ubuntu-archive-keyring.gpg"
}

# in_system SYSTEM COMMAND...: runs a function of this file in namespaces of its own, with the chroot at $chroot.
in_system() {
    local system=$2 task=$1
    unshare --mount --pid --fork --kill-child --propagation private "$BASH" "$0" --inside "$task" "$system"
}

# mount_system SYSTEM: what is written lies in memory, above the base; downloads are kept for the next run.
mount_system() {
    chroot=$systems/$1
    mkdir -p "$chroot" "$systems/$1.downloads"
    mount -t tmpfs none "$chroot"
    mkdir "$chroot/upper" "$chroot/work" "$chroot/root"
    mount -t overlay none -o "lowerdir=$systems/$1.base,upperdir=$chroot/upper,workdir=$chroot/work" "$chroot/root"
    chroot=$chroot/root
    mount -t proc none "$chroot/proc"
    mount --rbind /dev "$chroot/dev"
    mount --bind "$systems/$1.downloads" "$chroot/var/cache/apt/archives"
    # Packages start nothing: the conversation does.
    printf '#!/bin/sh\nexit 101\n' > "$chroot/usr/sbin/policy-rc.d"
    chmod +x "$chroot/usr/sbin/policy-rc.d"
    cp /etc/resolv.conf "$chroot/etc/resolv.conf"
    printf '127.0.0.1 localhost\n' > "$chroot/etc/hosts"
    echo 'Binary::apt-get::APT::Keep-Downloaded-Packages "true";' > "$chroot/etc/apt/apt.conf.d/90keep"
    # A mirror may be the snapshot of a day.
    printf '%s\n' 'APT::Sandbox::User "root";' 'Acquire::Check-Valid-Until "false";' >> "$chroot/etc/apt/apt.conf.d/90keep"
}

# enter COMMAND...: in the chroot.
enter() {
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/root DEBIAN_FRONTEND=noninteractive \
        chroot "$chroot" "$@"
}

# enter_instead COMMAND...: the same, and the command is the process that this was.
enter_instead() {
    exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/root chroot "$chroot" "$@"
}

# Both faces, and back again.
converse() {
    mount_system "$1"
    mkdir "$chroot/test"
    cp "$build"/deb/*.deb "$packaging/systems/conversation.sh" "$chroot/test/"
    enter apt-get update -q
    enter apt-get install -y -q --no-install-recommends apache2 curl openssl ssl-cert
    # What the packages and a second installation of apache2-bin need is fetched while there is a network.
    enter apt-get install -y -q --no-install-recommends --download-only --reinstall apache2-bin
    enter sh -c 'apt-get install -y -q --no-install-recommends --download-only /test/*.deb'
    export chroot
    export -f enter
    unshare --net "$BASH" -euc 'ip link set lo up; enter bash /test/conversation.sh'
}

# The module from its sources, as on a system that has Swift.
compile() {
    mount_system "$1"
    local swift
    # `swift` in PATH may be a program that chooses one of many.
    swift=$(swift -print-target-info | python3 -c 'import json, sys; print(json.load(sys.stdin)["paths"]["runtimeResourcePath"])')
    swift=$(realpath "$swift/../../..")
    mkdir -p "$chroot/swift" "$chroot/source"
    mount --bind -o ro "$swift" "$chroot/swift"
    git -C "$root" archive HEAD | tar -x -C "$chroot/source"
    enter apt-get update -q
    enter apt-get install -y -q --no-install-recommends gcc g++ libc6-dev libssl-dev zlib1g-dev libbrotli-dev pkg-config \
        apache2-dev binutils git libcurl4 libxml2 libncurses6 libedit2 libsqlite3-0
    # Without a network: the module is built of nothing else.
    export chroot
    export -f enter
    unshare --net "$BASH" -euc 'enter sh -c "cd /source && PATH=/swift/usr/bin:\$PATH Adapters/httpd/build.sh build/mod_ssl.so"'
    cp "$build"/deb/libapache2*.deb "$chroot/source/"
    enter sh -c 'cd /source && ls -l build/mod_ssl.so && apt-get install -y -q --no-install-recommends apache2 ./libapache2*.deb &&
        cp build/mod_ssl.so /usr/lib/apache2/modules/safetls/mod_ssl.so && safetls-modssl enable && a2enmod -q ssl && apache2ctl configtest'
}

# dockerfile INSTRUCTION: the words of its one line in the Dockerfile, which stand in brackets for RUN and CMD.
dockerfile() {
    sed -nE "s/^$1 //p" "$packaging/container/Dockerfile" | sed -E 's/^\[|\]$//g; s/",? ?/ /g; s/"//g'
}

# The steps of the Dockerfile, without an engine.
contain() {
    mount_system "$1"
    local words target
    read -ra words <<< "$(dockerfile COPY)"
    target=$chroot${words[-1]}
    unset 'words[-1]'
    mkdir -p "$target"
    (cd "$root" && cp ${words[@]} "$target")
    read -ra words <<< "$(dockerfile RUN)"
    enter "${words[@]}"
    mkdir -p "$chroot/certificates"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost \
        -addext subjectAltName=DNS:localhost -keyout "$chroot/certificates/tls.key" -out "$chroot/certificates/tls.crt"
    export chroot
    export -f enter_instead
    # As an engine does: the command is the first process, and is asked to end by the signal of the Dockerfile.
    # shellcheck disable=SC2016
    unshare --net --pid --fork --kill-child "$BASH" -euc '
        ip link set lo up
        mount -t proc none /proc
        unshare --mount --pid --fork --kill-child "$BASH" -euc "mount -t proc none \"\$chroot/proc\"; enter_instead \"\$@\"" bash "${@:2}" &
        container=$!
        for _ in $(seq 600); do
            ! curl --silent --show-error --fail --tlsv1.3 --http2 --verbose --output /dev/null \
                --cacert "$chroot/certificates/tls.crt" https://localhost/ || { served=1; break; }
            sleep 0.1
        done
        [ -n "${served:-}" ]
        [ "$(cat "$chroot/run/apache2/apache2.pid")" = 1 ] || { echo "httpd is not the first process"; exit 1; }
        kill -s "${1#SIG}" "$(cat "/proc/$container/task/$container/children")"
        wait "$container"' bash "$(dockerfile STOPSIGNAL)" $(dockerfile CMD)
}

if [ "${1:-}" = --inside ]; then
    "$2" "${@:3}"
    exit
fi

[ "$(id -u)" = 0 ] || fail "chroots need root"
[ -n "$(ls "$build"/deb/*.deb 2> /dev/null)" ] || fail "there are no packages in build/deb; 'make deb' makes them"
compiles=
[ "${1:-}" != --build ] || { compiles=1; shift; }
failures=0
table=$(printf '%-24s %-8s %-8s %-6s %s' system httpd OpenSSL glibc result)
if [ $# = 0 ]; then
    set -- bookworm trixie sid
    if curl --silent --fail --location --max-time 60 --output /dev/null "$ubuntu_mirror/dists/noble/InRelease"; then
        set -- "$@" jammy noble
    else
        table+=$'\n'"Ubuntu is LEFT OUT: $ubuntu_mirror does not answer, see UBUNTU"
    fi
fi
for system; do
    make_base "$system"
    log=$systems/$system.run.log
    if in_system converse "$system" > "$log" 2>&1; then
        row=$(sed -n 's/^row: //p' "$log")
    else
        failures=$((failures + 1))
        row=$(printf '%-24s %s' "$system" "FAILED, $log")
        tail -n 40 "$log" >&2
    fi
    table+=$'\n'$row
done
if [[ " $* " == *" bookworm "* ]]; then
    log=$systems/container.log
    if in_system contain bookworm > "$log" 2>&1; then
        table+=$'\n'"the steps of the Dockerfile make a server"
    else
        failures=$((failures + 1))
        tail -n 40 "$log" >&2
        table+=$'\n'"FAILED: the steps of the Dockerfile, $log"
    fi
fi
if [ -n "$compiles" ]; then
    make_base trixie
    log=$systems/trixie.build.log
    if in_system compile trixie > "$log" 2>&1; then
        table+=$'\n'"Debian 13 builds the module, without a network"
    else
        failures=$((failures + 1))
        tail -n 40 "$log" >&2
        table+=$'\n'"FAILED: building the module on Debian 13, $log"
    fi
fi
echo "$table"
[ "$failures" = 0 ]
