# SPDX-License-Identifier: Apache-2.0
#
# What all packages say of themselves. Sourced by the scripts beside it, whose `set -euo pipefail` holds here.

packaging=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$packaging/../../.." && pwd)
build=$root/build

# The one place of the version, and what it is there.
version_file=$root/Sources/SafeTLS/Configuration/TLSLibrary.swift
version=$(sed -nE 's/.*static let version = "([0-9.]+)"/\1/p' "$version_file")
[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || { echo "packaging: no version in $version_file" >&2; exit 1; }

# Where programmers read which version to depend on.
dependency_pages=(README.md Documentation/WritingSwift.md Sources/SafeTLS/SafeTLS.docc/FiveMinutes.md)

# commit FORMAT: of the last commit, as `git log` has it; a source tarball has them in a file that git has filled in.
commit() {
    if [ -e "$root/.git" ]; then
        git -C "$root" log -1 --format="$1"
    else
        local line
        while IFS= read -r line; do
            [[ $line != "$1="* ]] || echo "${line#"$1="}"
        done < "$packaging/commit"
    fi
}

# Packages of one commit are the same bytes, whenever they are made.
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(commit %ct)}
export LC_ALL=C.UTF-8 TZ=UTC
# Who packages, and not who wrote the last commit. A packager of a distribution names itself.
maintainer="SafeTLS developers <safetls@example.invalid>"
[ -z "${DEBEMAIL:-}" ] || maintainer="${DEBFULLNAME:-SafeTLS} <$DEBEMAIL>"

# is_changed: there are changes that the commit does not have.
is_changed() {
    [ -e "$root/.git" ] && [ -n "$(git -C "$root" status --porcelain --untracked-files=no)" ]
}

# is_release: the commit has the version's tag.
is_release() {
    [ "$(commit '%(describe:tags=true)')" = "$version" ] && ! is_changed
}

# is_released: there is that tag, here or, as far as a source tarball knows, before.
is_released() {
    if [ -e "$root/.git" ]; then
        git -C "$root" rev-parse --quiet --verify "refs/tags/$version" > /dev/null
    else
        [[ $(commit '%(describe:tags=true)') == "$version"?(-*) ]]
    fi
}

# Whatever else is packaged sorts before the release that it will become, or after the one that it follows, and by its time.
# Debian's versions say so by the sign before it.
snapshot=
sign=
if ! is_release; then
    snapshot=$(date --utc --date "@$SOURCE_DATE_EPOCH" +%Y%m%d%H%M%S).$(commit %h)
    ! is_changed || snapshot+=.changed
    if is_released; then sign=+; else sign='~'; fi
fi

# require FILE...: fails unless they were built, and are as they should be.
require() {
    local file
    for file in "$@"; do
        [ -e "$build/$file" ] || { echo "packaging: there is no build/$file; 'make build' builds it" >&2; exit 1; }
    done
    "$packaging/inspect.sh" "${@/#/$build/}"
}

# make_completions DIRECTORY: what shells complete the options of safetls with, as it says it itself.
make_completions() {
    mkdir -p "$1/bash" "$1/zsh" "$1/fish"
    # A shell reads it, and nobody runs it.
    "$build/safetls" --generate-completion-script bash | sed '1{/^#!/d}' > "$1/bash/safetls"
    "$build/safetls" --generate-completion-script zsh > "$1/zsh/_safetls"
    "$build/safetls" --generate-completion-script fish > "$1/fish/safetls.fish"
}

# make_manual DIRECTORY: the manual pages of both programs. That of safetls is made of what the program says of its options.
make_manual() {
    mkdir -p "$1/man1" "$1/man8"
    "$build/safetls" --experimental-dump-help | python3 "$packaging/man/safetls.py" "$version" > "$1/man1/safetls.1"
    sed "s/@VERSION@/$version/; s/@DATE@/$(date --utc --date "@$SOURCE_DATE_EPOCH" +%F)/" \
        "$packaging/man/safetls-modssl.8" > "$1/man8/safetls-modssl.8"
}
