#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds the documentation of the library and of the adapter to swift-nio into build/docs, one static site. Fails when a public
# declaration has no documentation, or when DocC has anything to say of a text or of a link.
#
# Each module is an archive of its own that knows those below it, so that links and types lead from one to the other; DocC merges them,
# and `site.py` lets the result be served from any directory.
set -euo pipefail
cd "$(dirname "$0")/.."

# What a module depends on stands before it.
modules=(MLKEM Curve25519 TLSCrypto TLSCertificates SafeTLS TLSCertificateCompression SafeTLSSockets SafeTLSNIO)
work=build/docs.work
rm -rf "$work" build/docs
mkdir -p "$work"
trap 'rm -rf "$work"' EXIT

Documentation/Pictures/draw.py --check

# SwiftPM's plan for the adapter misses files that are new in this package.
rm -f Adapters/nio/.build/*.yaml
swift build --target SafeTLSSockets
swift build --target TLSCertificateCompression
swift build --package-path Adapters/nio --target SafeTLSNIO
target=$(swift -print-target-info | python3 -c 'import json, sys; print(json.load(sys.stdin)["target"]["unversionedTriple"])')

# symbols MODULE: prints its symbol graphs' directory, which it makes.
symbols() {
    local module=$1 package=. build
    [ "$module" != SafeTLSNIO ] || package=Adapters/nio
    build=$(swift build --package-path "$package" --show-bin-path)
    local maps=(Sources/CLibcrypto/module.modulemap "$build"/*.build/module.modulemap "$package"/.build/checkouts/*/Sources/*/include/module.modulemap)
    local flags=()
    for map in "${maps[@]}"; do [ ! -e "$map" ] || flags+=(-Xcc "-fmodule-map-file=$map"); done
    for headers in "$package"/.build/checkouts/*/Sources/*/include; do [ ! -e "$headers" ] || flags+=(-Xcc "-I$headers"); done
    mkdir -p "$work/$module"
    swift symbolgraph-extract -module-name "$module" -I "$build/Modules" -target "$target" "${flags[@]}" \
        -minimum-access-level public -skip-synthesized-members -emit-extension-block-symbols -output-dir "$work/$module" >&2
    echo "$work/$module"
}

archives=()
known=()
for module in "${modules[@]}"; do
    graphs=$(symbols "$module")
    catalog=Sources/$module/$module.docc
    [ "$module" != SafeTLSNIO ] || catalog=Adapters/nio/$catalog
    docc convert "$catalog" --additional-symbol-graph-dir "$graphs" \
        --fallback-display-name "$module" --fallback-bundle-identifier "safetls.$module" \
        --fallback-default-module-kind Module \
        --enable-experimental-external-link-support "${known[@]}" \
        --warnings-as-errors --output-path "$work/$module.doccarchive"
    archives+=("$work/$module.doccarchive")
    known+=(--dependency "$work/$module.doccarchive")
done
.ci/site.py undocumented "$work"
# What most readers look for comes first.
first=()
for module in SafeTLS SafeTLSSockets SafeTLSNIO; do first+=("$work/$module.doccarchive"); done
for archive in "${archives[@]}"; do [[ " ${first[*]} " = *" $archive "* ]] || first+=("$archive"); done
docc merge "${first[@]}" --synthesized-landing-page-name SafeTLS --synthesized-landing-page-kind Documentation \
    --synthesized-landing-page-topics-style list --output-path build/docs
.ci/site.py finish build/docs Documentation/Site
echo "docs: build/docs is a static site; to read it: python3 -m http.server --directory build/docs"
