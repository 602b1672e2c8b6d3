#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# release.sh prepare VERSION: sets the version in its one place, in the dependency lines of what programmers read and over
# CHANGELOG.md's section "Unreleased", and commits that. release.sh finish VERSION: tags the commit, signed where git has a key,
# and writes source, packages, checksums and SBOM to build/release. Between the two `make release` builds and tests. Nothing is
# pushed. After a failure the same command goes on with the commit that it made.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
new=${2:-}

fail() {
    echo "release: $*" >&2
    exit 1
}

check() {
    [[ $new =~ ^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)$ ]] || fail "'$new' is no version: major.minor.patch, as in VERSION=0.2.0"
    [ -z "$(git status --porcelain)" ] || { git status --short >&2; fail "there are changes that are not committed"; }
    ! git rev-parse --quiet --verify "refs/tags/$new" > /dev/null || fail "there is a tag $new already"
    local last
    last=$(git tag --list '[0-9]*.[0-9]*.[0-9]*' --sort=-version:refname | head -n 1)
    [ -z "$last" ] || [ "$(printf '%s\n' "$last" "$new" | sort --version-sort | tail -n 1)" = "$new" ] \
        || fail "$new comes before $last, which is released"
}

# The lines of a section of CHANGELOG.md, by its heading.
section() {
    awk -v heading="$1" '/^## / { inside = index($0, heading) == 1; next } inside && NF' "$root/CHANGELOG.md"
}

prepare() {
    [ "$(id -u)" = 0 ] || fail "packages are tried in fresh systems, which needs root"
    check
    if [ -n "$(section '## Unreleased')" ]; then
        sed -i "s/^## Unreleased\$/## $new – $(date --utc +%F)/" "$root/CHANGELOG.md"
    fi
    [ -n "$(section "## $new – ")" ] || fail "CHANGELOG.md says nothing of $new: there is no section 'Unreleased'"
    sed -i "s/\(static let version = \)\"[0-9.]*\"/\1\"$new\"/" "$version_file"
    local page
    for page in "${dependency_pages[@]}"; do
        sed -i "s/\(\.package(url: .*, from: \)\"[0-9.]*\"/\1\"$new\"/" "$root/$page"
        grep -qF "from: \"$new\"" "$root/$page" || fail "$page has no dependency line to set"
    done
    if [ -n "$(git status --porcelain)" ]; then
        git commit --quiet --all --message "Release $new"
    fi
    git log -1 --oneline
}

tag() {
    local message
    message="SafeTLS $new"$'\n\n'"$(section "## $new – ")"
    if [ -n "$(git config user.signingkey)" ]; then
        git tag --sign --cleanup=verbatim --message "$message" "$new"
    else
        echo "release: git has no user.signingkey, so the tag is not signed" >&2
        git tag --annotate --cleanup=verbatim --message "$message" "$new"
    fi
}

# What differs from one moment to the next is not in there: the same commit makes the same files.
finish() {
    check
    [ "$version" = "$new" ] || fail "$version_file says $version"
    [ "$("$build/safetls" version)" = "safetls $new" ] || fail "build/safetls is another version"
    # Packages say that they are a release by the tag. It stays if everything is made, and if others find it.
    trap 'git tag --delete "$new"' EXIT
    tag
    "$packaging/test-dependency.sh" --resolve
    local output=$build/release parser swift
    rm -rf "$output"
    mkdir -p "$output"
    # Each is asked: before "||" nothing else ends what fails.
    { "$packaging/debian/build.sh" && "$packaging/rpm/build.sh" && "$packaging/tarball.sh"; } > "$build/release.log" 2>&1 \
        || { cat "$build/release.log" >&2; fail "packages could not be made"; }
    git archive --format=tar --prefix="SafeTLS-$new/" "$new" | gzip -9n > "$output/SafeTLS-$new.tar.gz"
    cp "$build"/deb/*.deb "$build"/rpm/*.rpm "$build/safetls-$new-linux-$(uname -m).tar.gz" "$output/"
    parser=$(sed -nE 's/.*swift-argument-parser", exact: "([0-9.]+)".*/\1/p' "$root/Package.swift")
    swift=$(swift --version 2> /dev/null | sed -nE 's/.*Swift version ([0-9.]+).*/\1/p' | head -n 1)
    python3 "$packaging/sbom.py" "$new" "$(commit %H)" "$swift" "$parser" "$build"/{mod_ssl.so,mod_tls.so,safetls} \
        > "$output/SafeTLS-$new.spdx.json"
    (cd "$output" && sha256sum -- * > SHA256SUMS)
    if [ -n "$(git config user.signingkey)" ]; then
        gpg --armor --detach-sign --local-user "$(git config user.signingkey)" "$output/SHA256SUMS"
    fi
    trap - EXIT
    ls -l "$output"
    echo "to publish: git push origin HEAD $new, and the files in build/release"
}

cd "$root"
case "${1:-}" in
prepare | finish) "$1" ;;
*)
    echo "usage: release.sh prepare VERSION | finish VERSION" >&2
    exit 2
    ;;
esac
