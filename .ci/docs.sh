#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds the documentation of the library into build/docs. Fails when a public declaration has no documentation, or when
# DocC has anything to say of a text or of a link.
set -euo pipefail
cd "$(dirname "$0")/.."

modules=(MLKEM Curve25519 TLSCrypto TLSCertificates SafeTLS SafeTLSSockets)
work=build/docs.symbols
rm -rf "$work" build/docs
mkdir -p "$work" build/docs
trap 'rm -rf "$work"' EXIT

swift build --target SafeTLSSockets
interfaces=$(swift build --show-bin-path)/Modules
target=$(swift -print-target-info | python3 -c 'import json, sys; print(json.load(sys.stdin)["target"]["unversionedTriple"])')
for module in "${modules[@]}"; do
    swift symbolgraph-extract -module-name "$module" -I "$interfaces" -target "$target" \
        -Xcc -fmodule-map-file=Sources/CLibcrypto/module.modulemap \
        -Xcc -fmodule-map-file="${interfaces%/Modules}/CSockets.build/module.modulemap" \
        -minimum-access-level public -skip-synthesized-members -output-dir "$work"
done

python3 - "$work" << 'SCRIPT'
import json, pathlib, sys
missing = 0
symbols = 0
for file in sorted(pathlib.Path(sys.argv[1]).glob("*.symbols.json")):
    for symbol in json.loads(file.read_text())["symbols"]:
        # What the compiler writes itself stands nowhere.
        if (place := symbol.get("location")) is None:
            continue
        symbols += 1
        if "docComment" not in symbol:
            missing += 1
            name = ".".join(symbol["pathComponents"])
            print(f"docs: {place['uri']}:{place['position']['line'] + 1}: {name} is public and not documented", file=sys.stderr)
print(f"docs: {symbols} public declarations, {missing} of them not documented")
sys.exit(missing > 0)
SCRIPT

# Both catalogs see the declarations of all modules, so that links lead from one to the other.
for catalog in SafeTLS TLSCertificates; do
    docc convert "Sources/$catalog/$catalog.docc" --additional-symbol-graph-dir "$work" \
        --fallback-display-name "$catalog" --fallback-bundle-identifier "safetls.$catalog" \
        --warnings-as-errors --output-path "build/docs/$catalog"
done
echo "docs: build/docs/SafeTLS and build/docs/TLSCertificates hold static sites"
