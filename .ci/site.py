#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What DocC leaves to do for the documentation's site.

site.py undocumented SYMBOLS   names public declarations without documentation, and fails if there is one
site.py finish SITE PAGES      makes the site independent of where it is served, adds the pages of a directory, and checks all links
"""

import json
import os
import pathlib
import re
import shutil
import sys


def undocumented(symbols):
    count = 0
    missing = 0
    for file in sorted(symbols.glob("*/*.symbols.json")):
        for symbol in json.loads(file.read_text())["symbols"]:
            # What the compiler writes itself stands nowhere, and an extension of another module's type has its own comment there.
            if (place := symbol.get("location")) is None or symbol["kind"]["identifier"] == "swift.extension":
                continue
            count += 1
            if "docComment" not in symbol:
                missing += 1
                name = ".".join(symbol["pathComponents"])
                print(f"docs: {place['uri']}:{place['position']['line'] + 1}: {name} is public and not documented", file=sys.stderr)
    print(f"docs: {count} public declarations, {missing} of them not documented")
    return missing == 0 and count > 0


def make_relative(site):
    """DocC's pages name scripts, styles and data by their path below one host. Here each page says where the site begins from it."""
    for page in site.rglob("index.html"):
        text = page.read_text()
        top = os.path.relpath(site, page.parent)
        text = re.sub(r'\b(href|src)="/(?!/)', rf'\1="{top}/', text)
        text, count = re.subn(
            r'var baseUrl = "/"',
            f'var baseUrl = new URL("{top}/", document.baseURI).pathname',
            text,
        )
        if count != 1:
            raise SystemExit(f"docs: {page} is not what DocC used to write")
        page.write_text(text)


def references(value):
    """All addresses of topics and images in what DocC renders."""
    if isinstance(value, dict):
        if value.get("type") in ("topic", "section", "link") and isinstance(value.get("url"), str):
            yield value["url"]
        if value.get("type") == "image":
            yield from (variant["url"] for variant in value.get("variants", []))
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def broken_links(site):
    """Links within the site that lead nowhere, each with a page that has it."""
    seen = {}
    for file in sorted((site / "data").rglob("*.json")):
        for url in references(json.loads(file.read_text())):
            seen.setdefault(url, file)
    for page in sorted(site.glob("*.html")):
        for url in re.findall(r'\b(?:href|src)="([^"#]+)', page.read_text()):
            seen.setdefault("/" + url, page)
    print(f"docs: {len(seen)} links and images")
    for url, file in seen.items():
        if url.startswith("/") and not url.startswith("/https:"):
            target = site / url.split("#")[0].lstrip("/")
            if not (target.is_file() or (target / "index.html").is_file()):
                yield f"{file}: {url} leads nowhere"
        elif not url.startswith(("https:", "/https:", "mailto:")):
            yield f"{file}: {url} is no address"


def finish(site, pages):
    make_relative(site)
    for page in pages.iterdir():
        shutil.copy(page, site / page.name)
    broken = list(broken_links(site))
    for line in broken:
        print(f"docs: {line}", file=sys.stderr)
    return not broken


def main(arguments):
    if arguments[:1] == ["undocumented"]:
        return undocumented(pathlib.Path(arguments[1]))
    if arguments[:1] == ["finish"]:
        return finish(pathlib.Path(arguments[1]), pathlib.Path(arguments[2]))
    raise SystemExit(__doc__)


if __name__ == "__main__":
    sys.exit(0 if main(sys.argv[1:]) else 1)
