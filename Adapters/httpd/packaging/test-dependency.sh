#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# test-dependency.sh: a package elsewhere depends on this one as README.md says, by version, and is built. The repository that
# it is fetched from is a clone with the version's tag; nothing else is fetched.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
    echo "test-dependency: $*" >&2
    exit 1
}

line=$(grep -E '^\.package\(url: .*SafeTLS.*, from: "[0-9.]+"\)' "$root/README.md") || fail "README.md has no dependency line"
for page in "${dependency_pages[@]}"; do
    [ "$(grep -cE '\.package\(url: ' "$root/$page")" = "$(grep -cF "from: \"$version\"" "$root/$page")" ] \
        || fail "$page and $version_file have different versions"
done

git clone --quiet "$root" "$work/SafeTLS"
# The tag may be that of the release before, or still to come: what is tried is this commit.
is_release || git -C "$work/SafeTLS" tag --force "$version" > /dev/null
mkdir -p "$work/app/Sources/app"
cd "$work/app"
cat > Package.swift <<MANIFEST
// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "app",
    dependencies: [
        $(sed -E "s|url: \"[^\"]*\"|url: \"file://$work/SafeTLS\"|; s|\),.*|)|" <<< "$line")
    ],
    targets: [
        .executableTarget(
            name: "app",
            dependencies: [
                .product(name: "SafeTLS", package: "SafeTLS"), .product(name: "SafeTLSSockets", package: "SafeTLS"),
            ]
        )
    ]
)
MANIFEST
cat > Sources/app/main.swift <<'CODE'
import SafeTLS
import SafeTLSSockets

guard let name = ServerName("example.org") else { fatalError("no name") }
// The system that this runs on may trust nobody.
let configuration = try ClientConfiguration(judge: { .accepted(path: $0.certificateChain) })
let session = try ClientSession(configuration: configuration, serverName: name)
let listener = try TLSListener.listen(on: Endpoint(host: "127.0.0.1", port: 0))
print(TLSLibrary.version, session.pendingOutputCount > 0, listener.name.hasPrefix("127.0.0.1:"))
CODE
swift package resolve > resolve.log 2>&1 || { cat resolve.log; fail "the version cannot be resolved"; }
pins=$(python3 -c 'import json; print(*[pin["identity"] + " " + pin["state"]["version"] for pin in json.load(open("Package.resolved"))["pins"]], sep=", ")')
[ "$pins" = "safetls $version" ] || fail "what was fetched: $pins"
[ "${1:-}" != --resolve ] || { echo "test-dependency: $pins, and nothing else, is fetched"; exit; }
swift build > build.log 2>&1 || { tail -n 40 build.log; fail "it cannot be built"; }
said=$(.build/debug/app)
[ "$said" = "$version true true" ] || fail "the program says: $said"
echo "test-dependency: $pins, and nothing else, is fetched, built and used"
