#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Looks at the documentation's site with a headless Chromium, as whoever reads it would: look.py SITE PICTURES [CHROMIUM]

The site is served on loopback from a directory below the root. Every page of a catalog has to show its title, load its images and
raise no error, and its links have to lead to pages there. Pictures of some pages, light and dark, end in PICTURES.
"""

import functools
import html
import http.server
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import threading

BELOW = "/some/where/"
# Shown light and dark, in this width.
PICTURES = [
    ("landing", "", "1200,1500"),
    ("landing-narrow", "", "500,1700"),
    ("modules", "documentation/", "1400,1100"),
    ("safetls", "documentation/safetls/", "1400,1700"),
    ("five-minutes", "documentation/safetls/fiveminutes/", "1400,2600"),
    ("coming-from", "documentation/safetls/comingfromopensslorrustls/", "1400,3000"),
    ("resumption", "documentation/safetls/resumption/", "1400,1500"),
    ("handshakes", "documentation/safetls/handshakes/", "1400,2200"),
    ("platforms", "documentation/safetls/platforms/", "1400,1900"),
    ("nio", "documentation/safetlsnio/", "1400,1100"),
    ("migrating", "documentation/safetlsnio/migrating/", "1400,2400"),
    ("symbol", "documentation/safetls/tlssession/", "1400,1100"),
]

# Loads page after page in a frame, waits until each has its heading and its images, and leaves what it saw as text.
LOOKER = """<!doctype html><meta charset="utf-8"><title>Looking</title><iframe width="1400" height="1000"></iframe>
<pre id="seen"></pre><script>
const pages = %s, frame = document.querySelector("iframe"), seen = [];
const pause = () => new Promise(done => setTimeout(done, 50));
async function look(page) {
    frame.src = page;
    await new Promise(done => frame.onload = done);
    for (let round = 0; round < 600; round++) {
        const inner = frame.contentDocument;
        const heading = inner && inner.querySelector("h1");
        const images = inner ? [...inner.images] : [];
        if (heading && heading.textContent.trim() && inner.querySelector("main") && images.every(image => image.complete)) {
            await pause();
            const links = [...inner.querySelectorAll("main a[href], header a[href]")].map(link => link.href);
            const lost = [...inner.images].filter(image => image.naturalWidth == 0).map(image => image.src);
            return {page, title: heading.textContent.trim(), links, lost, images: inner.images.length};
        }
        await pause();
    }
    return {page, title: "", links: [], lost: [], images: 0};
}
(async () => {
    for (const page of pages) seen.push(await look(page));
    document.getElementById("seen").textContent = JSON.stringify(seen);
    document.title = "Seen";
})();
</script>"""


def titles(site):
    """The pages of the catalogs, with their titles: articles, and the front of each module."""
    found = {"": "SafeTLS"}
    for file in sorted((site / "data/documentation").rglob("*.json")):
        page = json.loads(file.read_text())
        metadata = page["metadata"]
        if metadata.get("role") in ("article", "collection", "collectionGroup") and metadata.get("title"):
            found[str(file.relative_to(site / "data").with_suffix("")) + "/"] = metadata["title"]
    return found


class Server(http.server.SimpleHTTPRequestHandler):
    """Serves the site below BELOW, and the looker."""

    looker = b""
    # What was asked for and is not there: DocC's pages show something else in the place of an image.
    missing = set()

    def send_error(self, code, *rest):
        if self.path.startswith(BELOW):
            self.missing.add(self.path)
        super().send_error(code, *rest)

    def do_GET(self):
        if self.path == "/looker":
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(self.looker)
        elif self.path.startswith(BELOW):
            super().do_GET()
        else:
            self.send_error(404)

    def translate_path(self, path):
        return super().translate_path("/" + path.removeprefix(BELOW))

    def log_message(self, *_):
        pass


def run(chromium, *arguments):
    """Chromium's output, and what pages wrote into its console as errors."""
    with tempfile.TemporaryDirectory() as profile:
        process = subprocess.run(
            [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--enable-logging=stderr",
             f"--user-data-dir={profile}", *arguments],
            capture_output=True, text=True, timeout=600,
        )
    console = [line for line in process.stderr.splitlines() if ":CONSOLE" in line and "ERROR" in line.split("]")[0]]
    console += [line for line in process.stderr.splitlines() if ":CONSOLE" in line and "Uncaught" in line and line not in console]
    return process.stdout, console


def judge(site, expected, output):
    """Sentences about what is wrong with what the looker saw."""
    match = re.search('<pre id="seen">(.+?)</pre>', output, re.DOTALL)
    if not match:
        return ["the pages were not looked at to the end"]
    wrong = []
    pages = json.loads(html.unescape(match[1]))
    links = set()
    images = 0
    for seen in pages:
        page = seen["page"].removeprefix(BELOW)
        images += seen["images"]
        if seen["title"] != expected[page]:
            wrong.append(f"/{page} shows the title “{seen['title']}” in place of “{expected[page]}”")
        wrong += [f"/{page}: no image at {address}" for address in seen["lost"]]
        for link in seen["links"]:
            path = re.sub("^http://127[.]0[.]0[.]1:[0-9]+", "", link).split("#")[0]
            if path.startswith(("https:", "mailto:")):
                continue
            links.add(path)
            target = site / path.removeprefix(BELOW)
            if not path.startswith(BELOW) or not ((target / "index.html").is_file() or target.is_file()):
                wrong.append(f"/{page}: the link {link} leads nowhere")
    print(f"look: {len(pages)} pages, {images} images, links to {len(links)} pages")
    if len(pages) != len(expected) or images < 3 or len(links) < 100:
        wrong.append("that is less than there is")
    return wrong


def main(site, pictures, chromium="chromium"):
    site, pictures = pathlib.Path(site), pathlib.Path(pictures)
    pictures.mkdir(parents=True, exist_ok=True)
    expected = titles(site)
    Server.looker = (LOOKER % json.dumps([BELOW + page for page in expected])).encode()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Server, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}"
    output, wrong = run(chromium, "--virtual-time-budget=600000", "--dump-dom", base + "/looker")
    wrong += judge(site, expected, output)
    for name, page, size in PICTURES:
        for scheme, value in [("light", "1"), ("dark", "0")]:
            _, errors = run(
                chromium, f"--blink-settings=preferredColorScheme={value}", f"--window-size={size}",
                "--virtual-time-budget=10000", f"--screenshot={pictures / f'{name}-{scheme}.png'}", base + BELOW + page,
            )
            wrong += errors
    server.shutdown()
    wrong += [f"there is no {path}" for path in sorted(Server.missing)]
    for line in wrong:
        print(f"look: {line}", file=sys.stderr)
    print(f"look: {2 * len(PICTURES)} pictures in {pictures}")
    return not wrong


if __name__ == "__main__":
    sys.exit(0 if main(*sys.argv[1:]) else 1)
