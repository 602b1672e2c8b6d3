#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# test-modssl.sh: runs safetls-modssl in a directory of its own, with dpkg-divert's database there, and ends it before and after
# each command that changes something. Whatever is left, the next command has to make whole. Needs no root, and changes nothing
# of the system.
set -euo pipefail
packaging=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
modules=$work/modules
place=$modules/mod_ssl.so
distributed=$place.distrib
checks=0

fail() {
    echo "test-modssl: $*" >&2
    ls -l "$modules" >&2
    exit 1
}

mkdir "$work/stubs"
sed "s|^modules=.*|modules=$modules|; s|^load=.*|load=$work/ssl.load|; s|/run/apache2/apache2.pid|$work/pid|" \
    "$packaging/safetls-modssl" > "$work/safetls-modssl"
printf '#!/bin/sh\necho 0\n' > "$work/stubs/id"
# A configuration test, which says what the file `verdict` has.
printf '#!/bin/sh\nexit "$(cat %s/verdict)"\n' "$work" > "$work/stubs/apache2ctl"
# Commands that change something: the file `end` says which one, by its number, and by which signal the program is ended, before
# that command or after it.
for name in mv ln rm dpkg-divert apache2ctl.real; do
    program=$(command -v "$name" || true) options=
    [ "$name" != dpkg-divert ] || options="--admindir $work/dpkg"
    [ "$name" != apache2ctl.real ] || { program=$work/stubs/apache2ctl.real; name=apache2ctl; mv "$work/stubs/$name" "$program"; }
    [ -n "$program" ] || fail "there is no $name"
    cat > "$work/stubs/$name" <<STUB
#!/bin/sh
case "$name \$*" in *--listpackage*) exec $program $options "\$@" ;; esac
number=\$((\$(cat $work/count) + 1))
echo \$number > $work/count
read -r which when signal < $work/end
[ "\$which \$when" != "\$number before" ] || kill -s \$signal \$PPID
status=0
[ "\$which \$when \$signal" = "\$number before KILL" ] || $program $options "\$@" || status=\$?
[ "\$which \$when" != "\$number after" ] || kill -s \$signal \$PPID
exit \$status
STUB
done
chmod +x "$work"/stubs/*

# A new system, with mod_ssl in its place, which is loaded.
begin() {
    rm -rf "$modules" "$work/dpkg"
    mkdir -p "$modules/safetls" "$work/dpkg/info" "$work/dpkg/updates"
    touch "$work/dpkg/status" "$work/ssl.load"
    echo stand-in > "$modules/safetls/mod_ssl.so"
    echo mod_ssl > "$place"
    echo 0 > "$work/verdict"
    end_at 0 never none
}

end_at() {
    echo 0 > "$work/count"
    echo "$*" > "$work/end"
}

# run STATUS ARGUMENT...: in $output is what it has written.
run() {
    local expected=$1 status=0
    shift
    # Whoever runs this may ignore signals, as nohup does, and a shell cannot take that back.
    output=$(PATH=$work/stubs:$PATH env --default-signal=HUP,INT,TERM sh "$work/safetls-modssl" "$@" 2>&1) || status=$?
    [ "$expected" = any ] || [ "$status" = "$expected" ] || fail "$case: '$*' ended with $status, not $expected: $output"
}

# check WHAT TEST...
check() {
    local what=$1
    shift
    "$@" || fail "$case: $what"
    checks=$((checks + 1))
}

has() { [ "$(cat "$1")" = "$2" ]; }
is_absent() { [ ! -e "$1" ] && [ ! -L "$1" ]; }

is_as_at_first() {
    check "mod_ssl is in its place" has "$place" "${1:-mod_ssl}"
    check "it is no link" test ! -L "$place"
    check "nothing else is there" test "$(ls "$modules")" = $'mod_ssl.so\nsafetls'
    run 3 status
}

is_enabled() {
    check "the stand-in is in the place" has "$place" stand-in
    check "mod_ssl waits" has "$distributed" "${1:-mod_ssl}"
    check "nothing else is there" is_absent "$place.new"
    run 0 status
}

# Every command that ENABLE or DISABLE runs, as many as there are, and both ends of it.
interrupt() {
    local command=$1 signal=$2 afterwards=$3 when number
    for when in before after; do
        for number in $(seq 20); do
            case="$command ended by $signal $when its command $number, then $afterwards"
            begin
            [ "$command" = enable ] || run 0 enable
            end_at "$number" "$when" "$signal"
            run any "$command"
            [ "$(cat "$work/count")" -ge "$number" ] || break
            check "httpd finds a module" test -e "$place"
            # All but SIGKILL leaves things as they were, or all done.
            [ "$signal" = KILL ] || [ "$command" = disable ] || is_as_at_first
            end_at 0 never none
            run 0 "$afterwards"
            if [ "$afterwards" = enable ]; then is_enabled; run 0 disable; fi
            is_as_at_first
        done
        [ "$number" -gt 3 ] || fail "$command runs $number commands: is anything tried?"
    done
}

case="there and back"
begin
run 0 enable; is_enabled
run 0 enable; is_enabled
run 0 disable; is_as_at_first
run 0 disable; is_as_at_first

case="httpd would not start"
begin
echo 1 > "$work/verdict"
run 1 enable; is_as_at_first
run 0 enable --force; is_enabled

for signal in KILL TERM; do
    interrupt enable "$signal" enable
    interrupt enable "$signal" disable
    interrupt disable "$signal" enable
    interrupt disable "$signal" disable
done
interrupt enable INT disable
interrupt enable HUP disable

# half_done TIME-OF-THE-PLACE TIME-OF-DISTRIB: the diversion is there, and a file at each end of it.
half_done() {
    begin
    run 0 enable
    rm "$place"
    echo "of the place" > "$place"
    echo "diverted" > "$distributed"
    touch --date "$1" "$place"
    touch --date "$2" "$distributed"
}
case="the newer of two files is in the place"
half_done 2026-02-01 2026-01-01
run 0 disable
check "a word is said" grep -q "is newer" <<< "$output"
is_as_at_first "of the place"
half_done 2026-02-01 2026-01-01
run 0 enable; is_enabled "of the place"
case="the newer of two files is diverted"
half_done 2026-01-01 2026-02-01
run 0 disable; is_as_at_first diverted
half_done 2026-01-01 2026-02-01
run 0 enable; is_enabled diverted

case="somebody's file has the name"
begin
echo "a copy" > "$distributed"
run 1 enable
check "it is left" has "$distributed" "a copy"
check "so is mod_ssl" has "$place" mod_ssl

case="somebody has removed the diversion"
begin
run 0 enable
rm "$work/dpkg/diversions"
run 0 disable; is_as_at_first

case="the distribution's file is gone"
begin
run 0 enable
rm "$distributed"
run 0 disable
check "nothing leads nowhere" is_absent "$place"
check "a word is said" grep -q -- --reinstall <<< "$output"

echo "test-modssl: $checks checks passed"
